"""A road through a scene: where vehicles and bicycles belong."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from syrfa.world.scene.camera import Points


@dataclass(frozen=True)
class Road:
    """A straight road of two lanes; traffic keeps to the right.

    Attributes:
        angle: its direction in radians from world x.
        centre: a ground point on its axis, in metres.
        half: half its width in metres; each lane is that wide.
        crossing: place in metres along the axis of the crossing for people on foot, or None.
        crossing_half: half the crossing's width in metres, measured along the axis.
    """

    angle: float
    centre: tuple[float, float]
    half: float
    crossing: float | None = None
    crossing_half: float = 1.5

    def aside(self, x: Points | float, y: Points | float) -> Points:
        """Distance in metres of ground points from the axis, positive to the left of its direction."""
        east, north = np.asarray(x) - self.centre[0], np.asarray(y) - self.centre[1]
        return np.asarray(north * np.cos(self.angle) - east * np.sin(self.angle))

    def along(self, x: Points | float, y: Points | float) -> Points:
        """Place in metres of ground points along the axis, 0 at `centre`."""
        east, north = np.asarray(x) - self.centre[0], np.asarray(y) - self.centre[1]
        return np.asarray(east * np.cos(self.angle) + north * np.sin(self.angle))

    def holds(self, x: Points | float, y: Points | float, margin: float = 0.0) -> NDArray[np.bool_]:
        """Whether ground points lie on it, or within `margin` metres of it."""
        return np.asarray(np.abs(self.aside(x, y)) < self.half + margin)

    def crossed(self, x: Points | float, y: Points | float) -> NDArray[np.bool_]:
        """Whether ground points lie in the strip of the crossing, on the road or beside it."""
        if self.crossing is None:
            return np.zeros(np.shape(x), bool)
        return np.asarray(np.abs(self.along(x, y) - self.crossing) <= self.crossing_half)

    def point(self, along: float, aside: float) -> tuple[float, float]:
        """The ground point at these distances in metres along the axis and to the left of it."""
        c, s = np.cos(self.angle), np.sin(self.angle)
        return (float(self.centre[0] + along * c - aside * s), float(self.centre[1] + along * s + aside * c))

    def lane(self, forward: bool) -> tuple[float, float]:
        """A lane: how far to the left of the axis its middle runs, in metres, and the heading of its traffic."""
        return (-self.half / 2, self.angle) if forward else (self.half / 2, self.angle + np.pi)
