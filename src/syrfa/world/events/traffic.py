"""What is normal on a road: vehicles in their lanes, and people who use the crossing."""

import numpy as np

from syrfa.world.events.casting import mounted, walker
from syrfa.world.events.scenario import Stage
from syrfa.world.people import poses
from syrfa.world.people.actors import Actor
from syrfa.world.people.body import clothed
from syrfa.world.people.cars import CAR_KINDS, VAN_KINDS, car, van
from syrfa.world.people.shapes import Shapes, colour_of
from syrfa.world.people.vehicles import bicycle, motor_scooter, paint

_MARGIN = 1.06  # what a built vehicle may exceed its list size by


_ANY = (*CAR_KINDS, *CAR_KINDS, *VAN_KINDS)
# event -> kinds of vehicle, and its slowest and fastest speed in m/s
MOTOR: dict[str, tuple[tuple[str, ...], tuple[float, float]]] = {
    "car": (tuple(CAR_KINDS), (4.0, 14.0)),
    "van": (tuple(VAN_KINDS), (4.0, 12.0)),
    "giving_way": (_ANY, (4.0, 10.0)),
    "parked": (_ANY, (0.0, 0.0)),
}


def motor(stage: Stage, event: str) -> list[Actor]:
    """A vehicle of `MOTOR` in its lane, or parked at the kerb.

    What gives way brakes gently, stands 1 to 5 seconds short of a crossing if any, and goes on.
    """
    rng, road, (kinds, speeds) = stage.rng, stage.scene.road, MOTOR[event]
    kind = str(rng.choice(kinds))
    wait = float(rng.uniform(1.0, 5.0)) if event == "giving_way" else None
    speed = 0.0 if event == "parked" else float(rng.uniform(*speeds))
    length, width = (CAR_KINDS.get(kind) or VAN_KINDS[kind])[:2]
    half = (0.5 * _MARGIN * length, 0.5 * _MARGIN * width)
    right = max(0.0, 0.5 * road.half - half[1]) if speed == 0.0 and road is not None else 0.0
    course = stage.lane_course(speed, half=half, right=right, gap=1.0 + 0.5 * speed, wait=wait)
    if course is None:
        return []
    owner = next(stage.ids)
    # seven in ten are white, black or a grey between, the others of a muted colour
    value = float(rng.choice([rng.uniform(190, 245), rng.uniform(18, 55), rng.uniform(55, 190)]))
    tone = 1 + rng.normal(0, 0.02 if rng.random() < 0.7 else 0.4, 3)
    lacquer = colour_of(np.clip(value * np.clip(tone, 0.25, 1.5), 12, 245))
    shapes = (car if kind in CAR_KINDS else van)(owner, kind, lacquer, rng)
    return [Actor(event, course, lambda _: shapes, (owner,), size=half[0])]


def cycling_on_road(stage: Stage) -> list[Actor]:
    """A cyclist on the right of a lane, 3 to 7.5 m/s; rider and bicycle have an id each, or share one."""
    rng, road = stage.rng, stage.scene.road
    right = 0.0 if road is None else float(rng.uniform(0.1, 0.5)) * (0.5 * road.half - 0.35)
    speed = float(np.clip(rng.normal(4.8, 1.1), 3.0, 7.5))
    course = stage.lane_course(speed, half=(0.95, 0.35), right=right)
    if course is None:
        return []
    body = stage.body()
    crank = rng.uniform(0, 6.3) + 2 * np.pi / rng.uniform(3.0, 6.0) * np.cumsum(course.speed) / stage.fps
    radius, seat, grip = float(rng.uniform(0.3, 0.36)), float(0.5 * body.height), float(rng.uniform(0.92, 1.12))
    lean, basket, colour = float(rng.uniform(0.25, 0.85)), bool(rng.random() < 0.15), paint(rng)
    rider, bike, owners = mounted(stage, 0.4)

    def local(frame: int) -> Shapes:
        angle = float(crank[frame])
        pose = poses.cycling(body, angle, seat, lean, grip)
        return clothed(pose, body, rider) + bicycle(bike, colour, seat, grip, radius, angle, basket)

    return [Actor("cycling_on_road", course, local, owners, size=1.1)]


def scooting_on_road(stage: Stage) -> list[Actor]:
    """A motor scooter in its lane, 5 to 13 m/s; rider and machine have an id each, or share one."""
    rng = stage.rng
    course = stage.lane_course(float(rng.uniform(5.0, 13.0)), half=(1.0, 0.4), right=float(rng.uniform(-0.3, 0.5)))
    if course is None:
        return []
    body, (rider, machine, owners) = stage.body(), mounted(stage, 0.4)
    pose = poses.seated(body, 0.72, np.array([[0.4, 0.28, 1.0], [0.4, -0.28, 1.0]]), (0.25, 0.26))
    shapes = clothed(pose, body, rider).placed(-0.25, 0.0, 0.0) + motor_scooter(machine, paint(rng))
    return [Actor("scooting_on_road", course, lambda _: shapes, owners, size=1.2)]


def crossing(stage: Stage) -> list[Actor]:
    """One to three who cross the road at its crossing, 1.0 to 1.8 m/s."""
    rng, actors = stage.rng, list[Actor]()
    course = stage.crossing_course(float(np.clip(rng.normal(1.4, 0.2), 1.0, 1.8)))
    if course is None:
        return []
    for index in range(int(rng.choice([1, 2, 3], p=[0.6, 0.3, 0.1]))):
        beside = course.beside(0.65 * index, float(rng.normal(0, 0.2))) if index else course
        if not any(vehicle.meets(beside) for vehicle in stage.vehicles):
            actors.append(walker(stage, "crossing", beside))
    return actors
