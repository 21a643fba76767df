"""Vehicles where people walk: carts, cars, trolleys, and cars that run into somebody."""

import numpy as np

from syrfa.world.events.casting import off_road_spot, passing, road_place, the_road, walkway_course, whole
from syrfa.world.events.scenario import Stage, Vehicle
from syrfa.world.events.trajectory import Trajectory, beside, standing
from syrfa.world.people import action_poses, poses
from syrfa.world.people.actors import Actor, person, walking_pose
from syrfa.world.people.body import Body, clothed
from syrfa.world.people.gait import GaitStyle, sample_style
from syrfa.world.people.poses import holding
from syrfa.world.people.skeleton import mixed, settled, turned
from syrfa.world.people.vehicles import CART_KINDS, car, cart, front_of, trolley
from syrfa.world.scene.camera import Points


def driving(stage: Stage) -> list[Actor]:
    """A small motor vehicle on the walkway, 0.8 to 5 m/s; a visible driver belongs to it."""
    rng = stage.rng
    course, off = walkway_course(stage, float(rng.uniform(0.8, 5.0)), 0.04)
    owner = next(stage.ids)
    vehicle, seat = cart(owner, str(rng.choice(CART_KINDS)), rng)
    if seat is not None:
        body = stage.body()
        hands = np.array([[0.42, 0.2, seat[1] + 0.3], [0.42, -0.2, seat[1] + 0.3]])
        driver = clothed(poses.seated(body, seat[1], hands, (0.55, 0.3)), body, owner)
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
    gait = walking_pose(body, GaitStyle(lean=0.22), course, stage.fps, float(rng.random()))
    pusher, pushed = next(stage.ids), next(stage.ids)
    load = trolley(pushed, rng)
    hands = np.array([[0.3, 0.22, 1.0], [0.3, -0.22, 1.0]])

    local = lambda frame: clothed(holding(gait(frame), body, hands), body, pusher) + load  # noqa: E731
    return [Actor("trolley", course, local, (pusher, pushed), whole(stage), 2.0)]


GRAVITY = 9.81
BRAKING = 6.5  # deceleration in m/s^2 of a car that brakes as hard as it can on a dry street
SLIDING = 6.9  # deceleration in m/s^2 of a body that slides over paving (friction 0.7)


def _braking(stage: Stage, event: str, place: tuple[float, float], hit: int, heading: float, speed: float) -> Actor:
    """A car that is `speed` m/s fast until its front is at `place` in frame `hit`, then brakes to a stop."""
    owner = next(stage.ids)
    vehicle = car(owner, stage.rng)
    front = front_of(vehicle) + 0.2
    seconds = (np.arange(stage.frames) - hit) / stage.fps
    slowing = np.clip(seconds, 0.0, speed / BRAKING)
    way = speed * np.minimum(seconds, slowing) - 0.5 * BRAKING * slowing**2
    c, s = np.cos(heading), np.sin(heading)
    x, y = place[0] - front * c + way * c, place[1] - front * s + way * s
    course = stage.take(Trajectory(x, y, np.full(stage.frames, heading), speed - BRAKING * slowing))
    stage.vehicles.append(Vehicle(course, 2.4, 0.95))  # others keep farther from it than from a person
    return Actor(event, course, lambda _: vehicle, (owner,), (hit, stage.frames - 1), 2.6)


def _struck(
    stage: Stage, event: str, body: Body, course: Trajectory, hit: int, heading: float, speed: float, first: int
) -> Actor:
    """A walker hit by a car, abnormal from frame `first`: the lowest part follows a parabola, then slides to rest."""
    rng = stage.rng
    pose = walking_pose(body, sample_style(rng), course, stage.fps, float(rng.random()))
    away, up = speed * float(rng.uniform(0.85, 1.05)), float(rng.uniform(1.2, 1.8)) + 0.15 * speed
    flight = 2 * up / GRAVITY
    seconds = np.maximum((np.arange(stage.frames) - hit) / stage.fps, 0.0)
    sliding = np.clip(seconds - flight, 0.0, away / SLIDING)
    way = away * (np.minimum(seconds, flight) + sliding) - 0.5 * SLIDING * sliding**2
    bearing = heading + float(rng.normal(0, 0.15))
    before = np.arange(stage.frames) <= hit
    x = np.where(before, course.x, course.x[hit] + way * np.cos(bearing))
    y = np.where(before, course.y, course.y[hit] + way * np.sin(bearing))
    facing = np.where(before, course.heading, course.heading[hit])
    pace = np.where(before, course.speed, 0.0)
    # the legs are knocked away first, so the head goes back towards the car
    direction = float(bearing + np.pi - course.heading[hit] + rng.normal(0, 0.35))
    end = action_poses.limp(body, rng, direction)

    def thrown(frame: int) -> Points:
        if frame <= hit:
            return pose(frame)
        past = float(seconds[frame])
        share = min(past / (1.25 * flight), 1.0)
        clearance = max(0.0, up * past - 0.5 * GRAVITY * past**2)
        upright = mixed(pose(hit), end, share)
        return settled(turned(upright, 0.5 * np.pi * share, direction, upright[0]), clearance)

    after = Trajectory(x, y, facing, pace)
    return person(event, body, next(stage.ids), after, thrown, (first, stage.frames - 1))


def accident(stage: Stage) -> list[Actor]:
    """A car on the walkway, 4 to 8 m/s, runs into one to three people, who are abnormal from then on, it throughout."""
    rng = stage.rng
    hit, speed, place, heading = stage.moment(), float(rng.uniform(4.0, 8.0)), off_road_spot(stage), stage.direction()
    vehicle, road = _braking(stage, "accident", place, hit, heading, speed), stage.scene.road
    course = vehicle.course
    on = np.zeros(0, int) if road is None else np.flatnonzero(road.holds(course.x[:hit], course.y[:hit]))
    # a car that comes off the road is abnormal from there on
    vehicle.abnormal = (int(on[-1]) + 1 if len(on) else 0, stage.frames - 1)
    actors = [vehicle]
    for index in range(int(rng.integers(1, 4))):
        along, aside = (0.0, 0.3) if index == 0 else (rng.uniform(0.1, 0.5), rng.uniform(-0.75, 0.0))
        aside = float(aside) * (1.0 if index < 2 else -1.0)
        # the car's front is `along` metres further on when it reaches the next one
        later = hit + max(0, round(along / speed * stage.fps))
        spot = beside(place, heading, along, aside)
        actors.append(_victim(stage, spot, min(later, stage.frames - 1), heading, speed))
    return actors


def _victim(stage: Stage, spot: tuple[float, float], hit: int, heading: float, speed: float) -> Actor:
    rng, body = stage.rng, stage.body()
    if rng.random() < 0.4:
        course = standing(stage.frames, spot, float(rng.uniform(0, 2 * np.pi)))
    else:
        course = passing(stage, spot, hit, stage.direction(), float(rng.uniform(0.7, 1.5)))
    return _struck(stage, "accident", body, course, hit, heading, speed, hit)


def hit_by_car(stage: Stage) -> list[Actor]:
    """Somebody who crosses the road, abnormal while on it, is hit by a car, 5 to 10 m/s, abnormal from then on."""
    rng, road = stage.rng, the_road(stage)
    aside, heading = road.lane(bool(rng.random() < 0.5))
    hit, speed, place = stage.moment(), float(rng.uniform(5.0, 10.0)), road_place(stage, aside)
    vehicle = _braking(stage, "hit_by_car", place, hit, heading, speed)
    across = road.angle + 0.5 * np.pi * float(rng.choice([-1.0, 1.0])) + float(rng.normal(0, 0.15))
    body = stage.body()
    crossing = passing(stage, place, hit, across, float(rng.uniform(1.0, 1.8)))
    first = int(np.flatnonzero(road.holds(crossing.x[: hit + 1], crossing.y[: hit + 1]))[0])
    return [vehicle, _struck(stage, "hit_by_car", body, crossing, hit, heading, speed, first)]
