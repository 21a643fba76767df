"""Fits a map from one detector's confidences to those of boxes in a file, on the train split alone."""

from pathlib import Path
from typing import Any

import numpy as np
from jsonargparse import auto_cli
from numpy.typing import NDArray
from tqdm import tqdm

from experiments.studies.confidence.agreement import ConfidenceMap, Method, Seen, compare, fit
from syrfa.datasets.video import open_video
from syrfa.detection import Detections, Detector, FileDetector
from syrfa.errors import ConfigError, DetectionError
from syrfa.tubes.datamodule import TubeDataModule
from syrfa.tubes.source import Domain, TubeSource
from syrfa.tubes.stream import shown_batches
from syrfa.utils.files import write_json

MAY_DIFFER = ("version", "opencv", "confidence", "classes")  # none of them moves the confidence of a box


def confidence(
    data: TubeDataModule,
    reference: Path,
    out: Path,
    method: Method = "count",
    every: int = 1,
    domain: Domain = "target",
) -> None:
    """Fits a map from the confidences of a config's detector to those of boxes in a file, on the train split alone.

    The map is fitted on all videos. How well it holds on videos it has not seen is measured with one that is fitted on
    every other video and applied to the rest, for both methods and for confidences as they are.

    Args:
        data: the `data` part of a config; its detector must return boxes of low confidence.
        reference: a file of boxes of the train split, e.g. those published for UCSD Ped2.
        out: the JSON file to write.
        method: `count`: at every threshold as many boxes as the reference has; `pairs`: the mean confidence that the
            reference gives to the same box.
        every: look at every n-th frame only.
        domain: the domain whose detector is mapped.
    """
    source = data.domains[domain]
    if source is None:
        raise ConfigError(f"the config describes no data.{domain}; add --config with a file that does")
    split = source.train_split
    other = FileDetector(reference)
    identity, sources = source.detector.found_by(), other.identity()["sha256"]
    seen = _see(source, split, other, every)
    mapping = fit(seen, method)
    report = {
        "kind": "confidence map",
        "method": method,
        "detector": {key: value for key, value in identity.items() if key not in MAY_DIFFER},
        "own": list(mapping.own),
        "reference": list(mapping.reference),
        "fitted_on": {
            "dataset": source.dataset.name,
            "split": split,
            "manifest": source.dataset.manifest_hash(split),
            "reference": sources,
            "frames": len(seen),
            "every": every,
            "identity": identity,
        },
        "held_out": _held_out(seen),
    }
    write_json(out, report)
    print(_as_text(report))
    print(f"\n{out}: written")


def _see(source: TubeSource, split: str, other: Detector, every: int) -> list[Seen]:
    """Every `every`-th frame of the split through both detectors."""
    seen: list[Seen] = []
    for number, record in enumerate(tqdm(source.dataset.videos(split), unit="video", disable=None)):
        for first, stack in shown_batches(source.dataset, record, open_video(record.path), source.detector, other):
            wanted = np.arange(-first % every, len(stack), every)
            theirs = other.detect(stack, first)
            mine = _detect(source.detector, stack, first, wanted)
            seen += [Seen(number, one, theirs[i]) for one, i in zip(mine, wanted, strict=True)]
    if not any(len(one.own) for one in seen):
        raise DetectionError(f"{source.dataset.name} {split}: the detector found nothing in {len(seen)} frames")
    return seen


def _detect(detector: Detector, stack: NDArray[np.uint8], first: int, wanted: NDArray[np.int64]) -> list[Detections]:
    """The boxes of the frames `wanted`; a network is spared the others."""
    if detector.in_order or not detector.runs_network:
        found = detector.detect(stack, first)
        return [found[i] for i in wanted]
    return detector.detect(stack[wanted], first) if len(wanted) else []


def _held_out(seen: list[Seen]) -> dict[str, Any]:
    """Every method fitted on the videos of even number, measured on the others."""
    even, odd = ([one for one in seen if one.video % 2 == rest] for rest in (0, 1))
    maps = {"as it is": ConfidenceMap((0.0, 1.0), (0.0, 1.0)), "count": fit(even, "count"), "pairs": fit(even, "pairs")}
    return {name: rounded(compare(odd, mapping)) for name, mapping in maps.items()}


def rounded(value: Any) -> Any:
    """Numbers of a report to four places."""
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    return round(value, 4) if isinstance(value, float) else value


def _as_text(report: dict[str, Any]) -> str:
    lines = ["on videos the map was not fitted on:", "", "method    threshold  own/frame  reference  recall  precision"]
    for method, result in report["held_out"].items():
        for threshold, row in result.items():
            if isinstance(row, dict):
                lines.append(
                    f"{method:<9} {threshold:>9}  {row['own_per_frame']:>9.2f}  {row['reference_per_frame']:>9.2f}  "
                    f"{row['recall']:>6.3f}  {row['precision']:>9.3f}"
                )
    points = zip(report["own"], report["reference"], strict=True)
    return "\n".join([*lines, "", "own confidence -> reference: " + ", ".join(f"{x:g} -> {y:g}" for x, y in points)])


if __name__ == "__main__":
    auto_cli(confidence, as_positional=False, parser_mode="omegaconf")
