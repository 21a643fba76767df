"""Bags that are taken, and bags that are left."""

from dataclasses import replace

import numpy as np

from syrfa.world.actors import Actor, blended, person, walking_pose
from syrfa.world.body import Body, Joint, clothed
from syrfa.world.camera import Points
from syrfa.world.gait import sample_style
from syrfa.world.poses import holding
from syrfa.world.skeleton import swayed
from syrfa.world.stage import Stage
from syrfa.world.trajectory import Trajectory, simulate, standing
from syrfa.world.vehicles import luggage


def carrying(body: Body, what: str) -> Body:
    """The same person with something else to carry (see `Wardrobe.carries`)."""
    return replace(body, wardrobe=replace(body.wardrobe, carries=what))


def stealing(stage: Stage) -> list[Actor]:
    """A thief comes up to somebody, snatches their bag within half a second, and runs off, 3 to 5 m/s.

    The thief is abnormal from half a second before the snatch on, the robbed one and the others are not.
    """
    rng, onset = stage.rng, stage.moment()
    victim, thief = stage.body(), stage.body()
    place, facing = stage.spot(), stage.direction()
    stays = rng.random() < 0.4
    course = (
        standing(stage.frames, place, facing)
        if stays
        else simulate(
            rng, stage.frames, stage.fps, through=place, at=onset, heading=facing, speed=float(rng.uniform(0.7, 1.2)),
            stop=(onset, 10 * stage.frames),
        )
    )  # fmt: skip
    stage.taken.append(course)
    calm = walking_pose(victim, sample_style(rng), course, stage.fps, float(rng.random()))
    owner, robber = next(stage.ids), next(stage.ids)
    whole_bag, bare = carrying(victim, "hand bag"), carrying(victim, "")
    loaded, empty = carrying(thief, "hand bag"), carrying(thief, "")
    startled = lambda frame: _startled(calm(frame), victim)  # noqa: E731
    reacting = blended(calm, startled, onset, 0.35 * stage.fps)
    # the thief comes from behind on the right, where the bag hangs, and runs past
    run = float(rng.uniform(3.0, 5.0))
    way = _snatch_course(stage, course, onset, float(rng.uniform(1.2, 2.0)), run)
    style = sample_style(rng)
    phase = float(rng.random())
    walking = walking_pose(thief, style, way, stage.fps, phase)
    fleeing = walking_pose(thief, sample_style(rng, running=True), way, stage.fps, phase)
    moving = blended(walking, fleeing, onset, 0.4 * stage.fps)
    reach = 0.45 * stage.fps

    def grabbing(frame: int) -> Points:
        pose = moving(frame)
        near = max(0.0, 1 - abs(frame - onset) / reach)
        if near == 0.0:
            return pose
        hands = pose[[Joint.HAND_L, Joint.HAND_R]].copy()
        aim = np.array([0.45, 0.35, 0.75])
        hands[0] = hands[0] + near * (aim - hands[0])
        hands[1] = hands[1] + 0.6 * near * (aim - hands[1])
        return swayed(holding(pose, thief, hands), 0.3 * near, 0.1 * near)

    robbed = Actor(
        "stealing",
        course,
        lambda frame: clothed(reacting(frame), whole_bag if frame < onset else bare, owner),
        (owner,),
    )
    first = max(0, onset - int(0.5 * stage.fps))
    taking = Actor(
        "stealing",
        way,
        lambda frame: clothed(grabbing(frame), loaded if frame >= onset else empty, robber),
        (robber,),
        (first, stage.frames - 1),
    )
    return [robbed, taking]


def _startled(joints: Points, body: Body) -> Points:
    """Somebody who throws up the arms after what is gone."""
    shoulder = float(joints[Joint.SHOULDER_R, 2])
    hands = np.array([[0.35, 0.3, shoulder - 0.1], [0.55, -0.2, shoulder + 0.1]])
    return swayed(holding(joints, body, hands), 0.15, 0.0)


def _snatch_course(stage: Stage, victim: Trajectory, onset: int, slow: float, fast: float) -> Trajectory:
    """Past the right side of the victim in frame `onset`: walking up from behind, running away after."""
    rng, at = stage.rng, min(onset, stage.frames - 1)
    seconds = (np.arange(stage.frames) - onset) / stage.fps
    share = np.clip(seconds / 0.5, 0.0, 1.0)
    speed = slow + (fast - slow) * share
    facing = float(victim.heading[at])
    heading = facing + float(rng.uniform(-0.7, 0.1)) * share + 0.05 * np.sin(seconds)
    x, y = np.cumsum(speed * np.cos(heading)) / stage.fps, np.cumsum(speed * np.sin(heading)) / stage.fps
    aside, behind = -0.65, -0.35
    px = victim.x[at] + behind * np.cos(facing) - aside * np.sin(facing)
    py = victim.y[at] + behind * np.sin(facing) + aside * np.cos(facing)
    course = Trajectory(x - x[at] + px, y - y[at] + py, heading, speed)
    stage.taken.append(course)
    return course


def abandoned_bag(stage: Stage) -> list[Actor]:
    """Somebody puts a bag down and walks away from it; the bag is abnormal once its owner is 1.5 m away."""
    rng, place = stage.rng, stage.spot()
    pause = int(rng.uniform(0.6, 1.2) * stage.fps)
    # early enough to be left within a short clip
    onset = max(0, min(stage.moment(), stage.frames - pause - int(3.0 * stage.fps)))
    course = simulate(
        rng, stage.frames, stage.fps, through=place, at=min(onset, stage.frames - 1), heading=stage.direction(),
        speed=float(rng.uniform(0.9, 1.5)), stop=(onset, onset + pause),
    )  # fmt: skip
    stage.taken.append(course)
    body = carrying(stage.body(), "")
    owner, bag = next(stage.ids), next(stage.ids)
    walking = walking_pose(body, sample_style(rng), course, stage.fps, float(rng.random()))
    thing = luggage(bag, rng)
    at = min(onset + pause // 2, stage.frames - 1)
    beside = np.array([0.25, -0.35])
    c, s = np.cos(course.heading[at]), np.sin(course.heading[at])
    spot = (course.x[at] + beside[0] * c - beside[1] * s, course.y[at] + beside[0] * s + beside[1] * c)

    def pose(frame: int) -> Points:
        near = max(0.0, 1 - abs(frame - at) / (0.6 * stage.fps))
        bent = swayed(walking(frame), 0.9 * near, -0.1 * near)
        if near == 0.0:
            return bent
        hands = bent[[Joint.HAND_L, Joint.HAND_R]].copy()
        return holding(bent, body, hands + near * (np.array([0.25, -0.35, 0.5]) - hands) * np.array([[0.0], [1.0]]))

    # until it is put down the bag goes along beside its owner
    left = np.arange(stage.frames) >= at
    x = np.where(left, spot[0], course.x + beside[0] * np.cos(course.heading) - beside[1] * np.sin(course.heading))
    y = np.where(left, spot[1], course.y + beside[0] * np.sin(course.heading) + beside[1] * np.cos(course.heading))
    facing = np.where(left, course.heading[at], course.heading)
    lift = np.where(left, 0.0, 0.25)
    track = Trajectory(x, y, facing, np.where(left, 0.0, course.speed))
    far = left & (np.hypot(course.x - x, course.y - y) > 1.5)
    gone = int(np.flatnonzero(far)[0]) if far.any() else stage.frames - 1
    still = lambda frame: thing.moved(np.eye(3), np.array([0.0, 0.0, float(lift[frame])]))  # noqa: E731
    return [
        person("abandoned_bag", body, owner, course, pose),
        Actor("abandoned_bag", track, still, (bag,), (gone, stage.frames - 1), 0.5),
    ]
