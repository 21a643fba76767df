"""What stands behind the ground: walls with windows and doors, hedges, fences, trees, sky."""

from dataclasses import replace

import numpy as np

from syrfa.world.scene.camera import Points
from syrfa.world.scene.ground import material
from syrfa.world.scene.texture import Plane, Plane32, tint


def paint_backdrop(rng: np.random.Generator, plane: Plane, kind: str, sky: Points) -> tuple[Plane32, Plane32]:
    """Colours of a vertical plane.

    Args:
        rng: the source of every draw.
        plane: its points: to the right, and height above the ground.
        kind: day, night or indoor.
        sky: (3,), BGR.

    Returns:
        colours (h, w, 3), and how much of them shines by itself (h, w), 0 to 1: sky and lit windows.
    """
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
    if rng.random() < 0.5:
        crowns = np.float32(rng.uniform(1.5, 6.0)) + np.float32(0.9) * _skyline(plane).rough(0.35, smooth=True)
        crowns = crowns + np.float32(0.12) * plane.rough(0.12, smooth=True)
        above = (plane.y > roof) & (plane.y > crowns)
        value = np.where(((plane.y < crowns) & (plane.y > roof))[..., None], _leaves(rng, plane), value)
    bright = 1 - np.clip((plane.y - roof) / np.float32(60), 0, 0.3)
    value = np.where(above[..., None], bright[..., None] * sky.astype(np.float32), value)
    shines = np.where(above, np.float32(1), shines)
    if rng.random() < 0.5:
        rise = np.float32(rng.uniform(0.03, 0.2)) * _skyline(plane).rough(0.2, smooth=True)
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


def _skyline(plane: Plane) -> Plane:
    """The plane with every point at height 0, so that noise depends on the place along it alone."""
    return replace(plane, y=np.zeros_like(plane.y))


def _leaves(rng: np.random.Generator, plane: Plane) -> Plane32:
    value = 1 + 0.3 * plane.rough(0.06) + 0.3 * plane.rough(0.12, smooth=True) + 0.15 * plane.rough(0.5, smooth=True)
    green = np.array([0.55, 1.1, 0.85]) * rng.uniform(30, 85) * (1 + rng.normal(0, 0.08, 3))
    return np.asarray(np.clip(value, 0.2, 2.2)[..., None] * green.astype(np.float32), np.float32)
