"""What people do together on a walkway: go in pairs, groups and families, crowd, talk, meet and part, queue."""

from dataclasses import replace

import numpy as np

from syrfa.world.events.casting import dressed_style, talker, walker
from syrfa.world.events.scenario import Stage
from syrfa.world.events.trajectory import Trajectory, beside, simulate, standing
from syrfa.world.people import poses
from syrfa.world.people.actors import Actor, Pose, blended, person, walking_pose


def group_speed(rng: np.random.Generator, size: int) -> float:
    """The speed in m/s of `size` people who keep together: about 0.07 m/s less for every one beside the first."""
    return float(np.clip(rng.normal(1.3 - 0.07 * (size - 1), 0.15), 0.7, 1.6))


def group(stage: Stage) -> list[Actor]:
    """Two to four who walk together, side by side, sometimes one behind."""
    rng = stage.rng
    size = int(rng.choice([2, 3, 4], p=[0.65, 0.25, 0.1]))
    lead = stage.course(group_speed(rng, size), wander=0.05, margin=0.35 + 0.7 * (size - 1))
    left = np.cumsum([0.0, *rng.uniform(0.5, 0.85, size - 1)])
    return _together(stage, "group", lead, [(float(aside), float(rng.normal(0, 0.25))) for aside in left])


def family(stage: Stage) -> list[Actor]:
    """One or two adults with one or two children between or beside them, 0.7 to 1.3 m/s."""
    rng = stage.rng
    ages = ["adult", "child", *rng.choice(["adult", "child", ""], 2, p=[0.3, 0.2, 0.5])]
    speed = float(np.clip(rng.normal(1.02, 0.13), 0.7, 1.3))
    lead = stage.course(speed, wander=0.06, margin=0.35 + 0.6 * (len(ages) - 1))
    ages = [str(age) for age in ages if age]
    left = np.cumsum([0.0, *rng.uniform(0.45, 0.65, len(ages) - 1)])
    return _together(stage, "family", lead, [(float(aside), float(rng.normal(0, 0.2))) for aside in left], ages)


def cluster(stage: Stage) -> list[Actor]:
    """Five to eight who go the same way so close together that they hide each other."""
    rng = stage.rng
    size, abreast = int(rng.integers(5, 9)), int(rng.integers(2, 4))
    lead = stage.course(group_speed(rng, 4), wander=0.04, margin=0.35 + 0.6 * (abreast - 1))
    places = []
    for index in range(size):
        left = float(np.clip(0.55 * (index % abreast) + rng.normal(0, 0.1), 0.0, 0.6 * (abreast - 1)))
        places.append((left, -0.75 * (index // abreast) + float(rng.normal(0, 0.12))))
    return _together(stage, "cluster", lead, places)


def _together(
    stage: Stage, event: str, lead: Trajectory, places: list[tuple[float, float]], ages: list[str] | None = None
) -> list[Actor]:
    """Walkers at `places` (left, ahead) in metres from a leader; without those who would have to walk on the road."""
    actors = []
    for index, place in enumerate(places):
        course = lead.beside(*place)
        if index == 0 or not stage.trespasses(course, 0.0):
            actors.append(walker(stage, event, course, stage.body(ages[index] if ages else "adult")))
    return actors


def talk(stage: Stage) -> list[Actor]:
    """Two to four who stand together and face each other."""
    rng, place = stage.rng, stage.spot(1.0)
    size = int(rng.choice([2, 3, 4], p=[0.62, 0.26, 0.12]))
    turn, actors = rng.uniform(0, 2 * np.pi), []
    for index in range(size):
        angle, radius = turn + 2 * np.pi * index / size, float(rng.uniform(0.4, 0.6)) + 0.08 * (size - 2)
        spot = (place[0] + radius * np.cos(angle), place[1] + radius * np.sin(angle))
        actors.append(talker(stage, "talk", standing(stage.frames, spot, float(angle + np.pi))))
    return actors


def meet(stage: Stage) -> list[Actor]:
    """Two who come from opposite sides, stop, talk for two to six seconds and go on their ways."""
    rng, place = stage.rng, stage.spot(1.0)
    first = int(rng.uniform(-1.0 * stage.fps, 0.6 * stage.frames))
    stop = (first, first + int(rng.uniform(2, 6) * stage.fps))
    at = int(np.clip(first, 0, stage.frames - 1))
    line = stage.scene.path
    gap, pass_by = float(rng.uniform(0.4, 0.6)), float(rng.choice([-1, 1]) * rng.uniform(0.3, 0.42))
    actors, c, s = [], np.cos(line), np.sin(line)
    for sign, heading in ((-1.0, line), (1.0, line + np.pi)):
        spot = (place[0] + sign * (gap * c - pass_by * s), place[1] + sign * (gap * s + pass_by * c))
        speed = float(rng.uniform(1.0, 1.5))
        n, fps = stage.frames, stage.fps
        course = simulate(rng, n, fps, through=spot, at=at, heading=heading, speed=speed, wander=0.0, stop=stop)
        still = np.clip(1.0 - course.speed / speed, 0.0, 1.0)
        # while they stand they turn to each other
        facing = stage.take(replace(course, heading=course.heading + still * np.arctan2(pass_by, gap)))
        actors.append(_converser(stage, facing, stop))
    return actors


def _converser(stage: Stage, course: Trajectory, stop: tuple[int, int]) -> Actor:
    rng, body = stage.rng, stage.body()
    walking = walking_pose(body, dressed_style(stage, body), course, stage.fps, float(rng.random()))
    rate, start = float(rng.uniform(0.8, 2.5)), float(rng.uniform(0, 20))
    talking: Pose = lambda frame: poses.talking(body, start + frame / stage.fps, rate)  # noqa: E731
    halts = blended(walking, talking, stop[0], 0.5 * stage.fps)
    pose = blended(halts, walking, stop[1] - int(0.3 * stage.fps), 0.4 * stage.fps)
    return person("meet", body, next(stage.ids), course, pose)


def queue(stage: Stage) -> list[Actor]:
    """Three to seven in a line, who now and then move up by one place."""
    rng = stage.rng
    size, heading = int(rng.integers(3, 8)), stage.scene.path + np.pi * int(rng.integers(2))
    step = float(rng.uniform(0.7, 1.0))
    seconds = np.arange(stage.frames) / stage.fps
    moves = np.cumsum(rng.uniform(3.0, 9.0, 8)) - rng.uniform(0, 4)  # seconds
    place = _room(stage, heading, (step * size, step * float((moves < seconds[-1]).sum())))
    actors = []
    for index in range(size):
        advance = np.zeros(stage.frames)
        for moment in moves:  # each starts when the one before has left
            share = np.clip((seconds - moment - 0.45 * index) / 1.3, 0, 1)
            advance += step * share**2 * (3 - 2 * share)
        along, aside = advance - step * index, float(rng.normal(0, 0.07))
        turn = heading + 0.12 * np.sin(seconds * rng.uniform(0.3, 0.9) + rng.uniform(0, 6))
        x, y = beside(place, heading, along, aside)
        course = stage.take(Trajectory(x, y, turn, np.gradient(advance, 1 / stage.fps)))
        actors.append(walker(stage, "queue", course))
    return actors


def _room(stage: Stage, heading: float, reach: tuple[float, float]) -> tuple[float, float]:
    """A spot in view with no road within `reach` metres behind and before it."""
    road, along = stage.scene.road, np.linspace(-reach[0], reach[1], 20)
    for _ in range(20):
        x, y = stage.spot(1.0)
        if road is None or not road.holds(x + along * np.cos(heading), y + along * np.sin(heading), 0.35).any():
            return x, y
    return stage.spot(sum(reach) + 0.5)
