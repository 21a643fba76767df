"""What several events share: ordinary walkers and talkers, and courses that change in view."""

from dataclasses import replace

import numpy as np

from syrfa.world.events.stage import Stage
from syrfa.world.events.trajectory import Trajectory
from syrfa.world.people import poses
from syrfa.world.people.actors import Actor, person, walking_pose
from syrfa.world.people.body import Body
from syrfa.world.people.gait import LOAD, GaitStyle, sample_elder_style, sample_style


def whole(stage: Stage) -> tuple[int, int]:
    """All frames of the clip: first and last."""
    return 0, stage.frames - 1


def dressed_style(stage: Stage, body: Body) -> GaitStyle:
    """How this person walks: by age, and with the arms that carry something held still."""
    style = sample_elder_style(stage.rng) if body.age == "elder" else sample_style(stage.rng)
    carried = {"hand bag": (style.held[0], True), "two bags": (True, True)}.get(body.wardrobe.carries)
    return style if carried is None else replace(style, held=carried, hold=LOAD)


def walker(
    stage: Stage, event: str, course: Trajectory, body: Body | None = None, style: GaitStyle | None = None
) -> Actor:
    """Somebody who goes along `course` at its speed; an adult in a style of their own unless given."""
    if all(course is not other for other in stage.taken):  # the leader of a group has taken its course already
        stage.taken.append(course)
    body = body or stage.body()
    style = style or dressed_style(stage, body)
    pose = walking_pose(body, style, course, stage.fps, float(stage.rng.random()))
    return person(event, body, next(stage.ids), course, pose)


def talker(stage: Stage, event: str, course: Trajectory) -> Actor:
    """Somebody who stands and moves the arms now and then."""
    body, rate, start = stage.body(), float(stage.rng.uniform(0.5, 2.5)), float(stage.rng.uniform(0, 20))
    stage.taken.append(course)
    return person(
        event, body, next(stage.ids), course, lambda frame: poses.talking(body, start + frame / stage.fps, rate)
    )


def halting(stage: Stage, speed: float) -> Trajectory:
    """A way with a halt of one to three seconds somewhere in view."""
    rng, middle = stage.rng, int(stage.rng.integers(stage.frames))
    course = stage.way(speed, middle, stop=(middle, middle + int(rng.uniform(1, 3) * stage.fps)))
    stage.taken.append(course)
    return course


def halting_at(stage: Stage, speed: float, frame: int) -> Trajectory:
    """A way that ends in view at `frame`."""
    at = min(max(frame, 0), stage.frames - 1)
    course = stage.way(speed, at, stop=(frame, 10 * stage.frames + frame))
    stage.taken.append(course)
    return course


def changing(stage: Stage, before: float, after: float, frame: int) -> Trajectory:
    """A way whose speed changes in view at `frame`, within half a second."""
    share = np.clip((np.arange(stage.frames) - frame) / (0.5 * stage.fps), 0, 1)
    at = min(frame, stage.frames - 1)
    course = stage.way(
        1.0, at, wander=0.04, first=lambda way: way.repaced(before + (after - before) * share, at, stage.fps)
    )
    stage.taken.append(course)
    return course
