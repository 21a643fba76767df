"""The settings of `BoxNoise` that follow from the measured rates."""


def fitted(content):
    """Name of each measured setting -> its value (docs/boxes.md says why from there)."""
    published, rendered, noise = (content[name] for name in ("published", "rendered", "noise"))
    ped2, jitter = content["ped2"]["yolov8n_against_published"], content["rendered"]["jitter"]
    joint, paired = (sum(part["union"][key] for part in (rendered, ped2)) for key in ("count", "of"))
    # the count does not recognise every joint box: it finds this share of those that BoxNoise makes
    recognised = noise["union"]["rate"] / noise["settings"]["union"]
    values = {
        "jitter": (jitter["left"] + jitter["right"]) / 2,
        "jitter_height": (jitter["top"] + jitter["bottom"]) / 2,
        "miss": published["time"]["missed_by_cover"][0]["rate"],
        "miss_hidden": published["time"]["miss_fit"]["miss_covered"] / noise["hidden_per_cover"],
        "miss_faint": rendered["miss_fit"]["miss_faint"],
        "small_doubt": rendered["confidence_small"],
        "duplicate": published["duplicate"]["rate"],
        "union": joint / paired / recognised,
        "torso": rendered["torso"]["rate"],
        "cut": rendered["cut"]["rate"],
        "strip": published["strip"]["rate"],
        "background": rendered["background"]["rate"],
        "min_side": published["smallest_side"],
    }
    return {name: round(float(value), 4) for name, value in values.items()}
