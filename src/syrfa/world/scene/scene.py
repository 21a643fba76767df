"""A place: camera, light, ground, backdrop, and the things that stand about."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from syrfa.world.people.shapes import Shapes
from syrfa.world.scene.background import paint_background
from syrfa.world.scene.fixtures import sample_fixtures
from syrfa.world.scene.layout import Layout, Road, sample_layout
from syrfa.world.scene.light import Look, sample_look


@dataclass(frozen=True, kw_only=True)
class Scene(Layout):
    """What does not move: a layout and its paint."""

    background: NDArray[np.uint8]  # uint8 (height, width, 3), BGR; the empty place in its light
    clothes: float  # brightness of people's clothes in [-1, 1]
    # things that stand on the ground, with their ground points
    fixtures: list[tuple[float, float, Shapes]] = field(default_factory=list)
    look: Look = field(default_factory=Look)  # everything drawn about its appearance
    # float32 (height, width), how bright the light on the ground is in each pixel; empty for 1 everywhere
    lit: NDArray[np.float32] = field(default_factory=lambda: np.ones((0, 0), np.float32))

    def brightness(self, column: int, row: int) -> float:
        """How bright the light is on somebody whose feet are at that pixel; 1 by full daylight."""
        return float(self.lit[row, column]) if self.lit.size else 1.0


def sample_scene(
    rng: np.random.Generator,
    width: int,
    height: int,
    person: tuple[float, float],
    side_view: float = 0.5,
    roads: float = 0.0,
) -> Scene:
    """Draws a scene; the arguments are those of `sample_layout`."""
    layout = sample_layout(rng, width, height, person, side_view, roads)
    camera, back, road = layout.camera, layout.back, layout.road
    way = Road(layout.path, layout.path_centre, layout.path_half)
    look = sample_look(rng, camera, way, road)
    fixtures = sample_fixtures(rng, camera, way, back, road, look.light)
    background, lit = paint_background(rng, camera, look, way, back, road)
    return Scene(**vars(layout), background=background, clothes=look.clothes, fixtures=fixtures, look=look, lit=lit)
