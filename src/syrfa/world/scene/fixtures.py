"""Things that stand about: lamp posts, trees, benches, signs, bollards, planters and bushes."""

import numpy as np

from syrfa.world.people.shapes import Colour, Shapes, cuboid, rods
from syrfa.world.scene.camera import Camera
from syrfa.world.scene.layout import Road
from syrfa.world.scene.light import INDOOR, Light

_KINDS = ("lamp", "tree", "bench", "sign", "bollard", "planter", "bush", "bin", "fence")
_SHARES = np.array([0.24, 0.17, 0.1, 0.08, 0.1, 0.1, 0.1, 0.06, 0.05])
_INDOORS = ("pillar", "bench", "planter", "bin", "sign")


def sample_fixtures(
    rng: np.random.Generator, camera: Camera, way: Road, back: float, road: Road | None, light: Light
) -> list[tuple[float, float, Shapes]]:
    """Draws none to six things, most at the sides of the walkway `way`, none on a road nor beyond y = `back` metres."""
    found = []
    for east, north, high in light.lamps if light.kind == "night" else ():
        if 2.0 < north < back and (road is None or not road.holds(east, north, 0.5)):
            found.append((east, north, _lamp(high, (45.0, 45.0, 45.0))))
    for _ in range(int(rng.choice([0, 1, 2, 3, 4, 6], p=[0.15, 0.2, 0.25, 0.2, 0.12, 0.08]))):
        place = camera.ground(np.array([rng.uniform(0, camera.width), rng.uniform(0.2, 1.0) * camera.height]))
        if not np.isfinite(place).all() or place[1] > back or place[1] < 2.0:
            continue
        x, y = float(place[0]), float(place[1])
        if (road is not None and road.holds(x, y, 0.5)) or (way.holds(x, y, -0.5) and rng.random() < 0.6):
            continue
        kind = str(rng.choice(_INDOORS) if light.kind == INDOOR else rng.choice(_KINDS, p=_SHARES))
        found.append((x, y, _fixture(rng, kind)))
    return found


def _pole(low: float, high: float, radius: float, tone: Colour) -> Shapes:
    return rods([((0, 0, low), (0, 0, high), radius)], tone, 0)


def _lamp(high: float, tone: Colour) -> Shapes:
    head = rods([((0, 0, high), (0.6, 0, high + 0.1), 0.05)], tone, 0)
    return _pole(0.0, high, 0.06, tone) + _pole(0.0, 0.8, 0.1, tone) + head


def _fixture(rng: np.random.Generator, kind: str) -> Shapes:
    level = float(rng.uniform(15, 130))
    tone: Colour = (level, level * 1.02, level * 1.04)
    if kind == "lamp":
        return _lamp(float(rng.uniform(3, 7)), tone)
    if kind == "tree":
        return _tree(rng)
    if kind == "bollard":
        return _pole(0.0, float(rng.uniform(0.6, 1.0)), 0.08, tone)
    if kind == "bin":
        return _pole(0.1, float(rng.uniform(0.6, 0.8)), 0.24, tone)
    if kind == "pillar":
        return _pole(0.0, 4.0, float(rng.uniform(0.18, 0.4)), (level + 80, level + 80, level + 80))
    if kind == "bench":
        wood: Colour = (0.5 * level + 20, 0.8 * level + 20, level + 30)
        legs = [((0, s, 0.0), (0, s, 0.42), 0.04) for s in (-0.7, 0.7)]
        seat = cuboid((0.0, 0.0, 0.4), (0.45, 1.7, 0.06), wood, 0)
        return rods(legs, (40.0, 40.0, 40.0), 0) + seat + cuboid((-0.22, 0.0, 0.5), (0.05, 1.7, 0.35), wood, 0)
    if kind == "sign":
        blue, green, red = (float(v) for v in rng.uniform(30, 230, 3))
        return _pole(0.0, 2.5, 0.03, tone) + cuboid((0.0, 0.0, 2.0), (0.03, 0.5, 0.5), (blue, green, red), 0)
    if kind == "fence":
        bars = [((0, y, 0), (0, y, 1.0), 0.02) for y in np.arange(-2.0, 2.1, 0.25)]
        return rods([*bars, *(((0, -2.0, z), (0, 2.0, z), 0.025) for z in (0.15, 1.0))], tone, 0)
    if kind == "planter":
        size = (float(rng.uniform(0.6, 2.0)), float(rng.uniform(0.5, 1.2)), float(rng.uniform(0.3, 0.7)))
        return cuboid((0.0, 0.0, 0.0), size, tone, 0) + _foliage(rng, 8, (0.3, 0.3, 0.2), size[2] + 0.2, 0.25)
    return _foliage(rng, 14, (0.7, 0.5, 0.3), 0.4, 0.35)


def _foliage(
    rng: np.random.Generator, count: int, spread: tuple[float, float, float], high: float, size: float
) -> Shapes:
    spots = rng.normal(0, 0.5, (count, 3)) * np.array(spread)
    green = np.array([0.55, 1.1, 0.85]) * rng.uniform(35, 85)
    shapes = Shapes()
    for spot in spots[np.argsort(spots[:, 2])]:
        blue, mid, red = green * (1 + 0.35 * spot[2] / spread[2]) * rng.uniform(0.8, 1.2)
        place = np.array([spot[0], spot[1], max(high + spot[2], 0.3 * size)])
        shapes += rods([(place, place, float(size * rng.uniform(0.6, 1.1)))], (float(blue), float(mid), float(red)), 0)
    return shapes


def _tree(rng: np.random.Generator) -> Shapes:
    trunk, crown = float(rng.uniform(1.6, 3.0)), float(rng.uniform(0.8, 1.6))
    bark: Colour = (45.0, 55.0, 65.0)
    shapes = _pole(0.0, trunk + 0.5 * crown, float(rng.uniform(0.07, 0.2)), bark)
    return shapes + _foliage(rng, 40, (1.3 * crown, 1.3 * crown, crown), trunk + crown, 0.45 * crown)
