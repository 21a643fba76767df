"""Scores that need no learning; every table prints them under the numbers (docs/method.md, section 8)."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from syrfa.evaluation.scores import ObjectScores
from syrfa.evaluation.tracks import link


def box_width(objects: ObjectScores) -> ObjectScores:
    """The same objects, each scored by the width of its box as a share of the frame's width.

    Args:
        objects: the objects of one video; their scores are not looked at.

    Returns:
        the objects with `object_score` float64 (n,), in [0, 1] for boxes inside the frame.
    """
    sides = objects.object_xyxy.astype(np.float64)
    return replace(objects, object_score=(sides[:, 2] - sides[:, 0]) / objects.width)


def box_speed(objects: ObjectScores, window: int = 8) -> ObjectScores:
    """The same objects, each scored by how fast its box has moved: an extension's geometry, nothing learned.

    The way of the box's middle since the oldest box of its track (`scoring.tracks.link`) in the last `window` frames,
    in heights of the box a frame. No later frame is looked at. Videos whose boxes are known every n-th frame alone are
    linked over that gap.

    Args:
        objects: the objects of one video; their scores are not looked at.
        window: frames before the object's own; at least 2.

    Returns:
        the objects with `object_score` float64 (n,), at least 0; 0 where the oldest box is not half a window old, for
            over few frames the tremble of boxes is larger than their way.
    """
    frame = objects.object_frame.astype(np.int64)
    steps = np.diff(np.unique(frame))
    gap = max(2, int(steps.min()) - 1) if len(steps) else 2
    track = link(objects, max_gap=gap)
    left, top, right, bottom = objects.object_xyxy.astype(np.float64).T
    middle = np.stack([left + right, top + bottom], axis=1) / 2
    place = track * objects.frames + frame
    order = np.argsort(place)
    oldest = order[np.searchsorted(place[order], np.maximum(place - window, track * objects.frames))]
    lag = frame - frame[oldest]
    way = np.hypot(*(middle - middle[oldest]).T) / np.maximum(bottom - top, 1.0)
    return replace(objects, object_score=np.where(2 * lag >= window, way / np.maximum(lag, 1), 0.0))


def random_scores(objects: Sequence[ObjectScores], seed: int = 0) -> list[ObjectScores]:
    """The same objects, each scored by a uniform random number.

    Not chance: a frame with more boxes has a higher maximum, and what a protocol does to scores is done to these too.
    So it tells what the number of boxes and the smoothing are worth without any look at the picture.

    Args:
        objects: one entry a video; their scores are not looked at.
        seed: of the generator; the same seed gives the same scores.

    Returns:
        the videos with `object_score` float64 (n,), in [0, 1).
    """
    generator = np.random.default_rng(seed)
    return [replace(video, object_score=generator.random(len(video.object_score))) for video in objects]
