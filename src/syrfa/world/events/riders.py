"""Those who ride on a walkway: bicycles, boards, skates, scooters, wheelchairs."""

import numpy as np

from syrfa.world.events.casting import mounted, walkway_course, whole
from syrfa.world.events.scenario import Stage
from syrfa.world.people import poses
from syrfa.world.people.actors import Actor
from syrfa.world.people.body import clothed
from syrfa.world.people.shapes import Shapes
from syrfa.world.people.skeleton import mirrored, mixed
from syrfa.world.people.vehicles import (
    bicycle,
    inline_skates,
    kick_scooter,
    motor_scooter,
    paint,
    skateboard,
    wheelchair,
)

_SIDE = np.array([0.0, 0.28, 0.0])


def cycling(stage: Stage) -> list[Actor]:
    """A cyclist, 1.7 to 6 m/s; one in five coasts."""
    rng, body = stage.rng, stage.body()
    course, off = walkway_course(stage, float(rng.uniform(1.7, 6.0)), 0.06)
    gear = float(rng.uniform(3.0, 6.0))  # metres a turn of the crank
    coasting = rng.random() < 0.2
    travel = np.cumsum(course.speed) / stage.fps
    crank = rng.uniform(0, 6.3) + (0.0 if coasting else 2 * np.pi / gear) * travel
    radius = float(rng.uniform(0.29, 0.36))
    seat, grip = float(0.5 * body.height + rng.uniform(-0.04, 0.06)), float(rng.uniform(0.92, 1.12))
    lean, basket, colour = float(rng.uniform(0.25, 0.95)), bool(rng.random() < 0.15), paint(rng)
    if rng.random() < 0.6:
        value = float(rng.uniform(10, 80))
        colour = (value, value, value)
    rider, bike, owners = mounted(stage)

    def local(frame: int) -> Shapes:
        angle = float(crank[frame])
        pose = poses.cycling(body, angle, seat, lean, grip)
        return clothed(pose, body, rider) + bicycle(bike, colour, seat, grip, radius, angle, basket)

    return [Actor("cycling", course, local, owners, off, 1.1)]


def skateboarding(stage: Stage) -> list[Actor]:
    """A skateboarder, 1.7 to 4.5 m/s, gliding, with a push now and then."""
    rng, body = stage.rng, stage.body()
    course = stage.course(float(rng.uniform(1.7, 4.5)), wander=0.1, enters=True)
    crouch, balance = float(rng.uniform(0.03, 0.2)), float(rng.uniform(0.1, 0.7))
    period, start = float(rng.uniform(2.0, 6.0)), float(rng.uniform(0, 6))
    colour = paint(rng)
    rider, board, owners = mounted(stage)
    stance, goofy = float(rng.uniform(0.7, 1.4)), bool(rng.random() < 0.5)  # goofy: the right foot leads

    def local(frame: int) -> Shapes:
        push, near = poses.pushing(frame / stage.fps + start, period, 0.9)
        glide = poses.gliding(body, -1.0, 0.12, crouch, balance, stance)
        stroke = poses.gliding(body, push, 0.12, crouch, balance)
        pose, turn = mixed(glide, stroke, near), -stance * (1 - near)  # gliding, the body stands across the board
        turned = clothed(mirrored(pose) if goofy else pose, body, rider).placed(0.0, 0.0, -turn if goofy else turn)
        return turned + skateboard(board, colour)

    return [Actor("skateboarding", course, local, owners, whole(stage))]


def kick_scooting(stage: Stage) -> list[Actor]:
    """A kick scooter, 2 to 4.5 m/s, with a push every second or two."""
    rng, body = stage.rng, stage.body()
    course, off = walkway_course(stage, float(rng.uniform(2.0, 4.5)), 0.06)
    period, colour = float(rng.uniform(1.0, 2.4)), paint(rng)
    rider, scooter, owners = mounted(stage)

    def local(frame: int) -> Shapes:
        push, near = poses.pushing(frame / stage.fps, period, 0.8)
        pose = mixed(poses.scooting(body, -1.0), poses.scooting(body, push), near)
        return clothed(pose, body, rider) + kick_scooter(scooter, colour)

    return [Actor("kick_scooting", course, local, owners, off)]


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
    """Somebody in a wheelchair, 0.8 to 1.8 m/s, pushing the wheels: an unusual shape, not a wrong."""
    rng, body = stage.rng, stage.body()
    course = stage.course(float(rng.uniform(0.8, 1.8)), wander=0.05, enters=True)
    rate, colour = float(rng.uniform(0.7, 1.1)), paint(rng)
    rider, chair, owners = mounted(stage)

    def local(frame: int) -> Shapes:
        turn = 2 * np.pi * rate * frame / stage.fps
        hand = np.array([0.02 + 0.2 * np.sin(turn), 0.0, 0.6 + 0.08 * np.cos(turn)])
        hands = np.stack([hand + _SIDE, hand - _SIDE])
        pose = poses.seated(body, 0.46, hands)
        return clothed(pose, body, rider) + wheelchair(chair, colour, 0.5)

    return [Actor("wheelchair", course, local, owners, whole(stage))]


def motor_scooting(stage: Stage) -> list[Actor]:
    """A motor scooter, 2.5 to 6 m/s."""
    rng, body = stage.rng, stage.body()
    course, off = walkway_course(stage, float(rng.uniform(2.5, 6.0)), 0.05)
    colour = paint(rng)
    rider, machine, owners = mounted(stage)
    hands = np.array([[0.4, 0.28, 1.0], [0.4, -0.28, 1.0]])
    pose = poses.seated(body, 0.72, hands, (0.25, 0.26))
    shapes = clothed(pose, body, rider).placed(-0.25, 0.0, 0.0) + motor_scooter(machine, colour)
    return [Actor("motor_scooting", course, lambda _: shapes, owners, off, 1.2)]
