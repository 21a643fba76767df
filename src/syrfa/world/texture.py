"""Noise that repeats, and its look-up at plane coordinates."""

import cv2
import numpy as np
from numpy.typing import NDArray

from syrfa.world.camera import Points


def noise_tile(rng: np.random.Generator, smooth: float) -> NDArray[np.float32]:
    """A repeating (256, 256) texture of unit deviation, blurred by `smooth` texels."""
    tile = rng.standard_normal((256, 256)).astype(np.float32)
    if smooth > 0:
        tile = np.asarray(cv2.GaussianBlur(np.tile(tile, (3, 3)), (0, 0), smooth)[256:512, 256:512], np.float32)
    return np.asarray(tile / max(float(tile.std()), 1e-6), np.float32)


def texture(tile: NDArray[np.float32], x: Points, y: Points, size: float) -> NDArray[np.float32]:
    """The tile looked up at plane coordinates in metres; one texel covers `size` metres."""
    wrapped = [np.mod(v / size, 255.0).astype(np.float32) for v in (x, y)]
    return np.asarray(cv2.remap(tile, wrapped[0], wrapped[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP))


def tint(rng: np.random.Generator, level: float, strength: float) -> Points:
    """A colour (3,) near grey `level`, BGR."""
    return np.asarray(level * np.clip(1 + rng.normal(0, strength, 3), 0.5, 1.5))
