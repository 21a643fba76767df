"""The empty scene, painted once: ground, walls, hedges and sky, their light, the air before them."""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from syrfa.world.scene.camera import Camera, Points
from syrfa.world.scene.ground import material, paint_ground, wet
from syrfa.world.scene.layout import Road
from syrfa.world.scene.light import INDOOR, NIGHT, Light, Look
from syrfa.world.scene.texture import Plane, Plane32, noise_tile, tint

_FINE = 2  # the canvas is this many times finer than the frame


def paint_background(
    rng: np.random.Generator, camera: Camera, look: Look, way: Road, back: float, road: Road | None
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The empty scene, uint8 (height, width, 3), BGR, and how bright the light on the ground is, (height, width)."""
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
        wall, shines = _backdrop(rng, upright, look.light.kind, sky)
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
        middle = float(min(floor.y[floor.y.shape[0] * 2 // 3, floor.y.shape[1] // 2], 60.0))  # metres away
        edge = floor.turned(float(rng.uniform(0, 2 * np.pi)), 0.0, float(rng.uniform(0.5, 1.5)) * middle)
        shade = np.clip(edge.y / soft, 0, 1)
    if rng.random() < 0.2:
        leaves = replace(floor, x=floor.x * np.float32(rng.uniform(0.4, 1.0)))
        crown = np.clip((leaves.rough(0.35, smooth=True) + 0.5) / np.float32(0.5), 0, 1)
        half = np.clip((floor.x * np.float32(rng.choice([-1, 1])) - np.float32(rng.uniform(-2, 4))) / 2, 0, 1)
        shade = np.maximum(shade, crown * half)
    return np.asarray(lit * (1 - np.float32(light.shade) * shade), np.float32)


def _backdrop(rng: np.random.Generator, plane: Plane, kind: str, sky: Points) -> tuple[Plane32, Plane32]:
    """Colours (h, w, 3) of a vertical plane under a `sky`, and how much of it shines by itself, (h, w), 0 to 1."""
    value = _wall(rng, plane)
    shines = np.zeros(plane.x.shape, np.float32)
    if rng.random() < (0.4 if kind == "indoor" else 0.75):
        value, shines = _windows(rng, plane, value, kind)
    if rng.random() < 0.5:
        value = _doors(rng, plane, value)
    if kind == "indoor":
        skirting = (plane.y < np.float32(0.12))[..., None]
        return np.where(skirting, value * np.float32(0.6), value), shines
    roof = np.float32(rng.uniform(2.5, 14.0))
    above = plane.y > roof
    skyline = replace(plane, y=np.zeros_like(plane.y))  # its noise depends on the place along the plane alone
    if rng.random() < 0.5:
        crowns = np.float32(rng.uniform(1.5, 6.0)) + np.float32(0.9) * skyline.rough(0.35, smooth=True)
        crowns = crowns + np.float32(0.12) * plane.rough(0.12, smooth=True)
        above = (plane.y > roof) & (plane.y > crowns)
        value = np.where(((plane.y < crowns) & (plane.y > roof))[..., None], _leaves(rng, plane), value)
    bright = 1 - np.clip((plane.y - roof) / np.float32(60), 0, 0.3)
    value = np.where(above[..., None], bright[..., None] * sky.astype(np.float32), value)
    shines = np.where(above, np.float32(1), shines)
    if rng.random() < 0.5:
        rise = np.float32(rng.uniform(0.03, 0.2)) * skyline.rough(0.2, smooth=True)
        top = np.float32(rng.uniform(0.4, 2.5)) + rise
        hedge = plane.y < top
        value, shines = np.where(hedge[..., None], _leaves(rng, plane), value), np.where(hedge, np.float32(0), shines)
    elif rng.random() < 0.3:
        high, pitch = float(rng.uniform(0.9, 2.2)), float(rng.uniform(0.1, 0.3))
        bars = np.maximum(plane.lines(plane.x, pitch, 0.03), plane.lines(plane.y, high / 2, 0.05))
        bars = bars * (plane.y < np.float32(high))
        value = value + bars[..., None] * (np.float32(rng.uniform(15, 120)) - value)
    return np.asarray(value, np.float32), np.asarray(shines, np.float32)


def _wall(rng: np.random.Generator, plane: Plane) -> Plane32:
    kind = str(rng.choice(["plaster", "brick", "slabs"], p=[0.5, 0.25, 0.25]))
    level = float(rng.uniform(45, 200))
    if kind != "plaster":
        return material(rng, plane, kind, level)
    value = 1 + 0.02 * plane.rough(0.08) + rng.uniform(0.01, 0.05) * plane.rough(0.5, smooth=True)
    value -= 0.15 * np.clip(1 - plane.y / np.float32(rng.uniform(0.3, 1.5)), 0, 1) * rng.uniform(0, 1)
    return np.asarray(value[..., None] * tint(rng, level, 0.1).astype(np.float32), np.float32)


def _windows(rng: np.random.Generator, plane: Plane, value: Plane32, kind: str) -> tuple[Plane32, Plane32]:
    """A grid of windows with frames; by night some are lit."""
    pitch, storey = float(rng.uniform(1.6, 5.0)), float(rng.uniform(2.6, 3.8))
    wide, high = float(rng.uniform(0.3, 0.8)) * pitch, float(rng.uniform(0.8, 1.7))
    column, row = np.floor(plane.x / np.float32(pitch)), np.floor(plane.y / np.float32(storey))
    across = np.abs(plane.x - (column + np.float32(0.5)) * np.float32(pitch)) - np.float32(wide / 2)
    upwards = np.abs(plane.y - row * np.float32(storey) - np.float32(1.7)) - np.float32(high / 2)
    past = np.maximum(across, upwards)
    glass = 1 - np.clip(past / plane.grain + np.float32(0.5), 0, 1)
    frame = np.clip(1 - np.abs(past - np.float32(0.04)) / np.float32(0.06), 0, 1)
    each = plane.fine[row.astype(np.int32) & 255, column.astype(np.int32) & 255]
    tone = float(rng.uniform(20, 110)) * np.clip(1 + 0.3 * each + 0.15 * plane.rough(0.6, smooth=True), 0.3, 2)
    lit = each > (0.8 if kind == "night" else 9.0)
    tone = np.where(lit, np.float32(rng.uniform(120, 220)), tone)[..., None] * tint(rng, 1.0, 0.08).astype(np.float32)
    value = value + (np.float32(0.6) * frame)[..., None] * (np.float32(rng.uniform(30, 220)) - value)
    return np.asarray(value + glass[..., None] * (tone - value), np.float32), np.asarray(glass * lit, np.float32)


def _doors(rng: np.random.Generator, plane: Plane, value: Plane32) -> Plane32:
    pitch, wide = float(rng.uniform(6, 20)), float(rng.uniform(0.9, 2.4))
    away = np.abs(np.mod(plane.x + np.float32(rng.uniform(0, 20)), np.float32(pitch)) - np.float32(pitch / 2))
    past = np.maximum(away - np.float32(wide / 2), plane.y - np.float32(rng.uniform(2.0, 2.6)))
    door = 1 - np.clip(past / plane.grain + np.float32(0.5), 0, 1)
    tone = tint(rng, float(rng.uniform(25, 150)), 0.25).astype(np.float32)
    return np.asarray(value + door[..., None] * (tone - value), np.float32)


def _leaves(rng: np.random.Generator, plane: Plane) -> Plane32:
    value = 1 + 0.3 * plane.rough(0.06) + 0.3 * plane.rough(0.12, smooth=True) + 0.15 * plane.rough(0.5, smooth=True)
    green = np.array([0.55, 1.1, 0.85]) * rng.uniform(30, 85) * (1 + rng.normal(0, 0.08, 3))
    return np.asarray(np.clip(value, 0.2, 2.2)[..., None] * green.astype(np.float32), np.float32)
