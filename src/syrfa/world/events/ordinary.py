"""What one person does on a walkway: walk, hurry, halt, stand, sit, telephone, carry, push or lead something."""

from dataclasses import replace

import numpy as np

from syrfa.world.events.casting import dressed_style, halting, talker, walker
from syrfa.world.events.scenario import Stage
from syrfa.world.events.trajectory import standing
from syrfa.world.people import poses
from syrfa.world.people.actors import Actor, person, walking_pose
from syrfa.world.people.body import Joint, clothed
from syrfa.world.people.gait import BEHIND, EAR, SCREEN, gait_pose
from syrfa.world.people.props import PRAM_BAR, bench, cane, dog, pram, suitcase, umbrella
from syrfa.world.people.shapes import Colour, Shapes, colour_of, rods


def free_speed(rng: np.random.Generator) -> float:
    """The speed in m/s at which an adult walks alone: 1.34 on average, deviation 0.26 (Weidmann 1993)."""
    return float(np.clip(rng.normal(1.34, 0.26), 0.7, 1.9))


def walk(stage: Stage) -> list[Actor]:
    """One walker, 0.7 to 1.9 m/s; some change direction, some halt for a while."""
    rng = stage.rng
    speed = free_speed(rng)
    if rng.random() < 0.06:
        return [walker(stage, "walk", halting(stage, speed))]
    course = stage.course(speed, wander=float(rng.uniform(0.02, 0.15)), turns=bool(rng.random() < 0.12))
    return [walker(stage, "walk", course)]


def enter(stage: Stage) -> list[Actor]:
    """A walker who comes into the picture from its edge during the clip."""
    return [walker(stage, "enter", stage.course(free_speed(stage.rng), wander=0.06, within=(0.05, 0.7)))]


def hurry(stage: Stage) -> list[Actor]:
    """A brisk walker, 1.7 to 2.0 m/s: one foot is always on the ground."""
    body = stage.body()
    style = replace(dressed_style(stage, body), pace=float(stage.rng.uniform(1.0, 1.12)), lean=0.12)
    return [walker(stage, "hurry", stage.course(float(stage.rng.uniform(1.7, 2.0)), wander=0.03), body, style)]


def elder(stage: Stage) -> list[Actor]:
    """An old person, 0.7 to 1.25 m/s; half of them with a stick, which is part of the person."""
    rng, body = stage.rng, stage.body("elder")
    style = dressed_style(stage, body)
    course = stage.course(float(np.clip(rng.normal(1.05, 0.13), 0.7, 1.25)), wander=0.05)
    if rng.random() < 0.5:
        return [walker(stage, "elder", course, body, style)]
    style = replace(style, held=(False, True), hold=(0.18, 0.45, 0.16))
    gait, owner = walking_pose(body, style, course, stage.fps, float(rng.random())), next(stage.ids)

    def local(frame: int) -> Shapes:
        pose = gait(frame)
        step = float(pose[Joint.ANKLE_L, 0])  # the stick goes with the opposite foot
        return clothed(pose, body, owner) + cane(pose[Joint.HAND_R], 0.5 * step, owner)

    return [Actor("elder", course, local, (owner,))]


def child(stage: Stage) -> list[Actor]:
    """A child that walks, 0.7 to 1.6 m/s, and wanders more than adults do."""
    body = stage.body("child")
    course = stage.course(float(np.clip(stage.rng.normal(1.15, 0.2), 0.7, 1.6)), wander=0.25)
    return [walker(stage, "child", course, body)]


def turn_round(stage: Stage) -> list[Actor]:
    """A walker who slows down, turns about and goes back."""
    rng = stage.rng
    at, speed = int(rng.uniform(0.15, 0.85) * stage.frames), free_speed(rng)
    seconds = (np.arange(stage.frames) - at) / stage.fps
    slow = 1 - 0.65 * np.exp(-((seconds / 0.6) ** 2))
    turn = float(rng.choice([-1, 1]) * rng.uniform(2.7, np.pi))
    course = stage.way(speed, at, wander=0.04, turn=turn, first=lambda way: way.repaced(slow, at, stage.fps))
    return [walker(stage, "turn_round", course)]


def halt(stage: Stage) -> list[Actor]:
    """A walker who halts in view for one to three seconds and goes on."""
    return [walker(stage, "halt", halting(stage, free_speed(stage.rng)))]


def stand(stage: Stage) -> list[Actor]:
    """Somebody who stands and looks around."""
    rng, seconds = stage.rng, np.arange(stage.frames) / stage.fps
    heading = rng.uniform(0, 2 * np.pi) + 0.2 * np.sin(seconds * rng.uniform(0.2, 0.8) + rng.uniform(0, 6))
    return [talker(stage, "stand", standing(stage.frames, stage.spot(), heading))]


def telephone(stage: Stage) -> list[Actor]:
    """Somebody with a telephone at the ear or before the eyes, who stands, or walks at 0.8 to 1.4 m/s."""
    rng, body = stage.rng, stage.body()
    hold, nod = (SCREEN, 0.45) if rng.random() < 0.6 else (EAR, 0.05)
    left = bool(rng.random() < 0.4)
    style = replace(dressed_style(stage, body), held=(left, not left), hold=hold, nod=nod)
    if rng.random() < 0.7:
        course = stage.course(float(np.clip(rng.normal(1.12, 0.15), 0.8, 1.4)), wander=0.12)
        return [walker(stage, "telephone", course, body, style)]
    seconds = np.arange(stage.frames) / stage.fps
    heading = rng.uniform(0, 2 * np.pi) + 0.25 * np.sin(seconds * rng.uniform(0.3, 0.9) + rng.uniform(0, 6))
    course = stage.take(standing(stage.frames, stage.spot(), heading))
    pose = lambda frame: gait_pose(body, style, 0.0, 0.0, frame / stage.fps)  # noqa: E731
    return [person("telephone", body, next(stage.ids), course, pose)]


def sit(stage: Stage) -> list[Actor]:
    """One to three who sit on a bench beside the walkway's axis, and move their hands a little."""
    rng = stage.rng
    wide, bright = float(rng.uniform(1.4, 2.2)), rng.uniform(40, 190)
    colour = colour_of(bright * np.clip(np.array([0.75, 0.95, 1.15]) + rng.normal(0, 0.1, 3), 0.4, 1.3))
    size = int(rng.choice([1, 2, 3], p=[0.5, 0.35, 0.15]))
    sitters = [
        (stage.body(), next(stage.ids), float(y + rng.normal(0, 0.04)), float(rng.uniform(0.4, 1.2)))
        for y in (np.arange(size) - 0.5 * (size - 1)) * min(0.62, wide / size)
    ]
    heading = stage.scene.path + float(rng.choice([-0.5, 0.5])) * np.pi + float(rng.normal(0, 0.2))
    course = stage.take(standing(stage.frames, stage.spot(1.2), heading))
    furniture = bench(wide, colour)

    def local(frame: int) -> Shapes:
        shapes = furniture
        for body, owner, aside, rate in sitters:
            move = 0.06 * np.sin(rate * frame / stage.fps + 9 * body.girth)
            hands = np.array([[0.28 + move, 0.14, 0.66 + abs(move)], [0.28 - 0.5 * move, -0.14, 0.64]])
            pose = poses.seated(body, 0.43, hands, (0.34, 0.0))
            shapes = shapes + clothed(pose, body, owner).placed(0.0, aside, 0.0)
        return shapes

    return [Actor("sit", course, local, tuple(owner for _, owner, _, _ in sitters), size=0.5 * wide)]


def _second_id(stage: Stage, owner: int) -> int:
    """The id of what somebody has with them: theirs or one of its own, as detectors do both."""
    return owner if stage.rng.random() < 0.5 else next(stage.ids)


def _colour(rng: np.random.Generator) -> Colour:
    return colour_of(np.minimum(rng.uniform(20, 200) * np.clip(1 + rng.normal(0, 0.3, 3), 0.3, 1.6), 250))


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
    case, colour, large = _second_id(stage, owner), _colour(rng), float(rng.uniform(0.0, 1.0))
    size = (0.2 + 0.12 * large, 0.36 + 0.14 * large, 0.5 + 0.25 * large)

    def local(frame: int) -> Shapes:
        pose = gait(frame)
        return clothed(pose, body, owner) + suitcase(pose[Joint.HAND_R], size, colour, case)

    return [Actor("luggage", course, local, tuple(sorted({owner, case})), size=1.2)]


def pram_pushing(stage: Stage) -> list[Actor]:
    """Somebody who pushes a pram or a pushchair, 0.7 to 1.5 m/s."""
    rng, body = stage.rng, stage.body()
    style = replace(dressed_style(stage, body), lean=float(rng.uniform(0.04, 0.14)))
    course = stage.course(float(np.clip(rng.normal(1.15, 0.17), 0.7, 1.5)), wander=0.05)
    gait, owner = walking_pose(body, style, course, stage.fps, float(rng.random())), next(stage.ids)
    pushed = _second_id(stage, owner)
    vehicle = pram(pushed, _colour(rng), float(rng.uniform(0.65, 0.9)), bool(rng.random() < 0.6))
    hands = np.array([[PRAM_BAR, 0.18, 1.0], [PRAM_BAR, -0.18, 1.0]])

    local = lambda frame: clothed(poses.holding(gait(frame), body, hands), body, owner) + vehicle  # noqa: E731
    return [Actor("pram", course, local, tuple(sorted({owner, pushed})), size=1.5)]


def dog_walking(stage: Stage) -> list[Actor]:
    """Somebody with a dog on a lead, 0.8 to 1.6 m/s; the dog has an id of its own."""
    rng, body = stage.rng, stage.body()
    course = stage.course(float(np.clip(rng.normal(1.2, 0.18), 0.8, 1.6)), wander=0.1)
    style = replace(dressed_style(stage, body), held=(False, True), hold=(0.2, 0.5, 0.15))
    gait = walking_pose(body, style, course, stage.fps, float(rng.random()))
    owner, pet = next(stage.ids), next(stage.ids)
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
