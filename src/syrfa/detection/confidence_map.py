"""Confidences of one detector in the terms of another, so that a threshold means the same with either."""

import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.base import VideoDataset, VideoRecord
from syrfa.detection.base import Detections, Detector
from syrfa.errors import ConfigError, DataNotFoundError

SCHEMA = 1
_SHIPPED = resources.files("syrfa.detection") / "confidence_maps"


@dataclass(frozen=True)
class ConfidenceMap:
    """A rising line through points, from a detector's own confidence to the reference's, both in [0, 1].

    Attributes:
        own: (points,), strictly rising from 0 to 1.
        reference: (points,), never falling.

    Raises:
        ConfigError: they are of other lengths, or do not rise.
    """

    own: tuple[float, ...]
    reference: tuple[float, ...]

    def __post_init__(self) -> None:
        own, reference = np.array(self.own, float), np.array(self.reference, float)
        fits = own.ndim == 1 and own.shape == reference.shape and len(own) > 1 and own[0] == 0 and own[-1] == 1
        within = ((reference >= 0) & (reference <= 1)).all()
        if not fits or not within or not (np.diff(own) > 0).all() or not (np.diff(reference) >= 0).all():
            raise ConfigError(
                "a confidence map is two lists of one length; own rises from 0 to 1, reference never falls in [0, 1]"
            )

    def __call__(self, confidence: NDArray[Any]) -> NDArray[np.float32]:
        """The reference's confidences, float32 (n,)."""
        return np.interp(np.asarray(confidence, np.float64), self.own, self.reference).astype(np.float32)


class MappedDetector(Detector):
    """Another detector with its confidences mapped to those of a reference, here YOLOv3 as published for Ped2.

    Boxes, their order and their classes stay. The wrapped detector must return boxes down to the confidence that is
    mapped to the lowest threshold; a file that `syrfa detect` made with it may take its place.

    Args:
        detector: the one that is mapped.
        mapping: name of a file that is shipped (`yolov8n_int8`, `motion`), or the path of one.

    Raises:
        DataNotFoundError: there is no such file.
        ConfigError: it is damaged.
    """

    def __init__(self, detector: Detector, mapping: str | Path) -> None:
        self.detector = detector
        self.mapping = str(mapping)
        self.map, self.fitted_for = read_map(self.mapping)
        self.needs_frames, self.runs_network = detector.needs_frames, detector.runs_network
        self.in_order = detector.in_order

    def identity(self) -> dict[str, Any]:
        """The map and the identity of the wrapped detector; ConfigError where the map was fitted for another."""
        inner = self.detector.found_by()
        for key, value in self.fitted_for.items():
            if inner.get(key) != value:
                raise ConfigError(
                    f"confidence map {self.mapping}: fitted for a detector with {key} {value}, this one has "
                    f"{inner.get(key)}; fit one for it (docs/data.md)"
                )
        return {
            "detector": "mapped",
            "own": list(self.map.own),
            "reference": list(self.map.reference),
            "of": self.detector.identity(),
        }

    def start(self, dataset: VideoDataset, record: VideoRecord, frames: int | None, height: int, width: int) -> None:
        """Starts the wrapped detector."""
        self.detector.start(dataset, record, frames, height, width)

    def detect(self, frames: NDArray[np.uint8], first: int) -> list[Detections]:
        """The boxes of the wrapped detector with other confidences."""
        found = self.detector.detect(frames, first)
        return [Detections(one.xyxy, self.map(one.confidence), one.class_id) for one in found]

    def finish(self, frames: int) -> None:
        """Finishes the wrapped detector."""
        self.detector.finish(frames)


def read_map(name: str) -> tuple[ConfidenceMap, dict[str, Any]]:
    """A confidence map by its name or path, and the part of the detector's identity that it was fitted for.

    Raises:
        DataNotFoundError: there is no such file.
        ConfigError: it is damaged, or of a newer schema.
    """
    shipped = sorted(file.name.removesuffix(".json") for file in _SHIPPED.iterdir() if file.name.endswith(".json"))
    place = _SHIPPED / f"{name}.json" if name in shipped else Path(name)
    if not place.is_file():
        raise DataNotFoundError(
            f"{name}: no such confidence map; shipped are {', '.join(shipped)}, or give a file's path"
        )
    try:
        content = json.loads(place.read_text(encoding="utf-8"))
        schema, fitted_for = int(content["schema"]), dict(content["detector"])
        points = tuple(map(float, content["own"])), tuple(map(float, content["reference"]))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ConfigError(f"{name}: not a confidence map ({error!r})") from error
    if schema != SCHEMA:
        raise ConfigError(f"{name}: a confidence map of schema {schema}, this version of syrfa reads {SCHEMA}")
    return ConfidenceMap(*points), fitted_for
