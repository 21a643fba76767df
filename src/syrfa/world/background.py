"""The empty scene, painted once."""

import cv2
import numpy as np
from numpy.typing import NDArray

from syrfa.world.backdrop import paint_backdrop
from syrfa.world.camera import Camera
from syrfa.world.ground import paint_ground
from syrfa.world.look import Look
from syrfa.world.road import Road

OVERSAMPLING = 2
"""The canvas is this many times finer than the frame."""


def paint_background(
    rng: np.random.Generator, camera: Camera, look: Look, way: Road, back: float, road: Road | None
) -> NDArray[np.uint8]:
    """The empty scene, pixel by pixel: what the ray through it meets, ground or backdrop.

    Args:
        rng: the source of every draw.
        camera: the view.
        look: the scene's appearance.
        way: the walkway.
        back: y in metres where the ground ends at the backdrop.
        road: a road to be painted on the ground, or None.

    Returns:
        uint8 (2 height, 2 width, 3), BGR.
    """
    del road
    k = OVERSAMPLING
    rows, columns = np.mgrid[0 : k * camera.height, 0 : k * camera.width]
    pixels = np.stack([(columns + 0.5) / k - 0.5, (rows + 0.5) / k - 0.5], axis=-1)
    lens = np.concatenate([(pixels - np.array(camera.centre)) / camera.focal, np.ones((*pixels.shape[:2], 1))], axis=-1)
    ray = lens @ camera.rotation
    down = np.maximum(-ray[..., 2], 1e-6)
    x, y = camera.elevation * ray[..., 0] / down, camera.elevation * ray[..., 1] / down
    ground = (ray[..., 2] < 0) & (y < back)
    value = paint_ground(rng, np.where(ground, x, 0.0), np.where(ground, y, 0.0), way, look.level)
    far = back / np.maximum(ray[..., 1], 1e-3)
    wall = paint_backdrop(rng, far * ray[..., 0], np.maximum(camera.elevation + far * ray[..., 2], 0.0), look.level)
    image = np.where(ground[..., None], value, wall)
    falloff = (
        1
        + rng.uniform(-0.15, 0.15) * (columns / columns.shape[1] - 0.5)
        + rng.uniform(-0.12, 0.12) * (rows / rows.shape[0] - 0.5)
    )
    image = cv2.GaussianBlur((image * falloff[..., None]).astype(np.float32), (0, 0), 0.9)
    return np.asarray(np.clip(image, 0, 255), np.uint8)
