"""Patterns: on planes, faded where a pixel covers too much of them, and on clothes."""

from dataclasses import dataclass
from typing import Any

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
    """The points of a plane that the pixels of a canvas show."""

    x: Plane32  # (h, w), first coordinate in metres
    y: Plane32  # (h, w), second coordinate in metres
    grain: Plane32  # (h, w), metres that a pixel covers
    fine: Plane32  # noise of single texels
    coarse: Plane32  # smooth noise

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


COUNT = 24  # how many patterns there are to wear
_TEXELS = 100.0
_BELOW, _ABOVE, _ASIDE = 1.1, 0.8, 0.5
_ROWS, _COLUMNS = round((_BELOW + _ABOVE) * _TEXELS), round(2 * _ASIDE * _TEXELS)


def sample_patterns(rng: np.random.Generator) -> list[NDArray[np.uint8]]:
    """Draws `COUNT` patterns: factors of brightness, 128 for 1, over 1 m to the sides and 1.9 m of height."""
    up = (_ABOVE - np.arange(_ROWS) / _TEXELS)[:, None]
    aside = (np.arange(_COLUMNS) / _TEXELS - _ASIDE)[None, :]
    found = []
    smooth, rough = noise_tile(rng, 4.0), noise_tile(rng, 2.0)
    for _ in range(COUNT):
        folds = np.roll(smooth, rng.integers(0, 256, 2), (0, 1))[:_ROWS, :_COLUMNS]
        cut = np.roll(rough, rng.integers(0, 256, 2), (0, 1))[:48, :64]
        creases = cv2.resize(cut, (_COLUMNS, _ROWS), interpolation=cv2.INTER_CUBIC)
        value = 1 + rng.uniform(0.02, 0.08) * folds + rng.uniform(0.02, 0.09) * creases
        shirt = ((up > 0.04) & (up < 0.52)).astype(float)
        value = value * (1 - 0.35 * rng.uniform(0, 1) * (np.abs(up - 0.03) < 0.025))
        value = value * (1 + shirt * _print(rng, up, aside))
        # the legs' inner sides and the feet get less of the sky
        value = value * (1 - 0.12 * np.clip(-up - 0.1, 0, 0.8)) * (1 + 0.1 * np.clip(up, 0, 0.6))
        found.append(np.asarray(np.clip(128 * value, 20, 255), np.uint8))
    return found


def _print(rng: np.random.Generator, up: Points, aside: Points) -> NDArray[np.floating[Any]] | float:
    kinds = ["plain", "bands", "lines", "checks", "print", "halves", "open"]
    kind = str(rng.choice(kinds, p=[0.42, 0.12, 0.06, 0.08, 0.12, 0.1, 0.1]))
    depth = float(rng.choice([-1, 1]) * rng.uniform(0.1, 0.42))
    pitch = float(rng.uniform(0.05, 0.16))
    if kind == "bands":
        return depth * (np.mod(up, pitch) < 0.45 * pitch)
    if kind == "lines":
        return 0.6 * depth * (np.mod(aside, pitch) < 0.4 * pitch)
    if kind == "checks":
        return 0.4 * depth * ((np.mod(up, pitch) < 0.5 * pitch) * 1.0 + (np.mod(aside, pitch) < 0.5 * pitch))
    if kind == "print":
        size = rng.uniform(0.06, 0.13)
        return 1.1 * depth * ((np.abs(aside) < size) & (np.abs(up - 0.36) < 0.8 * size))
    if kind == "halves":
        return depth * (up > rng.uniform(0.2, 0.38))
    if kind == "open":
        return 1.2 * abs(depth) * ((np.abs(aside) < 0.05) & (up > 0.08))
    return 0.0


def laid(
    pattern: NDArray[np.uint8], base: Points, top: Points, scale: float, shape: tuple[int, ...]
) -> NDArray[np.uint8]:
    """The pattern, uint8 of `shape` (128: none), on a trunk from `base` to `top`, (2,) pixels, at `scale` a metre."""
    along = top - base
    length = float(np.hypot(*along))
    up = along / length if length > 0.1 * scale else np.array([0.0, -1.0])
    turn = np.array([[-up[1], up[0]], -up]) * (_TEXELS / scale)
    middle = np.array([_COLUMNS / 2, _ABOVE * _TEXELS])
    matrix = np.column_stack([turn, middle - turn @ base])
    flags, border = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, cv2.BORDER_CONSTANT
    found = cv2.warpAffine(pattern, matrix, (shape[1], shape[0]), flags=flags, borderMode=border, borderValue=128)
    return np.asarray(found, np.uint8)
