"""Scores that need no learning; every table prints them under the numbers (docs/method.md, section 8)."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from syrfa.scoring.objects import ObjectScores
from syrfa.scoring.protocols import FrameScores


def box_width(objects: ObjectScores) -> ObjectScores:
    """The same objects, each scored by the width of its box as a share of the frame's width.

    Args:
        objects: the objects of one video; their scores are not looked at.

    Returns:
        the objects with `object_score` float64 (n,), in [0, 1] for boxes inside the frame.
    """
    sides = objects.object_xyxy.astype(np.float64)
    return replace(objects, object_score=(sides[:, 2] - sides[:, 0]) / objects.width)


def chance(frames: Sequence[int], seed: int = 0) -> list[FrameScores]:
    """A random score in [0, 1) for every frame, blind to video, boxes and labels.

    Random *object* scores would not be chance: a frame with more boxes has a higher maximum.

    Args:
        frames: the length of each video.
        seed: of the generator; the same seed gives the same scores.

    Returns:
        one `FrameScores` a video, its `raw` and `final` equal.
    """
    generator = np.random.default_rng(seed)
    scores = [generator.random(length) for length in frames]
    return [FrameScores(video, video) for video in scores]
