"""Bags that are taken, and bags that are left."""

from dataclasses import replace

import numpy as np

from syrfa.world.events.scenario import Stage
from syrfa.world.events.trajectory import Trajectory, beside, led, simulate, standing
from syrfa.world.people.actors import Actor, blended, person, walking_pose
from syrfa.world.people.body import Body, Joint, clothed
from syrfa.world.people.gait import sample_style
from syrfa.world.people.poses import holding
from syrfa.world.people.shapes import Colour
from syrfa.world.people.skeleton import swayed
from syrfa.world.people.vehicles import luggage, paint
from syrfa.world.scene.camera import Points


def carrying(body: Body, what: str, colour: Colour | None = None) -> Body:
    """The same person with something else to carry (see `Wardrobe.carries`), in a colour of its own if given."""
    wear = body.wardrobe
    return replace(body, wardrobe=replace(wear, carries=what, bag=wear.bag if colour is None else colour))


def stealing(stage: Stage) -> list[Actor]:
    """A thief, abnormal from half a second before, snatches somebody's bag and runs off, 3 to 5 m/s."""
    rng, onset, place, facing = stage.rng, stage.moment(), stage.spot(), stage.direction()
    if rng.random() < 0.4:
        course = standing(stage.frames, place, facing)
    else:
        halt, speed, n = (onset, 10 * stage.frames), float(rng.uniform(0.7, 1.2)), stage.frames
        course = simulate(rng, n, stage.fps, through=place, at=onset, heading=facing, speed=speed, stop=halt)
    stage.take(course)
    bag = paint(rng)
    return [_robbed(stage, course, onset, bag), _thief(stage, course, onset, bag)]


def _robbed(stage: Stage, course: Trajectory, onset: int, bag: Colour) -> Actor:
    body, owner = stage.body(), next(stage.ids)
    calm = walking_pose(body, sample_style(stage.rng), course, stage.fps, float(stage.rng.random()))
    pose = blended(calm, lambda frame: _startled(calm(frame), body), onset, 0.35 * stage.fps)
    loaded, empty = carrying(body, "hand bag", bag), carrying(body, "")
    local = lambda frame: clothed(pose(frame), loaded if frame < onset else empty, owner)  # noqa: E731
    return Actor("stealing", course, local, (owner,))


def _thief(stage: Stage, victim: Trajectory, onset: int, bag: Colour) -> Actor:
    """From behind on the right, where the bag hangs, and on past the victim."""
    rng, body, owner = stage.rng, stage.body(), next(stage.ids)
    at, slow, fast = min(onset, stage.frames - 1), float(rng.uniform(1.2, 2.0)), float(rng.uniform(3.0, 5.0))
    seconds = (np.arange(stage.frames) - onset) / stage.fps
    share = np.clip(seconds / 0.5, 0.0, 1.0)
    facing = float(victim.heading[at])
    heading = facing + float(rng.uniform(-0.7, 0.1)) * share + 0.05 * np.sin(seconds)
    place = beside((victim.x[at], victim.y[at]), facing, -0.35, -0.65)
    course = stage.take(led(heading, slow + (fast - slow) * share, at, place, stage.fps))
    phase = float(rng.random())
    walking = walking_pose(body, sample_style(rng), course, stage.fps, phase)
    fleeing = walking_pose(body, sample_style(rng, running=True), course, stage.fps, phase)
    moving = blended(walking, fleeing, onset, 0.4 * stage.fps)
    loaded, empty = carrying(body, "hand bag", bag), carrying(body, "")

    def grabbing(frame: int) -> Points:
        pose, near = moving(frame), max(0.0, 1 - abs(frame - onset) / (0.45 * stage.fps))
        if near == 0.0:
            return pose
        hands = pose[[Joint.HAND_L, Joint.HAND_R]]
        aim = np.array([0.45, 0.35, 0.75]) - hands
        return swayed(holding(pose, body, hands + near * aim * np.array([[1.0], [0.6]])), 0.3 * near, 0.1 * near)

    local = lambda frame: clothed(grabbing(frame), loaded if frame >= onset else empty, owner)  # noqa: E731
    first = max(0, onset - int(0.5 * stage.fps))
    return Actor("stealing", course, local, (owner,), (first, stage.frames - 1))


def _startled(joints: Points, body: Body) -> Points:
    shoulder = float(joints[Joint.SHOULDER_R, 2])
    hands = np.array([[0.35, 0.3, shoulder - 0.1], [0.55, -0.2, shoulder + 0.1]])
    return swayed(holding(joints, body, hands), 0.15, 0.0)


def abandoned_bag(stage: Stage) -> list[Actor]:
    """Somebody puts a bag down and walks away from it; the bag is abnormal once its owner is 1.5 m away."""
    rng, place = stage.rng, stage.spot()
    pause = int(rng.uniform(0.6, 1.2) * stage.fps)
    # early enough to be left within a short clip
    onset = max(0, min(stage.moment(), stage.frames - pause - int(3.0 * stage.fps)))
    n, at, heading, speed = stage.frames, min(onset, stage.frames - 1), stage.direction(), float(rng.uniform(0.9, 1.5))
    halt = (onset, onset + pause)
    course = stage.take(simulate(rng, n, stage.fps, through=place, at=at, heading=heading, speed=speed, stop=halt))
    body = carrying(stage.body(), "")
    owner, bag = next(stage.ids), next(stage.ids)
    walking = walking_pose(body, sample_style(rng), course, stage.fps, float(rng.random()))
    thing = luggage(bag, rng)
    at = min(onset + pause // 2, stage.frames - 1)
    besides = beside((course.x, course.y), course.heading, 0.25, -0.35)

    def pose(frame: int) -> Points:
        near = max(0.0, 1 - abs(frame - at) / (0.6 * stage.fps))
        bent = swayed(walking(frame), 0.9 * near, -0.1 * near)
        if near == 0.0:
            return bent
        hands = bent[[Joint.HAND_L, Joint.HAND_R]].copy()
        return holding(bent, body, hands + near * (np.array([0.25, -0.35, 0.5]) - hands) * np.array([[0.0], [1.0]]))

    # until it is put down the bag goes along beside its owner
    left = np.arange(stage.frames) >= at
    x, y, facing = (np.where(left, way[at], way) for way in (*besides, course.heading))
    lift = np.where(left, 0.0, 0.25)
    track = Trajectory(x, y, facing, np.where(left, 0.0, course.speed))
    far = left & (np.hypot(course.x - x, course.y - y) > 1.5)
    gone = int(np.flatnonzero(far)[0]) if far.any() else stage.frames - 1
    still = lambda frame: thing.moved(np.eye(3), np.array([0.0, 0.0, float(lift[frame])]))  # noqa: E731
    return [
        person("abandoned_bag", body, owner, course, pose),
        Actor("abandoned_bag", track, still, (bag,), (gone, stage.frames - 1), 0.5),
    ]
