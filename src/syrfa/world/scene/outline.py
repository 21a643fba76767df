"""From shapes in metres to polygons in pixels."""

import numpy as np
from numpy.typing import NDArray

from syrfa.world.scene.camera import Camera, Points

SHIFT = 4
"""Binary places of the fixed-point pixels that OpenCV draws with."""

_UNIT = 1 << SHIFT
_CAP = np.linspace(0.5 * np.pi, 1.5 * np.pi, 6)
_COS, _SIN = np.cos(_CAP)[None, :, None], np.sin(_CAP)[None, :, None]


def outlines(camera: Camera, start: Points, end: Points, radius: Points, inset: float = 0.0) -> tuple[Points, Points]:
    """Outlines (k, 12, 2) in pixels of capsules, and their depths (k,) in metres.

    Args:
        camera: the view.
        start: (k, 3), one end of each, in metres.
        end: (k, 3), the other end.
        radius: (k, 2), in metres.
        inset: how much narrower on each side, in pixels.
    """
    ends, near = camera.project(np.stack([start, end]))
    a, b = ends
    size = np.maximum(radius.T * camera.focal / near - inset, 0.0)
    along = b - a
    length = np.sqrt((along * along).sum(axis=1, keepdims=True))
    along = np.where(length > 1e-6, along / np.maximum(length, 1e-6), np.array([0.0, 1.0]))
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    half = _COS * along[:, None] + _SIN * across[:, None]
    back, front = a[:, None] + size[0][:, None, None] * half, b[:, None] - size[1][:, None, None] * half
    return np.concatenate([back, front], axis=1), near.mean(axis=0)


def fixed(pixels: Points, factor: float = 1, left: int = 0, top: int = 0) -> NDArray[np.int32]:
    """Pixels (..., 2) of the frame in fixed point, on a canvas `factor` times finer that begins at (left, top)."""
    places = (pixels - np.array([left, top]) + 0.5) * factor - 0.5
    return np.asarray(np.rint(places * _UNIT), np.int32)
