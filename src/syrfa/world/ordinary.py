"""What everybody may do: walk, alone or together, and stand about."""

import numpy as np

from syrfa.world.actors import Actor
from syrfa.world.casting import halting, talker, walker
from syrfa.world.stage import Stage
from syrfa.world.trajectory import standing


def walk(stage: Stage) -> list[Actor]:
    """One walker, 0.7 to 1.9 m/s; some turn, some halt for a while."""
    rng = stage.rng
    speed = float(np.clip(rng.normal(1.32, 0.2), 0.7, 1.9))
    course = stage.course(speed, wander=float(rng.uniform(0.02, 0.15)), turns=bool(rng.random() < 0.12))
    if rng.random() < 0.06:
        course = halting(stage, course, speed)
    return [walker(stage, "walk", course)]


def group(stage: Stage) -> list[Actor]:
    """Two to four who walk together, side by side, sometimes one behind."""
    rng = stage.rng
    speed = float(np.clip(rng.normal(1.2, 0.15), 0.7, 1.6))
    lead = stage.course(speed, wander=0.05)
    size = int(rng.choice([2, 3, 4], p=[0.65, 0.25, 0.1]))
    left = 0.0
    actors = []
    for _ in range(size):
        actors.append(walker(stage, "group", lead.beside(left, float(rng.normal(0, 0.25)))))
        left += float(rng.uniform(0.5, 0.85))
    return actors


def stand(stage: Stage) -> list[Actor]:
    """Somebody who stands and looks around."""
    rng = stage.rng
    seconds = np.arange(stage.frames) / stage.fps
    heading = rng.uniform(0, 2 * np.pi) + 0.2 * np.sin(seconds * rng.uniform(0.2, 0.8) + rng.uniform(0, 6))
    return [talker(stage, "stand", standing(stage.frames, stage.spot(), heading))]


def talk(stage: Stage) -> list[Actor]:
    """Two or three who stand together and face each other."""
    rng, place = stage.rng, stage.spot()
    size = int(rng.choice([2, 3], p=[0.7, 0.3]))
    turn = rng.uniform(0, 2 * np.pi)
    actors = []
    for index in range(size):
        angle = turn + 2 * np.pi * index / size
        radius = float(rng.uniform(0.4, 0.6))
        spot = (place[0] + radius * np.cos(angle), place[1] + radius * np.sin(angle))
        actors.append(talker(stage, "talk", standing(stage.frames, spot, float(angle + np.pi))))
    return actors
