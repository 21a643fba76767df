"""The abnormal events of the generated source."""

import numpy as np

from syrfa.world import poses
from syrfa.world.actors import Actor, person, walking_pose
from syrfa.world.body import clothed
from syrfa.world.camera import Points
from syrfa.world.casting import halting_at, whole
from syrfa.world.gait import sample_style
from syrfa.world.shapes import Shapes
from syrfa.world.stage import Stage
from syrfa.world.trajectory import Trajectory
from syrfa.world.vehicles import CART_KINDS, bicycle, cart, paint, skateboard


def running(stage: Stage) -> list[Actor]:
    """A runner, 2.5 to 5 m/s."""
    rng, body = stage.rng, stage.body()
    course = stage.course(float(rng.uniform(2.5, 5.0)), wander=0.06, enters=True, turns=bool(rng.random() < 0.1))
    pose = walking_pose(body, sample_style(rng, running=True), course, stage.fps, float(rng.random()))
    return [person("running", body, next(stage.ids), course, pose, whole(stage))]


def cycling(stage: Stage) -> list[Actor]:
    """A cyclist, 1.7 to 6 m/s: the rider and the bicycle have an id each."""
    rng, body = stage.rng, stage.body()
    course = stage.course(float(rng.uniform(1.7, 6.0)), wander=0.06, enters=True)
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
    rider, bike = next(stage.ids), next(stage.ids)

    def local(frame: int) -> Shapes:
        angle = float(crank[frame])
        pose = poses.cycling(body, angle, seat, lean, grip)
        return clothed(pose, body, rider) + bicycle(bike, colour, seat, grip, radius, angle, basket)

    return [Actor("cycling", course, local, (rider, bike), whole(stage), 1.1)]


def skateboarding(stage: Stage) -> list[Actor]:
    """A skateboarder, 1.7 to 4.5 m/s, gliding, with a push now and then; the board has an id of its own."""
    rng, body = stage.rng, stage.body()
    course = stage.course(float(rng.uniform(1.7, 4.5)), wander=0.1, enters=True)
    crouch, balance = float(rng.uniform(0.03, 0.2)), float(rng.uniform(0.1, 0.7))
    period, start = float(rng.uniform(2.0, 6.0)), float(rng.uniform(0, 6))
    rider, board, colour = next(stage.ids), next(stage.ids), paint(rng)
    aside = float(rng.choice([-1.0, 1.0])) * float(rng.uniform(0.7, 1.4))

    def local(frame: int) -> Shapes:
        push = ((frame / stage.fps + start) % period) / 0.9
        pose = poses.gliding(body, push if push < 1 else -1.0, 0.12, crouch, balance)
        turned = clothed(pose, body, rider)
        if push >= 1:  # gliding, the body stands across the board
            turned = turned.placed(0.0, 0.0, aside)
        return turned + skateboard(board, colour)

    return [Actor("skateboarding", course, local, (rider, board), whole(stage))]


def driving(stage: Stage) -> list[Actor]:
    """A small motor vehicle on the walkway, 0.8 to 5 m/s; a visible driver belongs to it."""
    rng = stage.rng
    course = stage.course(float(rng.uniform(0.8, 5.0)), wander=0.04, enters=True)
    owner = next(stage.ids)
    vehicle, seat = cart(owner, str(rng.choice(CART_KINDS)), rng)
    if seat is not None:
        body = stage.body()
        hands = np.array([[0.42, 0.2, seat[1] + 0.3], [0.42, -0.2, seat[1] + 0.3]])
        pose = poses.seated(body, seat[1], hands, (0.55, 0.3))
        driver = clothed(pose, body, owner)
        vehicle = vehicle + driver.placed(seat[0], float(rng.choice([-0.28, 0.28])), 0.0)
    return [Actor("driving", course, lambda _: vehicle, (owner,), whole(stage), 2.3)]


def falling(stage: Stage) -> list[Actor]:
    """A walker who falls and stays down; abnormal from the fall on."""
    rng, body = stage.rng, stage.body()
    onset, down = stage.moment(), float(rng.uniform(0.5, 1.0))
    speed = float(rng.uniform(0.8, 1.7))
    course = halting_at(stage, speed, onset + int(0.4 * down * stage.fps))
    walking = walking_pose(body, sample_style(rng), course, stage.fps, float(rng.random()))
    direction = float(rng.choice([0.0, np.pi, 0.5 * np.pi, -0.5 * np.pi]) + rng.normal(0, 0.3))

    def pose(frame: int) -> Points:
        seconds = (frame - onset) / stage.fps
        if seconds <= 0:
            return walking(frame)
        return poses.toppled(walking(frame), seconds / down, direction)

    return [person("falling", body, next(stage.ids), course, pose, (onset, stage.frames - 1))]


def fighting(stage: Stage) -> list[Actor]:
    """Two who hit each other, throughout."""
    rng, place = stage.rng, stage.spot()
    line = rng.uniform(0, 2 * np.pi) if rng.random() < 0.5 else stage.scene.path + rng.normal(0, 0.4)
    seconds = np.arange(stage.frames) / stage.fps
    angle = line + 0.5 * np.sin(seconds * rng.uniform(0.4, 1.0))
    shove = 0.15 * np.sin(seconds * rng.uniform(2, 4))
    gap = float(rng.uniform(0.4, 0.55))
    actors = []
    for side in (1.0, -1.0):
        x = place[0] + np.cos(angle) * (side * gap + shove)
        y = place[1] + np.sin(angle) * (side * gap + shove)
        course = Trajectory(x, y, angle + (np.pi if side > 0 else 0.0), np.zeros(stage.frames))
        actors.append(_fighter(stage, course))
    return actors


def _fighter(stage: Stage, course: Trajectory) -> Actor:
    body = stage.body()
    rate, offset = float(stage.rng.uniform(1.2, 2.2)), float(stage.rng.uniform(0, 10))
    stage.taken.append(course)
    return person(
        "fighting",
        body,
        next(stage.ids),
        course,
        lambda frame: poses.fighting(body, frame / stage.fps, rate, offset),
        whole(stage),
    )
