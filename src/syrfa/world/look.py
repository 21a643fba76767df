"""Everything about a scene's appearance that is drawn once."""

from dataclasses import dataclass, field

import numpy as np

from syrfa.world.light import Light, sample_light


@dataclass(frozen=True)
class Look:
    """The appearance of a scene, the same in all of its clips.

    Attributes:
        light: sun, sky or lamps.
        level: brightness of the ground, 0 to 255.
        clothes: brightness of people's clothes in [-1, 1].
    """

    light: Light = field(default_factory=Light)
    level: float = 150.0
    clothes: float = 0.0


def sample_look(rng: np.random.Generator) -> Look:
    """Draws a scene's appearance: dark clothes on bright ground, bright ones on dark ground, or anything."""
    style = int(rng.choice(3, p=[0.5, 0.2, 0.3]))
    level, clothes = (
        (float(rng.uniform(140, 215)), float(rng.uniform(-1.0, -0.45))),
        (float(rng.uniform(35, 85)), float(rng.uniform(0.3, 1.0))),
        (float(rng.uniform(70, 190)), float(rng.uniform(-0.4, 0.4))),
    )[style]
    return Look(light=sample_light(rng), level=level, clothes=clothes)
