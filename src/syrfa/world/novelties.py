"""Abnormal events that the source never shows: an open set to be tested on."""

import numpy as np

from syrfa.world import poses
from syrfa.world.actors import Actor, blended, person, walking_pose
from syrfa.world.body import clothed
from syrfa.world.casting import changing, whole
from syrfa.world.gait import GaitStyle, sample_style
from syrfa.world.shapes import Shapes
from syrfa.world.stage import Stage
from syrfa.world.vehicles import inline_skates, kick_scooter, motor_scooter, paint, trolley, wheelchair

_SIDE = np.array([0.0, 0.28, 0.0])


def kick_scooting(stage: Stage) -> list[Actor]:
    """A kick scooter, 2 to 4.5 m/s, with a push every second or two."""
    rng, body = stage.rng, stage.body()
    course = stage.course(float(rng.uniform(2.0, 4.5)), wander=0.06, enters=True)
    period, colour = float(rng.uniform(1.0, 2.4)), paint(rng)
    rider, scooter = next(stage.ids), next(stage.ids)

    def local(frame: int) -> Shapes:
        push = ((frame / stage.fps) % period) / 0.8
        pose = poses.scooting(body, push if push < 1 else -1.0)
        return clothed(pose, body, rider) + kick_scooter(scooter, colour)

    return [Actor("kick_scooting", course, local, (rider, scooter), whole(stage))]


def inline_skating(stage: Stage) -> list[Actor]:
    """An inline skater, 2.5 to 5 m/s, with long sideways strokes."""
    rng, body = stage.rng, stage.body()
    course = stage.course(float(rng.uniform(2.5, 5.0)), wander=0.06, enters=True)
    rate, owner = float(rng.uniform(1.0, 1.7)), next(stage.ids)

    def local(frame: int) -> Shapes:
        pose = poses.skating(body, rate * frame / stage.fps)
        return clothed(pose, body, owner) + inline_skates(pose, owner)

    return [Actor("inline_skating", course, local, (owner,), whole(stage))]


def wheelchair_riding(stage: Stage) -> list[Actor]:
    """Somebody in a wheelchair, 0.8 to 1.8 m/s, pushing the wheels."""
    rng, body = stage.rng, stage.body()
    course = stage.course(float(rng.uniform(0.8, 1.8)), wander=0.05, enters=True)
    rate, colour = float(rng.uniform(0.7, 1.1)), paint(rng)
    rider, chair = next(stage.ids), next(stage.ids)

    def local(frame: int) -> Shapes:
        turn = 2 * np.pi * rate * frame / stage.fps
        hand = np.array([0.02 + 0.2 * np.sin(turn), 0.0, 0.6 + 0.08 * np.cos(turn)])
        hands = np.stack([hand + _SIDE, hand - _SIDE])
        pose = poses.seated(body, 0.46, hands)
        return clothed(pose, body, rider) + wheelchair(chair, colour, 0.5)

    return [Actor("wheelchair", course, local, (rider, chair), whole(stage))]


def crawling(stage: Stage) -> list[Actor]:
    """A walker who goes down and crawls on hands and knees."""
    rng, body, onset = stage.rng, stage.body(), stage.moment()
    walking, speed = float(rng.uniform(0.9, 1.5)), float(rng.uniform(0.35, 0.8))
    course = changing(stage, walking, speed, onset)
    phase = np.cumsum(course.speed) / stage.fps / 0.57
    first = walking_pose(body, sample_style(rng), course, stage.fps, float(rng.random()))
    pose = blended(first, lambda frame: poses.crawling(body, float(phase[frame])), onset, 0.9 * stage.fps)
    return [person("crawling", body, next(stage.ids), course, pose, (onset, stage.frames - 1))]


def jumping(stage: Stage) -> list[Actor]:
    """A walker who begins to hop on both feet."""
    rng, body, onset = stage.rng, stage.body(), stage.moment()
    course = changing(stage, float(rng.uniform(0.9, 1.5)), float(rng.uniform(0.0, 1.2)), onset)
    rate, high = float(rng.uniform(1.3, 1.9)), float(rng.uniform(0.18, 0.42))
    first = walking_pose(body, sample_style(rng), course, stage.fps, float(rng.random()))
    second = lambda frame: poses.jumping(body, rate * (frame - onset) / stage.fps + 0.55, high)  # noqa: E731
    pose = blended(first, second, onset, 0.3 * stage.fps)
    return [person("jumping", body, next(stage.ids), course, pose, (onset, stage.frames - 1))]


def trolley_pushing(stage: Stage) -> list[Actor]:
    """Somebody who pushes a loaded trolley at walking speed."""
    rng, body = stage.rng, stage.body()
    course = stage.course(float(rng.uniform(0.8, 1.4)), wander=0.04, enters=True)
    style = GaitStyle(pace=1.0, lean=0.22)
    gait = walking_pose(body, style, course, stage.fps, float(rng.random()))
    pusher, pushed = next(stage.ids), next(stage.ids)
    load = trolley(pushed, rng)
    hands = np.array([[0.3, 0.22, 1.0], [0.3, -0.22, 1.0]])

    def local(frame: int) -> Shapes:
        walked = gait(frame)
        held = poses.holding(walked, body, hands)
        return clothed(held, body, pusher) + load

    return [Actor("trolley", course, local, (pusher, pushed), whole(stage), 2.0)]


def motor_scooting(stage: Stage) -> list[Actor]:
    """A motor scooter, 2.5 to 6 m/s."""
    rng, body = stage.rng, stage.body()
    course = stage.course(float(rng.uniform(2.5, 6.0)), wander=0.05, enters=True)
    rider, machine, colour = next(stage.ids), next(stage.ids), paint(rng)
    hands = np.array([[0.4, 0.28, 1.0], [0.4, -0.28, 1.0]])
    pose = poses.seated(body, 0.72, hands, (0.25, 0.26))
    shapes = clothed(pose, body, rider).placed(-0.25, 0.0, 0.0) + motor_scooter(machine, colour)
    return [Actor("motor_scooting", course, lambda _: shapes, (rider, machine), whole(stage), 1.2)]
