"""Things that stand about: lamp posts, trees, bollards, planters and bushes."""

import numpy as np

from syrfa.world.camera import Camera
from syrfa.world.road import Road
from syrfa.world.shapes import Colour, Shapes, cuboid, rods


def sample_fixtures(
    rng: np.random.Generator, camera: Camera, way: Road, back: float, road: Road | None
) -> list[tuple[float, float, Shapes]]:
    """Lamp posts, trees, bollards, planters and bushes; some stand in front of people."""
    found = []
    del way, road
    for _ in range(int(rng.choice([0, 1, 2, 3, 4], p=[0.2, 0.25, 0.25, 0.2, 0.1]))):
        pixel = np.array([rng.uniform(0, camera.width), rng.uniform(0.35, 1.0) * camera.height])
        place = camera.ground(pixel)
        if not np.isfinite(place).all() or place[1] > back or place[1] < 2.0:
            continue
        tone = float(rng.uniform(15, 120))
        found.append((float(place[0]), float(place[1]), _fixture(rng, (tone, tone * 1.02, tone * 1.04))))
    return found


def _fixture(rng: np.random.Generator, colour: Colour) -> Shapes:
    kind = str(rng.choice(["lamp", "tree", "bollard", "planter", "bush"], p=[0.4, 0.2, 0.15, 0.15, 0.1]))

    def pole(low: float, high: float, radius: float, tone: Colour) -> Shapes:
        return rods([(np.array([0, 0, low]), np.array([0, 0, high]), radius)], tone, 0)

    if kind == "lamp":
        return pole(0.0, float(rng.uniform(3, 7)), float(rng.uniform(0.05, 0.1)), colour)
    if kind == "tree":
        crown = (20.0, float(rng.uniform(35, 90)), 30.0)
        return pole(0.0, 2.6, float(rng.uniform(0.1, 0.22)), (35, 50, 65)) + pole(3.6, 5.0, 1.4, crown)
    if kind == "bollard":
        return pole(0.0, float(rng.uniform(0.6, 1.0)), 0.08, colour)
    if kind == "planter":
        size = (float(rng.uniform(0.6, 2.5)), float(rng.uniform(0.5, 1.0)), float(rng.uniform(0.3, 0.8)))
        return cuboid((0.0, 0.0, 0.0), size, colour, 0)
    spots = [(rng.uniform(-0.7, 0.7), rng.uniform(-0.3, 0.3), rng.uniform(0.2, 0.6)) for _ in range(5)]
    return rods([(np.array(s), np.array(s), float(rng.uniform(0.25, 0.45))) for s in spots], (25, 60, 40), 0)
