"""Geometry of boxes."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Float = TypeVar("Float", np.float32, np.float64)


def iou(one: NDArray[Float], other: NDArray[Float]) -> NDArray[Float]:
    """Intersection over union, (n, m), of boxes (n, 4) and (m, 4) as left, top, right, bottom; 0 without an area."""
    corner, opposite = np.maximum(one[:, None, :2], other[:, :2]), np.minimum(one[:, None, 2:], other[:, 2:])
    shared = (opposite - corner).clip(0).prod(axis=2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).clip(0).prod(axis=1) for boxes in (one, other)]
    union = areas[0][:, None] + areas[1] - shared
    return np.asarray(np.divide(shared, union, out=np.zeros_like(shared), where=union > 0))
