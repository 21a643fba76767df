"""What actors are made of: capsules, flat faces and rings, in metres."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from syrfa.world.scene.camera import Points

Colour = tuple[float, float, float]  # blue, green, red, each 0 to 255
_Place = Points | Sequence[float]
_CORNERS = np.array([(x, y, z) for z in (0.0, 1.0) for y in (-0.5, 0.5) for x in (-0.5, 0.5)])
_FACES = ((4, 5, 7, 6), (0, 1, 5, 4), (2, 3, 7, 6), (0, 2, 6, 4), (1, 3, 7, 5))
_NORMALS = np.array([(0, 0, 1), (0, -1, 0), (0, 1, 0), (-1, 0, 0), (1, 0, 0)], float)


@dataclass
class Face:
    """A flat convex polygon, `points` (n, 3); drawn only from the side `normal` points to, when there is one."""

    points: Points
    colour: Colour
    owner: int
    normal: Points | None = None


@dataclass
class Ring:
    """A circle `points` (n, 3) drawn as a line of `thickness` metres, or filled.

    A wheel at the side of a vehicle has a `normal`; seen from the other side it is behind all else of the vehicle.
    """

    points: Points
    colour: Colour
    owner: int
    thickness: float
    normal: Points | None = None


_Flat = TypeVar("_Flat", Face, Ring)


@dataclass
class Puff:
    """A soft, translucent ball of smoke or flame."""

    centre: Points  # (3,), metres
    radius: float  # metres; nothing is left of it at this distance
    colour: Colour  # BGR, 0 to 255
    opacity: float  # in the middle, 0 to 1
    owner: int


@dataclass
class Cloth:
    """Where clothes with a pattern are: on a trunk from `base` to `top`, both (3,); `pattern` is a number from 0."""

    base: Points
    top: Points
    pattern: int


@dataclass
class Shapes:
    """A drawable thing; `owner` numbers say whose pixels they become in the id mask (0 = nobody's)."""

    start: Points = field(default_factory=lambda: np.zeros((0, 3)))  # (k, 3), one end of each capsule
    end: Points = field(default_factory=lambda: np.zeros((0, 3)))  # (k, 3), the other end
    radius: Points = field(default_factory=lambda: np.zeros((0, 2)))  # (k, 2), radii in metres at both ends
    colour: Points = field(default_factory=lambda: np.zeros((0, 3)))  # (k, 3), BGR, 0 to 255
    owner: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))  # (k,)
    faces: list[Face] = field(default_factory=list)  # flat polygons
    rings: list[Ring] = field(default_factory=list)  # circles
    puffs: list[Puff] = field(default_factory=list)  # smoke and flames, painted over all else of the thing
    cloths: list[Cloth] = field(default_factory=list)  # clothes with a pattern

    def __add__(self, other: "Shapes") -> "Shapes":
        """Both together."""
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        parts: list[Any] = [a + b if isinstance(a, list) else np.concatenate([a, b]) for a, b in pairs]
        return Shapes(*parts)

    def placed(self, x: float, y: float, heading: float) -> "Shapes":
        """Turned by `heading` (radians, counter-clockwise from world x) and moved to the ground point (x, y)."""
        c, s = np.cos(heading), np.sin(heading)
        return self.moved(np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]]), np.array([x, y, 0.0]))

    def moved(self, turn: Points, move: Points) -> "Shapes":
        """Turned by a rotation (3, 3) that multiplies points from the right, then moved by (3,) metres."""
        return replace(
            self,
            start=self.start @ turn + move,
            end=self.end @ turn + move,
            faces=[_flat_moved(face, turn, move) for face in self.faces],
            rings=[_flat_moved(ring, turn, move) for ring in self.rings],
            puffs=[replace(puff, centre=puff.centre @ turn + move) for puff in self.puffs],
            cloths=[
                replace(cloth, base=cloth.base @ turn + move, top=cloth.top @ turn + move) for cloth in self.cloths
            ],
        )


def _flat_moved(flat: _Flat, turn: Points, move: Points) -> _Flat:
    return replace(flat, points=flat.points @ turn + move, normal=None if flat.normal is None else flat.normal @ turn)


def colour_of(values: Points) -> Colour:
    """Three numbers, kept within 0 to 255."""
    blue, green, red = np.clip(values, 0, 255)
    return (float(blue), float(green), float(red))


def shaded(colour: Colour, share: float) -> Colour:
    """The colour `share` times as bright."""
    return (colour[0] * share, colour[1] * share, colour[2] * share)


def rods(segments: Sequence[tuple[_Place, _Place, float]], colour: Colour, owner: int) -> Shapes:
    """Capsules of one colour; each segment is (start, end, radius in metres)."""
    return Shapes(
        np.array([s[0] for s in segments], float),
        np.array([s[1] for s in segments], float),
        np.array([(s[2], s[2]) for s in segments], float),
        np.tile(np.array(colour, float), (len(segments), 1)),
        np.full(len(segments), owner),
    )


def cuboid(
    centre: tuple[float, float, float], size: tuple[float, float, float], colour: Colour, owner: int, slope: float = 0.0
) -> Shapes:
    """A box of `size` (length, width, height) whose base is about `centre`, in metres; all faces but the lower one.

    The sides are darker than `colour`; the upper front edge lies `slope` metres behind the lower one.
    """
    points = _CORNERS * np.array(size) + np.array(centre)
    points[(5, 7), 0] -= slope
    sides = zip(_FACES, _NORMALS, (1.0, 0.78, 0.78, 0.7, 0.86), strict=True)
    return Shapes(faces=[Face(points[list(at)], shaded(colour, shade), owner, out) for at, out, shade in sides])


def wheel(
    x: float, y: float, radius: float, colour: Colour, owner: int, thickness: float = 0.0, hub: Colour | None = None
) -> Shapes:
    """An upright wheel that rolls forward: a ring of `thickness` metres, or a disc for 0."""
    angle = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    circle = np.stack([np.cos(angle), np.zeros(20), np.sin(angle)], axis=1)
    centre = np.array([x, y, radius])
    outward = np.array([0.0, np.sign(y), 0.0]) if y and thickness == 0 else None
    rings = [Ring(centre + radius * circle, colour, owner, thickness, outward)]
    if hub is not None:
        rings.append(Ring(centre + 0.5 * radius * circle, hub, owner, 0.0, outward))
    return Shapes(rings=rings)
