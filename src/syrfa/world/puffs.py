"""Paints smoke and flames: soft discs, laid over each other far to near."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from syrfa.world.camera import Camera
from syrfa.world.shapes import Puff

SEEN = 0.35
"""Opacity from which on a pixel belongs to the smoke in the id mask."""

_LUMA = np.array([0.114, 0.587, 0.299])


def paint_puffs(
    canvas: NDArray[np.uint8], mask: NDArray[np.uint8], camera: Camera, puffs: list[Puff], fineness: int
) -> None:
    """Paints the puffs of one thing on the canvas, and its owner into the mask where they are dense.

    Args:
        canvas: uint8 (fineness height, fineness width) or with 3 channels.
        mask: uint8 (height, width).
        camera: the view.
        puffs: at least one, all of one owner.
        fineness: how many times finer the canvas is than the mask.
    """
    pixels, depth = camera.project(np.array([puff.centre for puff in puffs]))
    radii = np.array([puff.radius for puff in puffs]) * camera.focal / depth * fineness
    places = (pixels + 0.5) * fineness - 0.5
    clear = np.ones(canvas.shape[:2], np.float32)  # the share of light that comes through
    for index in np.argsort(depth)[::-1]:
        puff = puffs[int(index)]
        size = 2 * max(1, round(float(radii[index]))) + 1
        left, top = np.rint(places[index]).astype(int) - size // 2
        x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + size, canvas.shape[1]), min(top + size, canvas.shape[0])
        if x0 >= x1 or y0 >= y1:
            continue
        alpha = puff.opacity * _disc(size)[y0 - top : y1 - top, x0 - left : x1 - left]
        clear[y0:y1, x0:x1] *= 1 - alpha
        colour = np.array(puff.colour)
        tone = (colour if canvas.ndim == 3 else colour @ _LUMA).astype(np.float32)
        part = canvas[y0:y1, x0:x1]
        weight = alpha[..., None] if canvas.ndim == 3 else alpha
        part[...] = part + weight * (tone - part) + 0.5
    small = cv2.resize(clear, (mask.shape[1], mask.shape[0]), interpolation=cv2.INTER_AREA)
    mask[small < 1 - SEEN] = puffs[0].owner


@lru_cache(maxsize=512)
def _disc(size: int) -> NDArray[np.float32]:
    """A (size, size) disc, 1 in the middle, fading to 0 at the rim."""
    axis = np.linspace(-1, 1, size, dtype=np.float32)
    square = axis[:, None] ** 2 + axis[None, :] ** 2
    return np.asarray(np.clip(1 - square, 0, 1) ** 1.5, np.float32)
