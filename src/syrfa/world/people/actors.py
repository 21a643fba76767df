"""An actor: where it is, what it looks like in each frame, and when it is abnormal."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from syrfa.world.events.trajectory import Trajectory
from syrfa.world.people.body import Body, clothed
from syrfa.world.people.gait import GaitStyle, cycles, gait_pose
from syrfa.world.people.shapes import Shapes
from syrfa.world.people.skeleton import mixed, risen
from syrfa.world.scene.camera import Points

Pose = Callable[[int], Points]  # joints (17, 3) of a frame, in local axes


@dataclass
class Actor:
    """Somebody, with what they ride or push."""

    event: str  # what it does, e.g. `walk` or `cycling`.
    course: Trajectory  # where it is
    local: Callable[[int], Shapes]  # its shapes in a frame, in local axes (forward, left, up)
    owners: tuple[int, ...]  # ids of its parts in the mask
    abnormal: tuple[int, int] | None = None  # first and last abnormal frame, or None
    size: float = 1.0  # half its length in metres

    def place(self, frame: int) -> tuple[float, float]:
        """Its ground point in metres."""
        return float(self.course.x[frame]), float(self.course.y[frame])

    def shapes(self, frame: int) -> Shapes:
        """Its shapes in the world."""
        return self.local(frame).placed(*self.place(frame), float(self.course.heading[frame]))


def person(
    event: str, body: Body, owner: int, course: Trajectory, pose: Pose, abnormal: tuple[int, int] | None = None
) -> Actor:
    """An actor that is one person."""
    return Actor(event, course, lambda frame: clothed(pose(frame), body, owner), (owner,), abnormal)


def phases(body: Body, style: GaitStyle, course: Trajectory, fps: float, start: float = 0.0) -> Points:
    """Gait phase (frames,) along a course: cycles so far, beginning with `start`."""
    return start + np.cumsum(cycles(body, style, course.speed)) / fps


def walking_pose(body: Body, style: GaitStyle, course: Trajectory, fps: float, start: float) -> Pose:
    """The pose of somebody who walks, runs or stands, as fast as `course` says."""
    phase = phases(body, style, course, fps, start)
    return lambda frame: gait_pose(body, style, float(phase[frame]), float(course.speed[frame]), frame / fps)


def blended(first: Pose, second: Pose, onset: int, length: float) -> Pose:
    """`first` until frame `onset`, `second` from `length` frames later on, a smooth passage between."""

    def pose(frame: int) -> Points:
        share = min(max((frame - onset) / max(length, 1.0), 0.0), 1.0)
        if share == 0.0:
            return first(frame)
        if share == 1.0:
            return second(frame)
        return risen(mixed(first(frame), second(frame), share * share * (3 - 2 * share)))

    return pose
