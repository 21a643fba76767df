"""Patterns on a plane, faded where a pixel covers too much of it to show them."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from syrfa.world.scene.camera import Points

Plane32 = NDArray[np.float32]


def noise_tile(rng: np.random.Generator, smooth: float) -> Plane32:
    """A repeating (256, 256) texture of unit deviation, blurred by `smooth` texels."""
    tile = rng.standard_normal((256, 256)).astype(np.float32)
    if smooth > 0:
        pad = int(4 * smooth) + 2
        wide = cv2.copyMakeBorder(tile, pad, pad, pad, pad, cv2.BORDER_WRAP)
        tile = np.asarray(cv2.GaussianBlur(wide, (0, 0), smooth)[pad:-pad, pad:-pad], np.float32)
    return np.asarray(tile / max(float(tile.std()), 1e-6), np.float32)


def tint(rng: np.random.Generator, level: float, strength: float) -> Points:
    """A colour (3,) near grey `level`, BGR."""
    return np.asarray(level * np.clip(1 + rng.normal(0, strength, 3), 0.5, 1.5))


@dataclass(frozen=True)
class Plane:
    """The points of a plane that the pixels of a canvas show.

    Attributes:
        x: (h, w), first coordinate in metres.
        y: (h, w), second coordinate in metres.
        grain: (h, w), metres that a pixel covers.
        fine: noise of single texels.
        coarse: smooth noise.
    """

    x: Plane32
    y: Plane32
    grain: Plane32
    fine: Plane32
    coarse: Plane32

    def turned(self, angle: float, x: float = 0.0, y: float = 0.0) -> "Plane":
        """The same points, measured along `angle` and to its left, from (x, y)."""
        c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        east, north = self.x - np.float32(x), self.y - np.float32(y)
        return Plane(east * c + north * s, north * c - east * s, self.grain, self.fine, self.coarse)

    def rough(self, size: float, smooth: bool = False) -> Plane32:
        """Noise of unit deviation from near; one texel covers `size` metres."""
        tile, extent = (self.coarse, 6 * size) if smooth else (self.fine, 1.5 * size)
        x, y = (v * np.float32(1 / size) for v in (self.x, self.y))
        found = cv2.remap(tile, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
        faded = self.grain * np.float32(1 / extent)
        return np.asarray(found / (1 + faded * faded), np.float32)

    def lines(self, across: Plane32, pitch: float, wide: float) -> Plane32:
        """Lines every `pitch` metres of `across`, `wide` metres thick: 1 on a line, 0 beside it, smooth between."""
        away = np.abs(np.mod(across, np.float32(pitch)) - np.float32(pitch / 2))
        near = np.float32(pitch / 2) - away
        sharp = np.clip((np.float32(wide / 2) - near) / self.grain + np.float32(0.5), 0, 1)
        return np.asarray(sharp * np.clip(np.float32(pitch / 3) / self.grain - np.float32(0.5), 0, 1), np.float32)

    def bricks(self, rng: np.random.Generator, long: float, high: float, joint: float) -> tuple[Plane32, Plane32]:
        """A running bond of `long` x `high` metres: its joints, 0 to 1, and a random number for each brick."""
        row = np.floor(self.y / np.float32(high))
        shifted = self.x + np.float32(long / 2 * rng.integers(2)) * np.mod(row, 2)
        column = np.floor(shifted / np.float32(long))
        seam = np.maximum(self.lines(shifted, long, joint), self.lines(self.y, high, joint))
        number = self.fine[row.astype(np.int32) & 255, column.astype(np.int32) & 255]
        return seam, np.asarray(number / (1 + (self.grain / np.float32(high)) ** 2), np.float32)
