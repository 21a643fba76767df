"""What people carry, pull, push or lead on a walkway: umbrella, suitcase, pram, dog."""

from dataclasses import replace

import numpy as np

from syrfa.world.events.casting import dressed_style
from syrfa.world.events.ordinary import free_speed
from syrfa.world.events.stage import Stage
from syrfa.world.people import poses
from syrfa.world.people.actors import Actor, walking_pose
from syrfa.world.people.body import Joint, clothed
from syrfa.world.people.gait import BEHIND
from syrfa.world.people.props import PRAM_BAR, dog, pram, suitcase, umbrella
from syrfa.world.people.shapes import Colour, Shapes, rods


def _second_id(stage: Stage, owner: int) -> int:
    """The id of what somebody has with them: theirs or one of its own, as detectors do both."""
    return owner if stage.rng.random() < 0.5 else next(stage.ids)


def _owners(owner: int, other: int) -> tuple[int, ...]:
    return (owner,) if owner == other else (owner, other)


def _colour(rng: np.random.Generator) -> Colour:
    blue, green, red = rng.uniform(20, 200) * np.clip(1 + rng.normal(0, 0.3, 3), 0.3, 1.6)
    return (float(min(blue, 250)), float(min(green, 250)), float(min(red, 250)))


def shelter(stage: Stage) -> list[Actor]:
    """A walker under an open umbrella, which is part of the person."""
    rng, body = stage.rng, stage.body()
    left = bool(rng.random() < 0.5)
    style = replace(dressed_style(stage, body), held=(left, not left), hold=(0.35, 1.75, 0.05))
    course = stage.course(free_speed(rng), wander=0.06)
    gait, owner = walking_pose(body, style, course, stage.fps, float(rng.random())), next(stage.ids)
    crown, radius, colour = body.height + float(rng.uniform(0.2, 0.32)), float(rng.uniform(0.45, 0.62)), _colour(rng)
    hand = Joint.HAND_L if left else Joint.HAND_R

    def local(frame: int) -> Shapes:
        pose = gait(frame)
        return clothed(pose, body, owner) + umbrella(pose[hand], crown, radius, colour, owner)

    return [Actor("shelter", course, local, (owner,))]


def luggage(stage: Stage) -> list[Actor]:
    """A walker who pulls a suitcase on wheels."""
    rng, body = stage.rng, stage.body()
    style = replace(dressed_style(stage, body), held=(False, True), hold=BEHIND)
    course = stage.course(float(np.clip(rng.normal(1.28, 0.2), 0.7, 1.7)), wander=0.05)
    gait, owner = walking_pose(body, style, course, stage.fps, float(rng.random())), next(stage.ids)
    case, colour = _second_id(stage, owner), _colour(rng)
    large = float(rng.uniform(0.0, 1.0))
    size = (0.2 + 0.12 * large, 0.36 + 0.14 * large, 0.5 + 0.25 * large)

    def local(frame: int) -> Shapes:
        pose = gait(frame)
        return clothed(pose, body, owner) + suitcase(pose[Joint.HAND_R], size, colour, case)

    return [Actor("luggage", course, local, _owners(owner, case), size=1.2)]


def pram_pushing(stage: Stage) -> list[Actor]:
    """Somebody who pushes a pram or a pushchair, 0.7 to 1.5 m/s."""
    rng, body = stage.rng, stage.body()
    style = replace(dressed_style(stage, body), lean=float(rng.uniform(0.04, 0.14)))
    course = stage.course(float(np.clip(rng.normal(1.15, 0.17), 0.7, 1.5)), wander=0.05)
    gait, owner = walking_pose(body, style, course, stage.fps, float(rng.random())), next(stage.ids)
    pushed = _second_id(stage, owner)
    vehicle = pram(pushed, _colour(rng), float(rng.uniform(0.65, 0.9)), bool(rng.random() < 0.6))
    hands = np.array([[PRAM_BAR, 0.18, 1.0], [PRAM_BAR, -0.18, 1.0]])

    def local(frame: int) -> Shapes:
        return clothed(poses.holding(gait(frame), body, hands), body, owner) + vehicle

    return [Actor("pram", course, local, _owners(owner, pushed), size=1.5)]


def dog_walking(stage: Stage) -> list[Actor]:
    """Somebody with a dog on a lead, 0.8 to 1.6 m/s; the dog has an id of its own."""
    rng, body = stage.rng, stage.body()
    course = stage.course(float(np.clip(rng.normal(1.2, 0.18), 0.8, 1.6)), wander=0.1)
    style = replace(dressed_style(stage, body), held=(False, True), hold=(0.2, 0.5, 0.15))
    gait, owner, pet = (
        walking_pose(body, style, course, stage.fps, float(rng.random())),
        next(stage.ids),
        next(stage.ids),
    )
    size, colour = float(rng.uniform(0.22, 0.5)), _colour(rng)
    ahead, aside = float(rng.uniform(-0.1, 1.3)), -float(rng.uniform(0.35, 0.9))
    legs = np.cumsum(course.speed / (1.9 * size + 0.25)) / stage.fps
    pull, start = float(rng.uniform(0.2, 0.6)), float(rng.uniform(0, 6))

    def local(frame: int) -> Shapes:
        pose = gait(frame)
        shift = ahead + 0.25 * np.sin(pull * frame / stage.fps + start)
        animal = dog(float(legs[frame]), float(min(course.speed[frame] / 0.8, 1.0)), size, colour, pet)
        neck = np.array([shift + 0.55 * size, aside, 1.05 * size])
        lead = rods([(pose[Joint.HAND_R], neck, 0.008)], (40.0, 40.0, 40.0), owner)
        return clothed(pose, body, owner) + lead + animal.placed(shift, aside, 0.0)

    return [Actor("dog", course, local, (owner, pet), size=1.8)]
