"""RBDC and TBDC: are the right places found, not only the right frames (docs/evaluation.md).

Ramachandra and Jones, "Street Scene", WACV 2020. A box matches every region of its frame that it overlaps enough. A
region is found from the highest score of the boxes that match it on; a box that matches no region is a false positive.
Between two thresholds the curve is a straight line, as in a ROC curve with ties.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.regions import Regions
from syrfa.errors import LabelError
from syrfa.evaluation.metrics.bootstrap import interval_of, video_draws
from syrfa.evaluation.metrics.frame_level import MetricValue
from syrfa.evaluation.scores import ObjectScores

MIN_IOU = 0.1
"""Intersection over union from which a box matches a region."""
TRACK_SHARE = 0.1
"""Share of its regions from which a track is found."""
CHANCE_DRAWS = 10
"""Random scorings of the same boxes behind a chance level."""

_PAIRS = 1 << 21  # box and region compared at once
_CELLS = 1 << 22  # videos or draws x thresholds held at once


@dataclass(frozen=True)
class MatchedVideo:
    """The boxes of a video and its regions.

    Attributes:
        frames: its length.
        score: float64 (n,), of every box.
        false: bool (n,), whether a box matches no region.
        box: int64 (m,), the box of every match.
        region: int64 (m,), its region.
        track: int64 (regions,), the track of every region, 0 to the number of tracks - 1.
    """

    frames: int
    score: NDArray[np.float64]
    false: NDArray[np.bool_]
    box: NDArray[np.int64]
    region: NDArray[np.int64]
    track: NDArray[np.int64]

    def found(self, score: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The threshold of the boxes' scores from which on each region, and each track, is found; -inf for never."""
        regions = np.full(len(self.track), -np.inf)
        np.maximum.at(regions, self.region, score[self.box])
        if not len(regions):
            return regions, regions
        order = np.lexsort((-regions, self.track))
        sizes = np.bincount(self.track)
        # the smallest number of regions that is the share; 0.1 * 70 is more than 7 in floating point
        needed = np.maximum(np.ceil(TRACK_SHARE * sizes - 1e-9).astype(np.int64), 1)
        return regions, regions[order][np.cumsum(sizes) - sizes + needed - 1]


def match(objects: ObjectScores, regions: Regions) -> MatchedVideo:
    """Which boxes of a video match which regions; LabelError where masks or frames are not those of the video."""
    if len(regions) and not 0 <= int(regions.frame.min()) <= int(regions.frame.max()) < objects.frames:
        raise LabelError(f"{objects.name}: a region lies outside frames 0 to {objects.frames - 1}")
    if regions.size is not None and regions.size != (objects.height, objects.width):
        height, width = regions.size
        raise LabelError(
            f"{objects.name}: masks are {width}x{height}, the video {objects.width}x{objects.height}; regions and "
            "boxes must be of one size"
        )
    order = np.argsort(objects.object_frame, kind="stable")
    frame, boxes = objects.object_frame[order], objects.object_xyxy[order].astype(np.float64)
    first = np.searchsorted(frame, regions.frame, "left")
    count = np.searchsorted(frame, regions.frame, "right") - first
    found: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = [(np.zeros(0, np.int64), np.zeros(0, np.int64))]
    for start, stop in _parts(count):
        region = np.repeat(np.arange(start, stop), count[start:stop])
        within = np.arange(len(region)) - np.repeat(np.cumsum(count[start:stop]) - count[start:stop], count[start:stop])
        box = first[region] + within
        hit = iou(boxes[box], regions.xyxy[region]) >= MIN_IOU
        found.append((order[box[hit]], region[hit]))
    box, region = (np.concatenate(column) for column in zip(*found, strict=True))
    false = np.ones(len(order), bool)
    false[box] = False
    return MatchedVideo(objects.frames, objects.object_score, false, box, region, regions.track)


def iou(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of boxes row by row, (n,), in pixels with both ends included."""
    side = np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2]) + 1
    shared = np.clip(side, 0, None).prod(axis=1)
    areas = [(box[:, 2:] - box[:, :2] + 1).prod(axis=1) for box in (a, b)]
    return np.asarray(shared / (areas[0] + areas[1] - shared))


def region_metrics(videos: Sequence[MatchedVideo], resamples: int = 1000, seed: int = 0) -> dict[str, MetricValue]:
    """RBDC and TBDC of a split, from `match` of each video; `seed` is of the bootstrap and of the chance level.

    Returns:
        `rbdc` and `tbdc`, each the area under the share of regions (tracks) found against false positives a frame, from
        0 to 1, the last value held. Chance is what the same boxes reach with uniform random scores, the mean of ten
        draws. Undefined without a region.
    """
    if not any(len(video.track) for video in videos):
        reason = "no video has an abnormal region" if videos else "there are no videos"
        return dict.fromkeys(("rbdc", "tbdc"), MetricValue.undefined(reason))
    once = np.ones((1, len(videos)))
    scores = [video.score for video in videos]
    value = areas(videos, scores, once)[0]
    generator = np.random.default_rng(seed)
    chance = np.mean(
        [areas(videos, [generator.random(len(own)) for own in scores], once)[0] for _ in range(CHANCE_DRAWS)], axis=0
    )
    counts = video_draws(len(videos), resamples, seed)
    usable = counts @ np.array([len(video.track) for video in videos]) > 0
    intervals = [interval_of(column, len(videos)) for column in areas(videos, scores, counts[usable]).T]
    return {
        name: MetricValue(float(value[i]), *intervals[i], float(chance[i])) for i, name in enumerate(("rbdc", "tbdc"))
    }


def areas(
    videos: Sequence[MatchedVideo], scores: Sequence[NDArray[np.float64]], counts: NDArray[np.float64]
) -> NDArray[np.float64]:
    """RBDC and TBDC of every draw of videos, float64 (draws, 2), in [0, 1].

    `counts`, float64 (draws, videos), is how often each video was drawn; a region in every draw.
    """
    found = [video.found(own) for video, own in zip(videos, scores, strict=True)]
    false = [np.sort(own[video.false]) for video, own in zip(videos, scores, strict=True)]
    frames = counts @ np.array([video.frames for video in videos], np.float64)
    return np.stack([_area([both[kind] for both in found], false, frames, counts) for kind in (0, 1)], axis=1)


def _area(
    found: Sequence[NDArray[np.float64]],
    false: Sequence[NDArray[np.float64]],
    frames: NDArray[np.float64],
    counts: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The area of every draw: what is found at a threshold counts from there to one false positive a frame."""
    levels = np.unique(np.concatenate(list(found)))
    levels = levels[np.isfinite(levels)]
    targets = counts @ np.array([len(own) for own in found], np.float64)
    area = np.zeros(len(counts))
    size = max(1, _CELLS // max(counts.shape))
    for part in (levels[start : start + size] for start in range(0, len(levels), size)):
        new = counts @ np.stack([_at(own, part) for own in found])
        above, with_ties = (
            counts @ np.stack([len(own) - np.searchsorted(own, part, side) for own in false]) / frames[:, None]
            for side in ("right", "left")
        )
        area += (new * _left_of_one(above, with_ties)).sum(axis=1)
    return np.asarray(area / targets)


def _at(found: NDArray[np.float64], levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """How many targets are found exactly at each level, float64 (levels,)."""
    inside = found[(found >= levels[0]) & (found <= levels[-1])]
    return np.bincount(np.searchsorted(levels, inside), minlength=len(levels)).astype(np.float64)


def _left_of_one(start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of max(0, 1 - x) over x from `start` to `end`: what a target adds that is found along that line."""
    reach = np.clip(np.minimum(end, 1) - start, 0, None)  # of the line, before one false positive a frame
    whole = end - start
    return np.divide(reach * (1 - start - reach / 2), whole, out=np.clip(1 - start, 0, None), where=whole > 0)


def _parts(count: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Consecutive regions that have about `_PAIRS` boxes to compare with, at least one region at a time."""
    total, start = np.cumsum(count), 0
    while start < len(count):
        before = total[start] - count[start]
        stop = max(start + 1, int(np.searchsorted(total, before + _PAIRS, "right")))
        yield start, stop
        start = stop
