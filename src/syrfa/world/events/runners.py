"""Those who run: for themselves, after somebody, or all together away from something."""

import numpy as np

from syrfa.world.events.casting import whole
from syrfa.world.events.placement import Interval, traced
from syrfa.world.events.stage import Stage
from syrfa.world.events.trajectory import Trajectory, drift
from syrfa.world.people.actors import Actor, blended, person, walking_pose
from syrfa.world.people.gait import sample_style


def running(stage: Stage) -> list[Actor]:
    """A runner, 2.5 to 5 m/s."""
    rng = stage.rng
    course = stage.course(float(rng.uniform(2.5, 5.0)), wander=0.06, enters=True, turns=bool(rng.random() < 0.1))
    return [runner(stage, "running", course, whole(stage))]


def runner(stage: Stage, event: str, course: Trajectory, abnormal: Interval) -> Actor:
    """Somebody who runs along `course` at its speed."""
    body = stage.body()
    pose = walking_pose(body, sample_style(stage.rng, running=True), course, stage.fps, float(stage.rng.random()))
    return person(event, body, next(stage.ids), course, pose, abnormal)


def chasing(stage: Stage) -> list[Actor]:
    """One runs after another, 2.6 to 4.8 m/s, 1 to 3 m behind and weaving; both are abnormal."""
    rng = stage.rng
    speed, gap = float(rng.uniform(2.6, 4.8)), float(rng.uniform(1.0, 3.0))
    lead = stage.course(speed, wander=0.3, enters=True, turns=bool(rng.random() < 0.3))
    # the pursuer was a moment ago where the other is now, and cuts corners
    ago = max(1, round(gap / speed * stage.fps))
    back = np.arange(1, ago + 1)[::-1] / stage.fps
    east, north = lead.speed[0] * np.cos(lead.heading[0]), lead.speed[0] * np.sin(lead.heading[0])
    x = np.concatenate([lead.x[0] - back * east, lead.x])[: stage.frames]
    y = np.concatenate([lead.y[0] - back * north, lead.y])[: stage.frames]
    aside = 0.25 * drift(rng, np.arange(stage.frames) / stage.fps)
    follow = traced(x - aside * np.sin(lead.heading), y + aside * np.cos(lead.heading), stage.fps)
    stage.taken.append(follow)
    return [runner(stage, "chasing", course, whole(stage)) for course in (lead, follow)]


def panic(stage: Stage) -> list[Actor]:
    """Five to nine who walk about until all run from one place at once, 2.5 to 4.5 m/s; abnormal from there on."""
    rng, onset, centre = stage.rng, stage.moment(), stage.spot()
    actors = []
    for _ in range(int(rng.integers(5, 10))):
        angle, far = float(rng.uniform(0, 2 * np.pi)), float(rng.uniform(0.8, 3.5))
        start = (centre[0] + far * np.cos(angle), centre[1] + far * np.sin(angle))
        actors.append(_fleeing(stage, start, onset + int(rng.uniform(0, 0.5) * stage.fps), angle))
    return actors


def _fleeing(stage: Stage, start: tuple[float, float], onset: int, away: float) -> Actor:
    rng, body = stage.rng, stage.body()
    seconds = (np.arange(stage.frames) - onset) / stage.fps
    share = np.clip(seconds / 0.6, 0.0, 1.0)
    slow, fast, walked = float(rng.uniform(0.0, 1.3)), float(rng.uniform(2.5, 4.5)), stage.direction()
    turn = (away + float(rng.normal(0, 0.25)) - walked + np.pi) % (2 * np.pi) - np.pi
    heading = walked + turn * share
    speed = slow + (fast - slow) * share
    x, y = np.cumsum(speed * np.cos(heading)) / stage.fps, np.cumsum(speed * np.sin(heading)) / stage.fps
    at = min(onset, stage.frames - 1)
    course = Trajectory(x - x[at] + start[0], y - y[at] + start[1], heading, speed)
    stage.taken.append(course)
    calm = walking_pose(body, sample_style(rng), course, stage.fps, float(rng.random()))
    quick = walking_pose(body, sample_style(rng, running=True), course, stage.fps, float(rng.random()))
    pose = blended(calm, quick, onset, 0.5 * stage.fps)
    return person("panic", body, next(stage.ids), course, pose, (min(onset, stage.frames - 1), stage.frames - 1))
