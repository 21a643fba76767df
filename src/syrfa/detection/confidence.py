"""How certain a detector is of its boxes: drawn from the confidences of YOLOv3, as published for Ped2's training clips.

The tables below are quantiles out of experiments/studies/boxes/results/box_noise.json, rounded to two places. The
published boxes end at a confidence of 0.3, and so do these.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["cut", "torso", "strip", "union", "duplicate", "background"]
Floats = NDArray[np.float64]

LEVELS = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
"""The levels of the quantiles in every table."""

ODD: dict[Kind, tuple[float, ...]] = {
    "cut": (0.3, 0.47, 0.81, 0.93, 0.97, 0.99, 0.999),
    "torso": (0.3, 0.31, 0.45, 0.60, 0.78, 0.95, 0.999),
    "strip": (0.3, 0.31, 0.34, 0.39, 0.46, 0.59, 0.90),
    "union": (0.3, 0.31, 0.36, 0.52, 0.70, 0.87, 0.999),
    "duplicate": (0.3, 0.30, 0.32, 0.36, 0.41, 0.54, 0.90),
    "background": (0.3, 0.31, 0.35, 0.41, 0.49, 0.68, 0.95),
}
"""Quantiles of the boxes that fit no object, from `published.confidence`."""

COVERS = (0.0, 0.05, 0.15, 0.25, 0.4, 0.7)
"""The cover to which each row of `WHOLE` belongs: the middles of the measured ranges."""

WHOLE = (
    (0.3, 0.70, 0.92, 0.97, 0.986, 0.995, 0.999),
    (0.3, 0.46, 0.76, 0.90, 0.966, 0.989, 0.999),
    (0.3, 0.37, 0.66, 0.84, 0.94, 0.98, 0.999),
    (0.3, 0.36, 0.57, 0.77, 0.89, 0.97, 0.999),
    (0.3, 0.34, 0.48, 0.67, 0.82, 0.93, 0.99),
    (0.3, 0.32, 0.40, 0.55, 0.74, 0.91, 0.98),
)
"""Quantiles of the boxes that fit an object, by its cover, from `published.confidence_whole_by_cover`."""


def whole(cover: Floats, doubt: Floats, rng: np.random.Generator) -> Floats:
    """Confidences of boxes that fit an object.

    Args:
        cover: (n,), the largest share of each box that one nearer to the camera covers, in [0, 1].
        doubt: (n,), what each loses for being small, in units of the logit, at least 0.
        rng: the source of the draws.

    Returns:
        (n,), in (0, 1).
    """
    rows = np.stack([np.interp(cover, COVERS, column) for column in zip(*WHOLE, strict=True)], axis=1)
    drawn = _drawn(rows, rng)
    return np.asarray(1 / (1 + (1 - drawn) / drawn * np.exp(doubt)))


def odd(kind: Kind, count: int, rng: np.random.Generator) -> Floats:
    """Confidences of `count` boxes of one odd kind, (count,), in (0, 1)."""
    return _drawn(np.broadcast_to(np.array(ODD[kind]), (count, len(LEVELS))), rng)


def _drawn(rows: Floats, rng: np.random.Generator) -> Floats:
    """One number a row, from the distribution with the row's quantiles, straight lines between them."""
    if len(rows) == 0:  # most odd kinds in most frames
        return np.zeros(0)
    share = rng.random(len(rows))
    step = np.clip(np.searchsorted(LEVELS, share, side="right") - 1, 0, len(LEVELS) - 2)
    levels, index = np.array(LEVELS), np.arange(len(rows))
    part = (share - levels[step]) / (levels[step + 1] - levels[step])
    return np.asarray(rows[index, step] * (1 - part) + rows[index, step + 1] * part)
