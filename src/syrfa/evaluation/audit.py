"""What a number of a result owes to test data, read from the result alone (docs/evaluation.md)."""

from collections.abc import Iterable
from typing import Any, NamedTuple

Json = dict[str, Any]

# keys of a record's hash -> its keys that name the same split
_NAMES = {
    "manifest_sha256": ("dataset", "split"),
    "monitored_sha256": ("validated_dataset", "validated_split"),
    "validated_sha256": ("validated_dataset", "validated_split"),
}
_FOUND_BY = {
    "ultralytics": "found by an Ultralytics network",
    "yolox": "found by a YOLOX network",
    "motion": "found by background subtraction, without weights",
    "annotation": "made from the annotation masks of the tested split",
    "file": "read from a file that does not say what found them",
}


class Audit(NamedTuple):
    """What was found: one sentence to print with the number, and each way in which the tested split entered it."""

    line: str
    test_information: list[str]


def audit(result: Json, evaluation: Json, with_steps: bool = True) -> Audit:
    """Which test information, if any, entered one evaluation of a result; the line begins with `[no ]test information`.

    It reads the run's record alone: what a person tried and threw away, or a copy of the test frames, leaves no trace.
    """
    protocol = evaluation["protocol"]
    steps = _steps(protocol) if with_steps else []
    name = _detector(result)
    masks = name == "annotation"
    found = [*_training(result), *_selection(result)]
    if masks:
        found.append("boxes: object masks of the tested split as boxes")
    found += _scaling(protocol)
    what = "test information: " if found else "no test information: "
    what += "; ".join(found or [*_origin(result), *steps])
    if result.get("oracle") or any("with their labels" in each for each in found):
        where = "there and in the metrics"
    else:
        where = "in the boxes and in the metrics" if masks else "in the metrics alone"
    boxes = "origin not recorded" if name is None else _FOUND_BY.get(name, f"found by {name}")
    return Audit(
        f"{what}. Test labels: {where}, where max F1 and the like take thresholds from them. Boxes: {boxes}.", found
    )


def audit_lines(taken: Iterable[tuple[Json, Json]], names: Iterable[tuple[str, str]]) -> list[str]:
    """The audits of a table's rows, one line for all rows that agree, without the steps, which each row shows.

    `names` are of the run and of the evaluation, for each result and evaluation of `taken`.
    """
    rows: dict[str, dict[str, list[str]]] = {}
    for (result, evaluation), (run, name) in zip(taken, names, strict=True):
        line = audit(result, evaluation, with_steps=False).line
        rows.setdefault(line, {}).setdefault(run, []).append(name)
    lines = []
    for line, read in rows.items():
        runs: dict[tuple[str, ...], list[str]] = {}
        for run, found in read.items():
            runs.setdefault(tuple(dict.fromkeys(found)), []).append(run)
        lines += [f"{', '.join(named)} ({', '.join(found)}): {line}" for found, named in runs.items()]
    return lines


def record_flags(trained_on: Iterable[Json], tested: Json) -> dict[str, bool]:
    """`transductive` and `oracle`: whether weights with this record were trained on a split, and chosen by its metrics.

    `tested` holds `dataset`, `split` and `manifest_sha256`; a result does.
    """
    parts = list(trained_on)
    keys = {"transductive": "manifest_sha256", "oracle": "monitored_sha256"}
    return {name: any(is_tested(part, key, tested) for part in parts) for name, key in keys.items()}


def is_tested(part: Json, key: str, tested: Json) -> bool:
    """Whether a part of `trained_on` names the tested split: by the hash of its files, or by data set and split.

    Two folders of footage have one name: a split that was never seen may be reported, never the reverse.
    """
    if not part.get(key):
        return False
    names = [part.get(name) for name in _NAMES[key]]
    by_name = None not in names and names == [tested.get("dataset"), tested.get("split")]
    return by_name or bool(part[key] == tested.get("manifest_sha256"))


def flags_of(result: Json) -> str:
    """The switches that are on: `transductive, oracle`, or nothing."""
    return ", ".join(flag for flag in ("transductive", "oracle") if result.get(flag))


def _training(result: Json) -> list[str]:
    found, parts = [], _parts(result)
    if result.get("transductive"):
        domains = {part.get("domain") for part in parts if is_tested(part, "manifest_sha256", result)}
        labels = "with" if "source" in domains else "without"
        split = _tested_split(result, "manifest_sha256")
        found.append(f"transductive: the weights were trained on frames of {split}, {labels} their labels")
    unknown = sorted({str(part["weights"]) for part in parts if part.get("weights")})
    if unknown:
        found.append(f"not known: what {' and '.join(unknown)} was trained on and chosen by is not in the file")
    elif not parts:
        found.append("not known: the result does not say what the weights were trained on")
    return found


def _selection(result: Json) -> list[str]:
    if result.get("oracle"):
        chosen = [part for part in _parts(result) if is_tested(part, "monitored_sha256", result)]
        named = ", ".join(name for name in _monitors(chosen) if name.startswith("val/")) or "a metric"
        split = _tested_split(result, "monitored_sha256")
        return [f"oracle: the checkpoint was chosen by {named} on {split}, with its labels"]
    if any(is_tested(part, "validated_sha256", result) for part in _parts(result)):
        split = _tested_split(result, "validated_sha256")
        return [f"seen: metrics of {split} were logged while training, and chose nothing"]
    return []


def _tested_split(result: Json, key: str) -> str:
    if any(part.get(key) == result.get("manifest_sha256") for part in _parts(result)):
        return "the tested split"
    name = f"{result.get('dataset')} {result.get('split')}"
    return f"the tested split (known by its name, {name}: its files or labels differ)"


def _monitors(parts: list[Json]) -> list[str]:
    return sorted({name for part in parts for name in str(part.get("monitor") or "").split(", ")} - {""})


def _scaling(protocol: Json) -> list[str]:
    found = []
    if protocol.get("reference") and protocol.get("test_statistics"):
        found.append("reference: scores were compared with frames of the tested split")
    if protocol.get("protocol") == "paper":
        found.append("scaling: the scores of each test video were scaled by that video's own minimum and maximum")
    elif protocol.get("test_statistics") and not found:
        found.append("scaling: the scores were scaled by statistics of the tested split")
    return found


def _origin(result: Json) -> list[str]:
    """What the weights rest on instead of test information."""
    parts = _parts(result)
    monitors = _monitors(parts)
    of_validation = ", ".join(name for name in monitors if name.startswith("val/"))
    of_training = ", ".join(name for name in monitors if not name.startswith("val/"))
    trained = dict.fromkeys(f"{part.get('domain')} {part.get('split')}" for part in parts)
    found = [f"trained on {' and '.join(trained)}"]
    if of_validation:
        found.append(f"checkpoint chosen by {of_validation} on another split")
    if of_training:
        found.append(f"checkpoint chosen by its training loss ({of_training})")
    if not monitors:
        found.append("no checkpoint chosen by a metric")
    if any("validated_sha256" not in part and not part.get("monitored_sha256") for part in parts):
        found.append("not recorded: whether validation saw the tested split")
    return found


def _steps(protocol: Json) -> list[str]:
    """What an evaluation does with the scores, all of it set beforehand."""
    steps = ["averaged along tracks of boxes"] if "tracks" in protocol else []
    if protocol.get("reference"):
        split = protocol.get("normal_split", "train")
        steps.append(f"scores compared ({protocol['reference']}) with normal frames of the target's {split} split")
    else:
        steps.append("no scaling")
    if protocol.get("smoothing") == "none":
        return [*steps, "no smoothing"]
    return [*steps, f"smoothing {protocol.get('smoothing')} over {protocol.get('window')} frames, set beforehand"]


def _detector(result: Json) -> str | None:
    detector = (result.get("boxes") or {}).get("detector") or {}
    while isinstance(detector.get("of"), dict):  # a detector that maps confidences hands on the boxes of another
        detector = detector["of"]
    name: str | None = detector.get("detector")
    return name


def _parts(result: Json) -> list[Json]:
    return list(result.get("trained_on") or [])
