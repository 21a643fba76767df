"""How far two detectors agree on the same frames, and the confidence map that makes their thresholds agree best."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torchvision.ops import box_iou

from syrfa.detection.base import Detections
from syrfa.errors import ConfigError, DetectionError

Method = Literal["count", "pairs"]
Floats = NDArray[np.float64]

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995)
"""Confidences of the reference between which the map is a straight line."""

OVERLAP = 0.5
_DIGITS = 4
_BELOW = 1e-4


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


@dataclass(frozen=True)
class Seen:
    """The boxes of one frame by two detectors.

    Attributes:
        video: number of the frame's video.
        own: of the detector whose confidences are mapped.
        reference: of the other.
    """

    video: int
    own: Detections
    reference: Detections


def fit(seen: Sequence[Seen], method: Method) -> ConfidenceMap:
    """The map from own confidences to the reference's.

    `count`: above the own confidence that is mapped to t stand as many own boxes as the reference has above t. A level
    at which the reference has more boxes than the other has at all is not reached: every own box is above it.

    `pairs`: the mean confidence of the reference over pairs of boxes that overlap by half or more, made to rise with
    the own confidence (isotonic regression).

    Args:
        seen: frames.
        method: one of both.

    Raises:
        DetectionError: one of the detectors found nothing.
    """
    own = np.concatenate([one.own.confidence for one in seen]).astype(np.float64)
    reference = np.concatenate([one.reference.confidence for one in seen]).astype(np.float64)
    if min(len(own), len(reference)) < 2:
        raise DetectionError(f"{len(own)} boxes against {len(reference)} of the reference: too few for a map")
    points = _by_count(own, reference) if method == "count" else _by_pairs(seen)
    return _rising(points)


def compare(seen: Sequence[Seen], mapping: ConfidenceMap, thresholds: Sequence[float] = (0.3, 0.5, 0.8)) -> Any:
    """What a threshold keeps of either detector, as JSON.

    Returns:
        for each threshold: boxes a frame of both, their ratio (own by reference), `recall`, the share of the
        reference's boxes above the threshold with an own one above it, and `precision`, the reverse; and
        `confidence_error`, the mean difference of the confidences of pairs.
    """
    report: dict[str, Any] = {}
    for threshold in thresholds:
        own = reference = both = 0
        for one in seen:
            mine = one.own.take(mapping(one.own.confidence) > threshold)
            theirs = one.reference.take(one.reference.confidence > threshold)
            own, reference = own + len(mine), reference + len(theirs)
            both += len(pairs(mine.xyxy, theirs.xyxy)[0])
        report[f"{threshold:g}"] = {
            "own_per_frame": own / len(seen),
            "reference_per_frame": reference / len(seen),
            "ratio": own / max(reference, 1),
            "recall": both / max(reference, 1),
            "precision": both / max(own, 1),
        }
    x, y = paired_confidences(seen)
    report["confidence_error"] = float(np.abs(mapping(x) - y).mean()) if len(x) else None
    return report


def pairs(own: NDArray[np.float32], reference: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Boxes (n, 4) and (m, 4) that overlap each other most, by half or more: their row numbers."""
    if len(own) == 0 or len(reference) == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    overlap = box_iou(torch.from_numpy(own), torch.from_numpy(reference)).numpy()
    best = overlap.argmax(axis=1)
    rows = np.arange(len(own))
    mutual = (overlap.argmax(axis=0)[best] == rows) & (overlap[rows, best] >= OVERLAP)
    return rows[mutual], best[mutual]


def paired_confidences(seen: Sequence[Seen]) -> tuple[Floats, Floats]:
    """Own and reference confidences of all pairs, two (n,)."""
    own, reference = [], []
    for one in seen:
        mine, theirs = pairs(one.own.xyxy, one.reference.xyxy)
        own.append(one.own.confidence[mine])
        reference.append(one.reference.confidence[theirs])
    return np.concatenate(own).astype(np.float64), np.concatenate(reference).astype(np.float64)


def _by_count(own: Floats, reference: Floats) -> list[tuple[float, float]]:
    falling = -np.sort(-own)
    floor = float(reference.min())
    points, missed = [], 0.0
    for level in sorted({round(floor, 2), *LEVELS}):
        above = int((reference > level).sum())
        if level < floor - 0.01 or above == 0:
            continue
        if above < len(falling):
            points.append(((falling[above - 1] + falling[above]) / 2, level))
        else:
            missed = max(missed, level)
    return [(max(float(falling[-1]) - _BELOW, _BELOW), missed), *points] if missed else points


def _by_pairs(seen: Sequence[Seen]) -> list[tuple[float, float]]:
    own, reference = paired_confidences(seen)
    order = np.argsort(own, kind="stable")
    blocks: list[tuple[float, float, int]] = []  # mean own, mean reference, pairs
    for part in np.array_split(order, max(2, min(len(own) // 50, 200))):
        blocks.append((float(own[part].mean()), float(reference[part].mean()), len(part)))
        while len(blocks) > 1 and blocks[-2][1] >= blocks[-1][1]:  # pool what falls
            (x0, y0, n0), (x1, y1, n1) = blocks[-2:]
            total = n0 + n1
            blocks[-2:] = [((x0 * n0 + x1 * n1) / total, (y0 * n0 + y1 * n1) / total, total)]
    return [(x, y) for x, y, _ in blocks]


def _rising(points: list[tuple[float, float]]) -> ConfidenceMap:
    """Rounded, from (0, 0) to (1, 1); of points at one place the highest."""
    highest: dict[float, float] = {}
    for x, y in points:
        at = round(float(x), _DIGITS)
        if 0 < at < 1:
            highest[at] = max(highest.get(at, 0.0), round(float(y), _DIGITS))
    own = sorted(highest)
    reference = np.maximum.accumulate([highest[x] for x in own]).tolist() if own else []
    return ConfidenceMap((0.0, *own, 1.0), (0.0, *reference, 1.0))
