"""How a number was made, in sentences: whoever reads only the page is to know."""

from typing import Any

from syrfa.evaluation.result import Evaluation, Result, selection

_SMOOTHING = {
    "none": "Frame scores are not smoothed.",
    "centred": "Frame scores are the mean over the {window} frames around each, later ones included.",
    "causal": "Frame scores are the mean over the last {window} frames; no later frame is used.",
}
_CALIBRATION = {
    "global": "how rare it is among all of them",
    "local": "how rare it is among those nearest in place and size",
    "fused": "how rare it is among those nearest in place and size; the box's width counts where it is rarer",
    "quantile": "on a scale set by two of their quantiles",
    "fisher": "how rare it is among those nearest in place and shape, added to the rarity of the box's width and speed",
}


def sentences(result: Result, reading: Evaluation) -> list[tuple[str, str]]:
    """Headings and paragraphs: weights, data, scores, numbers, run."""
    return [
        ("Weights", _weights(result)),
        ("Test data", _data(result)),
        ("From objects to frames", _scores(reading)),
        ("Numbers", _numbers(reading)),
        ("Machine", _machine(result)),
    ]


def _weights(result: Result) -> str:
    settings = result.get("settings") or {}
    tubes = f"tubes of {settings['frames']} frames" if settings.get("frames") else "tubes"
    shape = (
        f", width {result['width']}, {tubes} at {result['size']} x {result['size']} pixels"
        if result.get("size")
        else ""
    )
    text = f"{result['module']}{shape}, seed {result['seed']}, {result['steps']:,} training steps. "
    parts = [
        f"{part.get('domain', '?')} {part.get('split', '?')} (manifest {_short(part.get('manifest_sha256'))})"
        for part in result.get("trained_on", [])
    ]
    text += f"Trained on {', then '.join(parts)}. " if parts else "What it was trained on is not on record. "
    text += f"How the weights were chosen: {selection(result)}. "
    adapter = result.get("adapter") or {}
    if adapter.get("max_abs"):
        text += (
            f"Adapter {adapter.get('name', '')}, learning rate {adapter.get('lr')}: its weights moved by "
            f"{adapter['mean_abs']:.2g} on average and {adapter['max_abs']:.2g} at most."
        )
    return text.strip()


def _data(result: Result) -> str:
    text = f"{result['dataset']} {result['split']}"
    if result.get("videos"):
        text += f": {result['videos']:,} videos, {result.get('frames', 0):,} frames, {result.get('objects', 0):,} boxes"
    text += f"; manifest {_short(result.get('manifest_sha256'))}, tubes {result.get('cache_key', 'not on record')}."
    videos, released = result.get("videos"), result.get("videos_released")
    if videos and released and videos < released:
        text += f" {videos} of {released} released videos: not a number of the whole split."
    return text


def _scores(reading: Evaluation) -> str:
    told = reading["protocol"]
    parts = []
    if told.get("reference"):
        method = _CALIBRATION.get(told["reference"], told["reference"])
        parts.append(
            f"Each object's score is compared with {told.get('normal_objects', 0):,} normal boxes of the target's "
            f"{told.get('normal_split', 'train')} split ({told['reference']}): {method}."
        )
    if told.get("tracks"):
        tracks = told["tracks"]
        parts.append(f"Scores are averaged along short tracks, over {tracks['window']} frames ({tracks['frames']}).")
    if told["protocol"] == "paper":
        own = "" if told.get("as_published", True) else ", with constants of one's own"
        parts.append(
            f"The published post-processing, constants of {told.get('constants')}{own}: each test video's scores "
            "are scaled by the smallest and the largest of that video, which is test information, and smoothed by "
            "a Gaussian."
        )
    else:
        parts.append(
            "Each object's score fills its box in the frame's anomaly map, and a frame scores as the maximum of its "
            f"map ({told.get('floor', 0):g} without an object)."
        )
        smoothing = _SMOOTHING.get(str(told.get("smoothing")), "Smoothing: {smoothing}.")
        parts.append(smoothing.format(window=told.get("window"), smoothing=told.get("smoothing")))
    return " ".join(parts)


def _numbers(reading: Evaluation) -> str:
    drawn = reading["metrics"]["micro_auroc"].get("ci_low") is not None
    text = "Micro AUROC ranks the frames of all videos together, macro AUROC averages over videos. "
    if drawn:
        text += "Intervals are 95 % bootstrap intervals over test videos. "
    text += "box_width scores each object by the width of its box: what needs no learning. "
    return text.strip()


def _machine(result: Result) -> str:
    made: dict[str, Any] = result.get("environment") or {}
    commit = made.get("git_commit") or "not on record"
    text = f"Commit {commit}, syrfa {made.get('syrfa', '?')}, Python {made.get('python', '?')}"
    text += f", device {result.get('device', 'not on record')}, precision {result.get('precision', 'not on record')}."
    return text


def _short(digest: object) -> str:
    return f"{str(digest)[:12]}…" if digest else "not on record"
