"""Where the light comes from."""

from dataclasses import dataclass

import numpy as np

from syrfa.world.camera import Points


@dataclass(frozen=True)
class Light:
    """The light of a scene.

    Attributes:
        sun: direction the light travels, (3,), or None under an overcast sky.
        shade: how dark shadows are, 0 to 1.
    """

    sun: Points | None = None
    shade: float = 0.3


def sample_light(rng: np.random.Generator) -> Light:
    """Draws sunlight from any side, or an overcast sky."""
    sun = None
    if rng.random() < 0.55:
        azimuth, low = rng.uniform(0, 2 * np.pi), rng.uniform(0.5, 1.25)
        sun = np.array([np.cos(azimuth) * np.cos(low), np.sin(azimuth) * np.cos(low), -np.sin(low)])
    return Light(sun, float(rng.uniform(0.15, 0.5)))
