"""Vehicles and loads on a walkway: carts, vans, cars, trolleys. On the road they would be nothing special."""

import numpy as np

from syrfa.world.events.casting import whole
from syrfa.world.events.placement import walkway_course
from syrfa.world.events.stage import Stage
from syrfa.world.people import poses
from syrfa.world.people.actors import Actor, walking_pose
from syrfa.world.people.body import clothed
from syrfa.world.people.gait import GaitStyle
from syrfa.world.people.poses import holding
from syrfa.world.people.shapes import Shapes
from syrfa.world.people.vehicles import CART_KINDS, car, cart, trolley


def driving(stage: Stage) -> list[Actor]:
    """A small motor vehicle on the walkway, 0.8 to 5 m/s; a visible driver belongs to it."""
    rng = stage.rng
    course, off = walkway_course(stage, float(rng.uniform(0.8, 5.0)), 0.04)
    owner = next(stage.ids)
    vehicle, seat = cart(owner, str(rng.choice(CART_KINDS)), rng)
    if seat is not None:
        body = stage.body()
        hands = np.array([[0.42, 0.2, seat[1] + 0.3], [0.42, -0.2, seat[1] + 0.3]])
        pose = poses.seated(body, seat[1], hands, (0.55, 0.3))
        driver = clothed(pose, body, owner)
        vehicle = vehicle + driver.placed(seat[0], float(rng.choice([-0.28, 0.28])), 0.0)
    return [Actor("driving", course, lambda _: vehicle, (owner,), off, 2.3)]


def car_on_walkway(stage: Stage) -> list[Actor]:
    """A car of full size on the walkway, 1.5 to 7 m/s."""
    rng = stage.rng
    course, off = walkway_course(stage, float(rng.uniform(1.5, 7.0)), 0.03)
    owner = next(stage.ids)
    vehicle = car(owner, rng)
    return [Actor("car_on_walkway", course, lambda _: vehicle, (owner,), off, 2.6)]


def trolley_pushing(stage: Stage) -> list[Actor]:
    """Somebody who pushes a loaded trolley at walking speed, 0.8 to 1.4 m/s."""
    rng, body = stage.rng, stage.body()
    course = stage.course(float(rng.uniform(0.8, 1.4)), wander=0.04, enters=True)
    style = GaitStyle(pace=1.0, lean=0.22)
    gait = walking_pose(body, style, course, stage.fps, float(rng.random()))
    pusher, pushed = next(stage.ids), next(stage.ids)
    load = trolley(pushed, rng)
    hands = np.array([[0.3, 0.22, 1.0], [0.3, -0.22, 1.0]])

    def local(frame: int) -> Shapes:
        return clothed(holding(gait(frame), body, hands), body, pusher) + load

    return [Actor("trolley", course, local, (pusher, pushed), whole(stage), 2.0)]
