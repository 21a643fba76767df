"""What several events share: ordinary walkers and talkers, and courses that change in view."""

import numpy as np

from syrfa.world import poses
from syrfa.world.actors import Actor, person, walking_pose
from syrfa.world.gait import sample_style
from syrfa.world.stage import Stage
from syrfa.world.trajectory import Trajectory, simulate


def whole(stage: Stage) -> tuple[int, int]:
    """All frames of the clip: first and last."""
    return 0, stage.frames - 1


def walker(stage: Stage, event: str, course: Trajectory) -> Actor:
    """Somebody who goes along `course` at its speed."""
    body, style = stage.body(), sample_style(stage.rng)
    pose = walking_pose(body, style, course, stage.fps, float(stage.rng.random()))
    return person(event, body, next(stage.ids), course, pose)


def talker(stage: Stage, event: str, course: Trajectory) -> Actor:
    """Somebody who stands and moves the arms now and then."""
    body, rate, start = stage.body(), float(stage.rng.uniform(0.5, 2.5)), float(stage.rng.uniform(0, 20))
    stage.taken.append(course)
    return person(
        event, body, next(stage.ids), course, lambda frame: poses.talking(body, start + frame / stage.fps, rate)
    )


def halting(stage: Stage, course: Trajectory, speed: float) -> Trajectory:
    """The same way with a halt of one to three seconds somewhere."""
    rng, middle = stage.rng, int(stage.rng.integers(stage.frames))
    stop = (middle, middle + int(rng.uniform(1, 3) * stage.fps))
    place = (float(course.x[middle]), float(course.y[middle]))
    heading = float(course.heading[middle])
    return simulate(rng, stage.frames, stage.fps, through=place, at=middle, heading=heading, speed=speed, stop=stop)


def halting_at(stage: Stage, speed: float, frame: int) -> Trajectory:
    """A way that ends in view at `frame`."""
    at = min(max(frame, 0), stage.frames - 1)
    course = simulate(
        stage.rng,
        stage.frames,
        stage.fps,
        through=stage.spot(),
        at=at,
        heading=stage.direction(),
        speed=speed,
        stop=(frame, 10 * stage.frames + frame),
    )
    stage.taken.append(course)
    return course


def changing(stage: Stage, before: float, after: float, frame: int) -> Trajectory:
    """A way whose speed changes in view at `frame`, within half a second."""
    course = simulate(
        stage.rng,
        stage.frames,
        stage.fps,
        through=stage.spot(),
        at=min(frame, stage.frames - 1),
        heading=stage.direction(),
        speed=1.0,
        wander=0.04,
    )
    share = np.clip((np.arange(stage.frames) - frame) / (0.5 * stage.fps), 0, 1)
    speed = course.speed * (before + (after - before) * share)
    x = np.cumsum(speed * np.cos(course.heading)) / stage.fps
    y = np.cumsum(speed * np.sin(course.heading)) / stage.fps
    at = min(frame, stage.frames - 1)
    course = Trajectory(x - x[at] + course.x[at], y - y[at] + course.y[at], course.heading, speed)
    stage.taken.append(course)
    return course
