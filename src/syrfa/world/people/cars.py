"""Road vehicles of the usual sizes, in local axes (forward, left, up), metres."""

import numpy as np

from syrfa.world.people.shapes import Colour, Face, Shapes, cuboid
from syrfa.world.people.vehicles import GLASS, wheels

CAR_KINDS: dict[str, tuple[float, float, float, float]] = {
    "hatchback": (4.0, 1.74, 1.48, 0.0),
    "saloon": (4.6, 1.8, 1.44, 0.55),
    "estate": (4.6, 1.8, 1.5, 0.05),
    "off-roader": (4.5, 1.85, 1.72, 0.0),
}
"""Length, width and height, and how far the boot sticks out behind the cabin."""

VAN_KINDS: dict[str, tuple[float, float, float]] = {
    "panel van": (5.2, 1.98, 2.25),
    "minibus": (5.4, 1.98, 2.35),
    "box truck": (6.2, 2.15, 2.9),
}
"""Length, width and height."""

_SIDES = ((0, 1, 5, 4), (2, 3, 7, 6), (0, 2, 6, 4), (1, 3, 7, 5))
_OUT = np.array([(0, -1, 0.2), (0, 1, 0.2), (-1, 0, 0.3), (1, 0, 0.5)], float)


def car(owner: int, kind: str, colour: Colour, rng: np.random.Generator) -> Shapes:
    """A passenger car of one of `CAR_KINDS`."""
    length, width, height, boot = CAR_KINDS[kind]
    grow, low = float(rng.uniform(0.94, 1.06)), float(rng.uniform(0.2, 0.3))
    length, width = length * grow, width * float(rng.uniform(0.97, 1.03))
    belt = 0.62 * height
    nose = float(rng.uniform(0.95, 1.2))
    shapes = cuboid((0.0, 0.0, low), (length, width, belt - low), colour, owner, slope=0.12)
    rear, front = -0.5 * length + boot + 0.06, 0.5 * length - nose
    shapes += _cabin((rear, front), 0.94 * width, (belt, height), (0.3 + 0.2 * (boot > 0.3), 0.62), colour, owner)
    shapes += _lamps(owner, length, width, 0.5 * (low + belt) + 0.08)
    return shapes + wheels(owner, (-0.29 * length, 0.31 * length), 0.5 * width, float(rng.uniform(0.3, 0.34)))


def van(owner: int, kind: str, colour: Colour, rng: np.random.Generator) -> Shapes:
    """A van, minibus or small truck of one of `VAN_KINDS`."""
    length, width, height = VAN_KINDS[kind]
    height *= float(rng.uniform(0.94, 1.06))
    nose, belt = (1.5, 0.5 * height) if kind == "box truck" else (1.25, 0.52 * height)
    rear, hull = -0.5 * length, length - nose
    box: Colour = (225.0, 225.0, 225.0) if kind == "box truck" and rng.random() < 0.7 else colour
    shapes = cuboid((rear + 0.5 * hull, 0.0, 0.32), (hull, width, height - 0.32), box, owner)
    if kind == "minibus":
        for side in (0.5, -0.5):
            shapes += _pane((rear + 0.25, rear + hull - 0.2), side * width, (0.56 * height, 0.86 * height), owner)
    cab = 0.95 if kind != "box truck" else 0.78
    middle = (0.5 * length - 0.5 * nose, 0.0, 0.32)
    shapes += cuboid(middle, (nose, 0.97 * width, belt - 0.32), colour, owner, slope=0.1)
    shapes += _cabin((rear + hull, 0.5 * length - 0.1), 0.95 * width, (belt, cab * height), (0.02, 0.7), colour, owner)
    shapes += _lamps(owner, length, width, 0.42 * belt + 0.25)
    return shapes + wheels(owner, (-0.29 * length, 0.31 * length), 0.5 * width, 0.35)


def _cabin(
    along: tuple[float, float],
    width: float,
    high: tuple[float, float],
    slope: tuple[float, float],
    colour: Colour,
    owner: int,
) -> Shapes:
    """Windows that lean inwards under a roof; `slope` is how far in metres the roof begins behind either end."""
    lower = [(x, y, high[0]) for y in (-0.5, 0.5) for x in along]
    upper = [(x, y, high[1]) for y in (-0.42, 0.42) for x in (along[0] + slope[0], along[1] - slope[1])]
    points = np.array(lower + upper) * np.array([1.0, width, 1.0])
    glass = [Face(points[list(corners)], GLASS, owner, out) for corners, out in zip(_SIDES, _OUT, strict=True)]
    roof = Face(points[[4, 5, 7, 6]], colour, owner, np.array([0.0, 0.0, 1.0]))
    return Shapes(faces=[*glass, roof])


def _pane(along: tuple[float, float], aside: float, high: tuple[float, float], owner: int) -> Shapes:
    out = np.sign(aside)
    corners = np.array([(along[x], aside + 0.02 * out, high[z]) for x, z in ((0, 0), (1, 0), (1, 1), (0, 1))])
    return Shapes(faces=[Face(corners, GLASS, owner, np.array([0.0, out, 0.0]))])


def _lamps(owner: int, length: float, width: float, high: float) -> Shapes:
    faces = []
    for end, colour in ((1.0, (215.0, 225.0, 225.0)), (-1.0, (40.0, 35.0, 170.0))):
        for side in (0.36, -0.36):
            x, y = end * (0.5 * length + 0.01) - (0.06 if end > 0 else 0.0), side * width
            edges = ((-0.15, -0.06), (0.15, -0.06), (0.15, 0.08), (-0.15, 0.08))
            points = np.array([(x, y + a, high + b) for a, b in edges])
            faces.append(Face(points, colour, owner, np.array([end, 0.0, 0.0])))
    return Shapes(faces=faces)
