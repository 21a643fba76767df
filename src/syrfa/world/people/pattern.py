"""What clothes look like from near: folds, stripes, checks, prints, a belt."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from syrfa.world.scene.camera import Points
from syrfa.world.scene.texture import noise_tile

COUNT = 24
"""How many patterns there are to wear."""

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
    kind = str(rng.choice(["plain", "bands", "lines", "checks", "print", "halves", "open"], p=_SHARES))
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


_SHARES = [0.42, 0.12, 0.06, 0.08, 0.12, 0.1, 0.1]


def laid(
    pattern: NDArray[np.uint8], base: Points, top: Points, scale: float, shape: tuple[int, ...]
) -> NDArray[np.uint8]:
    """The pattern on a trunk.

    Args:
        pattern: see `sample_patterns`.
        base: (2,), the hip's place on the canvas.
        top: (2,), the neck's place.
        scale: canvas pixels a metre.
        shape: of the canvas.

    Returns:
        uint8 of that shape, 128 where there is no pattern.
    """
    along = top - base
    length = float(np.hypot(*along))
    up = along / length if length > 0.1 * scale else np.array([0.0, -1.0])
    turn = np.array([[-up[1], up[0]], -up]) * (_TEXELS / scale)
    middle = np.array([_COLUMNS / 2, _ABOVE * _TEXELS])
    matrix = np.column_stack([turn, middle - turn @ base])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (shape[1], shape[0])
    return np.asarray(
        cv2.warpAffine(pattern, matrix, size, flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=128), np.uint8
    )
