"""What stands behind the ground: hedge, wall with windows, sky."""

import numpy as np

from syrfa.world.camera import Points
from syrfa.world.texture import noise_tile, texture, tint


def paint_backdrop(rng: np.random.Generator, x: Points, z: Points, level: float) -> Points:
    """Colours (h, w, 3) of a vertical plane: hedge, wall with windows, sky."""
    fine, coarse = noise_tile(rng, 0.7), noise_tile(rng, 2.5)
    leaf = 1 + 0.28 * texture(fine, x, z, 0.15) + 0.25 * texture(coarse, x, z, 0.3)
    stone = 1 + 0.03 * texture(fine, x, z, 0.1) + rng.uniform(0.02, 0.08) * texture(coarse, x, z, 0.8)
    if rng.random() < 0.5:
        brick = rng.uniform(0.25, 0.8)
        stone -= rng.uniform(0.03, 0.15) * ((np.mod(z, brick) < 0.05) | (np.mod(x, 2.2 * brick) < 0.05))
    value = stone[..., None] * tint(rng, float(rng.uniform(40, 200)), 0.1)
    if rng.random() < 0.6:
        pitch, high = rng.uniform(1.8, 5.0), rng.uniform(2.5, 3.6)
        window = (np.mod(x, pitch) < 0.5 * pitch) & (np.mod(z, high) > 1.0) & (np.mod(z, high) < 2.3)
        value = np.where(window[..., None], tint(rng, float(rng.uniform(15, 110)), 0.1), value)
    roof = rng.uniform(3.5, 14.0)
    sky = tint(rng, float(rng.uniform(170, 240)), 0.05)
    value = np.where((z > roof)[..., None], sky, value)
    if rng.random() < 0.6:
        top = rng.uniform(0.5, 2.5) + 0.2 * texture(coarse, x, np.zeros_like(x), 0.4)
        green = np.array([0.7, 1.05, 0.9]) * rng.uniform(25, 80)
        value = np.where((z < top)[..., None], leaf[..., None] * green, value)
    return np.asarray(value)
