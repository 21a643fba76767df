"""Those who are in the wrong place or go the wrong way, though they walk like anybody else."""

import numpy as np

from syrfa.world.events.casting import walker, whole
from syrfa.world.events.placement import longest, off_road_spot, passing, road_place, the_road, traced
from syrfa.world.events.stage import Stage
from syrfa.world.events.trajectory import drift
from syrfa.world.people.actors import Actor


def jaywalking(stage: Stage) -> list[Actor]:
    """Somebody who crosses the road where they like, 1 to 2 m/s; abnormal while on it."""
    rng, road = stage.rng, the_road(stage)
    speed = float(rng.uniform(1.0, 2.0))
    # in the middle of the road somewhat after stepping on it
    frame = min(stage.moment() + int(road.half / speed * stage.fps), stage.frames - 1)
    heading = road.angle + 0.5 * np.pi * float(rng.choice([-1.0, 1.0])) + float(rng.normal(0, 0.3))
    course = passing(stage, road_place(stage, 0.0), frame, heading, speed)
    actor = walker(stage, "jaywalking", course)
    actor.abnormal = longest(road.holds(course.x, course.y))
    return [actor]


def wrong_way(stage: Stage) -> list[Actor]:
    """Seven to eleven who walk one way, and one who walks against them, 1 to 1.7 m/s: only that one is abnormal."""
    rng, scene = stage.rng, stage.scene
    forward = scene.path + np.pi * int(rng.integers(2))
    actors = []
    for _ in range(int(rng.integers(7, 12))):
        frame, spot = int(rng.integers(stage.frames)), off_road_spot(stage)
        course = passing(stage, spot, frame, forward + float(rng.normal(0, 0.1)), float(rng.uniform(0.9, 1.5)))
        actors.append(walker(stage, "wrong_way", course))
    middle = int(rng.uniform(0.3, 0.7) * stage.frames)
    against = forward + np.pi + float(rng.normal(0, 0.1))
    one = walker(
        stage, "wrong_way", passing(stage, off_road_spot(stage), middle, against, float(rng.uniform(1.0, 1.7)))
    )
    one.abnormal = whole(stage)
    return [one, *actors]


def loitering(stage: Stage) -> list[Actor]:
    """Somebody who strolls to and fro about one place without ever leaving it; throughout."""
    rng, place = stage.rng, off_road_spot(stage)
    seconds = np.arange(stage.frames) / stage.fps
    span, period = float(rng.uniform(1.0, 2.2)), float(rng.uniform(7.0, 12.0))
    line, start = stage.direction(), float(rng.uniform(0, 2 * np.pi))
    phase = 2 * np.pi * seconds / period + start
    along, aside = span * np.sin(phase), 0.35 * span * np.sin(2 * phase) + 0.2 * drift(rng, seconds)
    x = place[0] + along * np.cos(line) - aside * np.sin(line)
    y = place[1] + along * np.sin(line) + aside * np.cos(line)
    course = traced(x, y, stage.fps)
    stage.taken.append(course)
    actor = walker(stage, "loitering", course)
    actor.abnormal = whole(stage)
    return [actor]
