"""Where an actor is, frame by frame."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syrfa.world.scene.camera import Points

_Value = Any  # a number or (frames,)


@dataclass(frozen=True)
class Trajectory:
    """Ground positions in metres, headings in radians and speeds in m/s; all (frames,)."""

    x: Points
    y: Points
    heading: Points
    speed: Points

    def __len__(self) -> int:
        return len(self.x)

    def window(self, start: int, frames: int) -> "Trajectory":
        """`frames` frames from `start` on."""
        cut = slice(start, start + frames)
        return Trajectory(self.x[cut], self.y[cut], self.heading[cut], self.speed[cut])

    def beside(self, left: float, ahead: float = 0.0) -> "Trajectory":
        """The trajectory of somebody who keeps a place relative to this one, in metres."""
        mean = float(np.mean(self.heading))
        c, s = np.cos(mean), np.sin(mean)
        return replace(self, x=self.x + (ahead * c - left * s), y=self.y + (ahead * s + left * c))

    def repaced(self, factor: Points, at: int, fps: float) -> "Trajectory":
        """The same headings at `factor` (frames,) times the speed, through the same place at frame `at`."""
        return led(self.heading, self.speed * factor, at, (self.x[at], self.y[at]), fps)


def beside(place: tuple[_Value, _Value], heading: _Value, ahead: _Value, left: _Value) -> tuple[_Value, _Value]:
    """The ground point `ahead` and `left`, in metres, of one at which somebody faces `heading`."""
    c, s = np.cos(heading), np.sin(heading)
    return place[0] + ahead * c - left * s, place[1] + ahead * s + left * c


def led(heading: Points, speed: Points, at: int, place: tuple[float, float], fps: float) -> Trajectory:
    """A course of these headings and speeds (frames,) that is at `place` in frame `at`."""
    x, y = np.cumsum(speed * np.cos(heading)) / fps, np.cumsum(speed * np.sin(heading)) / fps
    return Trajectory(x - x[at] + place[0], y - y[at] + place[1], heading, speed)


def simulate(
    rng: np.random.Generator,
    frames: int,
    fps: float,
    *,
    through: tuple[float, float],
    at: int,
    heading: float,
    speed: float,
    wander: float = 0.08,
    turn: float = 0.0,
    stop: tuple[int, int] | None = None,
) -> Trajectory:
    """A course that is at the ground point `through` (metres) in frame `at`; its steps are exactly speed / fps.

    `heading` is the mean direction, `wander` the size of its slow changes, `turn` is made about frame `at` within 1.2
    seconds, all in radians. `stop` is the first and last frame of a halt; braking and setting off take half a second.
    """
    seconds = np.arange(frames) / fps
    pace, moving = speed * (1 + 0.06 * drift(rng, seconds)), seconds
    if stop is not None:
        away = np.maximum(stop[0] - np.arange(frames), np.arange(frames) - stop[1]) / fps
        going = np.clip(away / 0.5, 0.0, 1.0)
        pace, moving = pace * going, np.cumsum(going) / fps  # who halts does not turn on the spot
    course = heading + wander * drift(rng, moving)
    course = course + turn / (1 + np.exp(-(seconds - at / fps) / 0.3))
    step = pace / fps
    x, y = np.cumsum(step * np.cos(course)), np.cumsum(step * np.sin(course))
    return Trajectory(x - x[at] + through[0], y - y[at] + through[1], course, pace)


def pausing(
    frames: int, fps: float, *, place: tuple[float, float], at: int, heading: float, speed: float, wait: float
) -> Trajectory:
    """A vehicle that comes straight along, stands at `place` from frame `at` for `wait` seconds, and goes on."""
    seconds = (np.arange(frames) - at) / fps
    pace = np.where(seconds < 0, -2.5 * seconds, 1.8 * np.maximum(seconds - wait, 0.0))  # m/s
    pace = np.minimum(pace, speed)
    way = np.cumsum(pace) / fps
    way -= way[at]
    x, y = place[0] + way * np.cos(heading), place[1] + way * np.sin(heading)
    return Trajectory(x, y, np.full(frames, heading), pace)


def standing(frames: int, place: tuple[float, float], heading: Points | float) -> Trajectory:
    """Somebody who stays where they are; `heading` a number or (frames,)."""
    x, y = np.full(frames, place[0]), np.full(frames, place[1])
    return Trajectory(x, y, np.broadcast_to(np.asarray(heading, float), (frames,)).copy(), np.zeros(frames))


def drift(rng: np.random.Generator, seconds: NDArray[np.float64]) -> Points:
    """A slow random curve of unit amplitude: three sines of 2.5 to 14 seconds."""
    periods, starts = rng.uniform(2.5, 14.0, 3), rng.uniform(0, 2 * np.pi, 3)
    return np.asarray(np.sin(2 * np.pi * seconds[:, None] / periods + starts).sum(axis=1) / np.sqrt(3))
