"""Paints smoke and flames: soft discs, laid over each other far to near."""

import cv2
import numpy as np
from numpy.typing import NDArray

from syrfa.world.people.shapes import Puff
from syrfa.world.scene.camera import Camera

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
        puff, radius, (column, row) = puffs[int(index)], max(float(radii[index]), 1.0), places[index]
        x0, x1 = max(int(column - radius) + 1, 0), min(int(column + radius) + 1, canvas.shape[1])
        y0, y1 = max(int(row - radius) + 1, 0), min(int(row + radius) + 1, canvas.shape[0])
        if x0 >= x1 or y0 >= y1:
            continue
        east = (np.arange(x0, x1, dtype=np.float32) - np.float32(column)) / np.float32(radius)
        north = (np.arange(y0, y1, dtype=np.float32) - np.float32(row)) / np.float32(radius)
        dense = np.maximum(1 - (north**2)[:, None] - (east**2)[None, :], 0)
        alpha = np.float32(puff.opacity) * dense * np.sqrt(dense)
        clear[y0:y1, x0:x1] *= 1 - alpha
        colour = np.array(puff.colour)
        tone = (colour if canvas.ndim == 3 else colour @ _LUMA).astype(np.float32)
        part = canvas[y0:y1, x0:x1]
        part[...] = part + (alpha[..., None] if canvas.ndim == 3 else alpha) * (tone - part) + np.float32(0.5)
    small = cv2.resize(clear, (mask.shape[1], mask.shape[0]), interpolation=cv2.INTER_AREA)
    mask[small < 1 - SEEN] = puffs[0].owner
