"""The ground: a paved way with grass or other paving beside it."""

import numpy as np

from syrfa.world.camera import Points
from syrfa.world.road import Road
from syrfa.world.texture import noise_tile, texture, tint


def paint_ground(rng: np.random.Generator, x: Points, y: Points, way: Road, level: float) -> Points:
    """Colours (h, w, 3) of ground points: a paved way with grass or other paving beside it."""
    along, aside, half = way.along(x, y), way.aside(x, y), way.half
    fine, coarse = noise_tile(rng, 0.6), noise_tile(rng, 3.0)
    paved = np.ones(x.shape)
    paved += rng.uniform(0.005, 0.05) * texture(fine, x, y, 0.07)
    paved += rng.uniform(0.01, 0.06) * texture(coarse, x, y, 0.25)
    paved += rng.uniform(0.0, 0.05) * texture(coarse, y, x, 1.3)
    joint = float(rng.choice([0.0, 0.6, 1.5, 3.0, 5.0]))
    if joint:
        wide, dark = rng.uniform(0.03, 0.1), rng.uniform(0.05, 0.3)
        shift = rng.uniform(0, 1, 2) * joint
        line = (np.mod(along + shift[0], joint) < wide) | (np.mod(aside + shift[1], joint) < wide)
        paved -= dark * line
    value = paved[..., None] * tint(rng, level, 0.06)
    if rng.random() < 0.75:
        edge = np.abs(aside + 0.1 * texture(coarse, x, y, 0.3)) > half
        rough = 1 + rng.uniform(0.05, 0.2) * texture(fine, x, y, 0.09) + 0.1 * texture(coarse, x, y, 0.4)
        base = tint(rng, float(rng.uniform(40, 120)), 0.05) * np.array([0.75, 1.1, 0.9])
        value = np.where(edge[..., None], rough[..., None] * base, value)
    for _ in range(int(rng.integers(0, 5))):  # beds, mats, repaired patches
        spot = rng.uniform(-1.6, 1.6, 2) * half
        size = rng.uniform(0.4, 3.0, 2)
        inside = (np.abs(along - spot[0]) < size[0]) & (np.abs(aside - spot[1]) < size[1])
        shade = rng.uniform(0.5, 1.35)
        value = np.where(inside[..., None], value * shade, value)
    for _ in range(int(rng.integers(0, 4))):  # the painted lines and long shadows of things out of view
        where, wide = rng.uniform(-1, 1) * half, rng.uniform(0.05, 1.5)
        slope = rng.normal(0, 0.5)
        inside = np.abs(aside - where - slope * along) < wide
        value = np.where(inside[..., None], value * rng.uniform(0.7, 1.3), value)
    return np.asarray(value)
