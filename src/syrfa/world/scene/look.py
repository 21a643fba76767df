"""Everything about a scene's appearance that is drawn once."""

from dataclasses import dataclass, field

import numpy as np

from syrfa.world.scene.camera import Camera
from syrfa.world.scene.light import Light, sample_light
from syrfa.world.scene.road import Road
from syrfa.world.scene.weather import Weather, sample_weather


@dataclass(frozen=True)
class Look:
    """The appearance of a scene, the same in all of its clips.

    Attributes:
        light: sun, sky, lamps or ceiling.
        weather: fog, haze and rain.
        level: brightness of the ground by full light, 0 to 255.
        clothes: brightness of people's clothes in [-1, 1].
    """

    light: Light = field(default_factory=Light)
    weather: Weather = field(default_factory=Weather)
    level: float = 150.0
    clothes: float = 0.0


def sample_look(rng: np.random.Generator, camera: Camera, way: Road, road: Road | None = None) -> Look:
    """Draws a scene's appearance: dark clothes on bright ground, bright ones on dark ground, or anything.

    Args:
        rng: the source of every draw.
        camera: the view.
        way: the walkway.
        road: where vehicles belong; a room has none.
    """
    style = int(rng.choice(3, p=[0.45, 0.2, 0.35]))
    level, clothes = (
        (float(rng.uniform(130, 215)), float(rng.uniform(-1.0, -0.45))),
        (float(rng.uniform(35, 85)), float(rng.uniform(0.3, 1.0))),
        (float(rng.uniform(70, 190)), float(rng.uniform(-0.4, 0.4))),
    )[style]
    light = sample_light(rng, way, indoors=road is None)
    distance = float(np.hypot(way.centre[1], camera.elevation))
    weather = Weather() if light.kind == "indoor" else sample_weather(rng, distance, light.ambient)
    return Look(light=light, weather=weather, level=level, clothes=clothes)
