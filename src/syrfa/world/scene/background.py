"""The empty scene, painted once: surfaces, their light, the air before them."""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from syrfa.world.scene.backdrop import paint_backdrop
from syrfa.world.scene.camera import Camera, Points
from syrfa.world.scene.ground import paint_ground, wet
from syrfa.world.scene.light import INDOOR, NIGHT, Light
from syrfa.world.scene.look import Look
from syrfa.world.scene.road import Road
from syrfa.world.scene.texture import Plane, Plane32, noise_tile, tint

_FINE = 2
"""The canvas is this many times finer than the frame."""


def paint_background(
    rng: np.random.Generator, camera: Camera, look: Look, way: Road, back: float, road: Road | None
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The empty scene, pixel by pixel: what the ray through it meets, ground or backdrop.

    Args:
        rng: the source of every draw.
        camera: the view.
        look: the scene's appearance.
        way: the walkway.
        back: y in metres where the ground ends at the backdrop.
        road: a road to be painted on the ground, or None.

    Returns:
        the picture, uint8 (height, width, 3), BGR, and how bright the light on the ground is, float32 (height, width).
    """
    rays = _rays(camera)
    down = np.maximum(-rays[..., 2], np.float32(1e-6))
    near = np.float32(camera.elevation) / down
    far = np.float32(back) / np.maximum(rays[..., 1], np.float32(1e-3))
    ground = (rays[..., 2] < 0) & (near * rays[..., 1] < back)
    depth = np.where(ground, near, far)
    noises = (noise_tile(rng, 0.6), noise_tile(rng, 3.0))
    sky = _sky(rng, look.light)
    image = np.empty((*ground.shape, 3), np.float32)
    bright = np.full(ground.shape, look.light.ambient, np.float32)
    rows = _span(ground)
    if rows.stop > rows.start:
        low = np.maximum(down[rows] / np.linalg.norm(rays[rows], axis=-1), np.float32(0.02))
        step = depth[rows] / np.float32(camera.focal * _FINE)
        x, y = depth[rows] * rays[rows][..., 0], depth[rows] * rays[rows][..., 1]
        floor = Plane(x, y, step / np.sqrt(low), *noises)
        image[rows], bright[rows] = _ground(rng, floor, low, look, way, road, sky)
    rows = _span(~ground)
    if rows.stop > rows.start:
        away, up = far[rows], rays[rows][..., 2]
        high = np.maximum(np.float32(camera.elevation) + away * up, np.float32(0))
        east, grain = away * rays[rows][..., 0], away / np.float32(camera.focal * _FINE)
        upright = Plane(np.asarray(east, np.float32), high, np.asarray(grain, np.float32), *noises)
        wall, shines = paint_backdrop(rng, upright, look.light.kind, sky)
        facing = np.float32(rng.uniform(0.6, 1.1)) * look.light.level(upright.x, back).astype(np.float32)
        wall = wall * (facing * (1 - shines) + shines)[..., None]
        image[rows] = np.where(ground[rows][..., None], image[rows], wall)
    clear = look.weather.clear(depth).astype(np.float32)[..., None]
    image = image * clear + (1 - clear) * np.float32(look.weather.tone)
    size = (camera.width, camera.height)
    image = cv2.resize(cv2.GaussianBlur(image, (0, 0), 0.6), size, interpolation=cv2.INTER_AREA)
    lit = cv2.resize(bright, size, interpolation=cv2.INTER_AREA)
    return np.rint(np.clip(image, 0, 255)).astype(np.uint8), np.asarray(lit, np.float32)


def _span(where: NDArray[np.bool_]) -> slice:
    """The rows from the first to the last in which `where` holds anywhere."""
    rows = np.flatnonzero(where.any(axis=1))
    return slice(int(rows[0]), int(rows[-1]) + 1) if len(rows) else slice(0, 0)


def _ground(
    rng: np.random.Generator, floor: Plane, low: Plane32, look: Look, way: Road, road: Road | None, sky: Points
) -> tuple[Plane32, Plane32]:
    """Colours of the ground in its light, and that light; `low` is the sine of the angle at which it is seen."""
    value = paint_ground(rng, floor, way, road, look.level, look.light.kind == INDOOR)
    lit = _lit(rng, floor, look.light)
    value *= lit[..., None] * np.array(look.light.colour, np.float32)
    if look.weather.wet > 0:
        pools = np.clip(0.6 + 0.5 * floor.rough(0.5, smooth=True), 0, 1)
        value = wet(value, pools * (1 - low) ** 2 * np.float32(0.7), sky, look.weather.wet)
    return value, lit


def _rays(camera: Camera) -> Plane32:
    """World directions (2 height, 2 width, 3) of the canvas' pixels, 1 m long along the optical axis."""
    rows = (np.arange(_FINE * camera.height) + 0.5) / _FINE - 0.5
    columns = (np.arange(_FINE * camera.width) + 0.5) / _FINE - 0.5
    right, below, ahead = camera.rotation
    across = (((columns - camera.centre[0]) / camera.focal)[None, :, None] * right).astype(np.float32)
    upright = (((rows - camera.centre[1]) / camera.focal)[:, None, None] * below + ahead).astype(np.float32)
    return np.asarray(across + upright, np.float32)


def _sky(rng: np.random.Generator, light: Light) -> NDArray[np.float64]:
    level = float(rng.uniform(8, 40) if light.kind == NIGHT else rng.uniform(160, 245))
    return tint(rng, level, 0.04) * (np.array([1.1, 1.0, 0.9]) if light.sun is not None else 1.0)


def _lit(rng: np.random.Generator, floor: Plane, light: Light) -> Plane32:
    """Light on the ground: lamps, and in sunlight the shadows of houses and trees that are out of the picture."""
    lit = light.level(floor.x, floor.y).astype(np.float32)
    lit *= 1 + np.float32(rng.uniform(-0.012, 0.012)) * np.clip(floor.x, -15, 15)
    if light.sun is None:
        return lit
    soft = np.float32(max(light.spread * 6, 0.15))
    shade = np.zeros_like(lit)
    if rng.random() < 0.35:
        edge = floor.turned(float(rng.uniform(0, 2 * np.pi)), 0.0, float(rng.uniform(0.5, 1.5)) * _middle(floor))
        shade = np.clip(edge.y / soft, 0, 1)
    if rng.random() < 0.2:
        leaves = replace(floor, x=floor.x * np.float32(rng.uniform(0.4, 1.0)))
        crown = np.clip((leaves.rough(0.35, smooth=True) + 0.5) / np.float32(0.5), 0, 1)
        half = np.clip((floor.x * np.float32(rng.choice([-1, 1])) - np.float32(rng.uniform(-2, 4))) / 2, 0, 1)
        shade = np.maximum(shade, crown * half)
    return np.asarray(lit * (1 - np.float32(light.shade) * shade), np.float32)


def _middle(floor: Plane) -> float:
    """Distance in metres of the point in the middle of the picture, at most 60."""
    return float(min(floor.y[floor.y.shape[0] * 2 // 3, floor.y.shape[1] // 2], 60.0))
