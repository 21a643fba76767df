"""Those who attack somebody or throw something."""

import numpy as np

from syrfa.world.events.belongings import carrying
from syrfa.world.events.casting import halting_at, whole
from syrfa.world.events.scenario import Stage
from syrfa.world.events.trajectory import Trajectory, beside
from syrfa.world.people import action_poses
from syrfa.world.people.actors import Actor, Pose, blended, person, walking_pose
from syrfa.world.people.body import Joint
from syrfa.world.people.gait import sample_style
from syrfa.world.people.shapes import Shapes, cuboid, rods
from syrfa.world.people.vehicles import paint
from syrfa.world.scene.camera import Points

GRAVITY = 9.81
_THROW = 0.85  # seconds that a throw takes
_RELEASE = 0.6  # share of the throw at which the hand lets go


def fighting(stage: Stage) -> list[Actor]:
    """Two who hit and kick each other, throughout."""
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
        course = stage.take(Trajectory(x, y, angle + (np.pi if side > 0 else 0.0), np.zeros(stage.frames)))
        actors.append(_fighter(stage, course))
    return actors


def _fighter(stage: Stage, course: Trajectory) -> Actor:
    body, rate, offset = stage.body(), float(stage.rng.uniform(1.2, 2.2)), float(stage.rng.uniform(0, 10))
    pose: Pose = lambda frame: action_poses.fighting(body, frame / stage.fps, rate, offset)  # noqa: E731
    return person("fighting", body, next(stage.ids), course, pose, whole(stage))


def throwing(stage: Stage) -> list[Actor]:
    """A walker who halts and throws something, 5 to 11 m/s; it flies in a parabola, bounces, and comes to rest.

    The thrower is abnormal until half a second after the throw, the thing from leaving the hand until it rests.
    """
    rng, body, onset = stage.rng, carrying(stage.body(), ""), stage.moment()
    course, span = halting_at(stage, float(rng.uniform(0.8, 1.4)), onset), _THROW * stage.fps
    walking = walking_pose(body, sample_style(rng), course, stage.fps, float(rng.random()))

    def act(frame: int) -> Points:
        return action_poses.throwing(body, min(max((frame - onset) / span, 0.0), 1.0))

    pose, last = blended(walking, act, onset, 0.2 * stage.fps), stage.frames - 1
    thrower, release = next(stage.ids), onset + max(1, int(np.ceil(_RELEASE * span)))
    thing = _thrown(stage, course, pose, release)
    return [person("throwing", body, thrower, course, pose, (onset, min(last, onset + int(1.35 * stage.fps)))), thing]


def _thrown(stage: Stage, course: Trajectory, pose: Pose, release: int) -> Actor:
    """What is thrown: in the right hand until frame `release`, then on its own."""
    rng, owner, last = stage.rng, next(stage.ids), stage.frames - 1
    radius, speed, angle = float(rng.uniform(0.08, 0.16)), float(rng.uniform(5.0, 11.0)), float(rng.uniform(0.15, 0.8))
    shape, hand = _thing(owner, radius, rng), pose(min(release, last))[Joint.HAND_R]
    parts = (speed * float(np.cos(angle)), speed * float(np.sin(angle)))
    flight, height = _ballistic(stage, course, hand, release, parts, radius)
    flown = np.where(np.arange(stage.frames) > release, flight.speed, 0.0)
    spin = 1.5 * np.cumsum(flown) / stage.fps  # radians

    def local(frame: int) -> Shapes:
        if frame >= release:
            return _raised(shape, float(height[frame]), float(spin[frame]))
        place = pose(frame)[Joint.HAND_R]
        return _raised(shape, float(place[2]), 0.0).placed(float(place[0]), float(place[1]), 0.0)

    moving = np.flatnonzero(flown > 0.05)
    rest = int(moving[-1]) if len(moving) else last
    return Actor("throwing", flight, local, (owner,), (min(release, last), rest))


def _ballistic(
    stage: Stage, course: Trajectory, hand: Points, release: int, speed: tuple[float, float], radius: float
) -> tuple[Trajectory, Points]:
    """The course of what is let go of at `hand` (3,) with `speed` (forward, up), and its height (frames,) in metres."""
    bounce = float(stage.rng.uniform(0.2, 0.6))  # share of the vertical speed that a bounce leaves
    at = min(release, stage.frames - 1)
    c, s = float(np.cos(course.heading[at])), float(np.sin(course.heading[at]))
    x, y, height, pace = course.x.copy(), course.y.copy(), np.full(stage.frames, float(hand[2])), course.speed.copy()
    facing = course.heading.copy()
    facing[at:] = facing[at]
    start = beside((course.x[at], course.y[at]), course.heading[at], hand[0], hand[1])
    # pieces of parabola: (time of the beginning, height, upward speed, way so far, forward speed)
    begin, level, up, way, along = 0.0, float(hand[2]), speed[1], 0.0, speed[0]
    for frame in range(release, stage.frames):
        past = (frame - release) / stage.fps
        while up > 0.3 or level > radius:
            lasts = (up + np.sqrt(up * up + 2 * GRAVITY * (level - radius))) / GRAVITY
            if past < begin + lasts:
                break
            way += along * lasts
            begin, level, up, along = begin + lasts, radius, bounce * (GRAVITY * lasts - up), 0.75 * along
        now = past - begin
        if up > 0.3 or level > radius:
            height[frame] = level + up * now - 0.5 * GRAVITY * now * now
            far, pace[frame] = way + along * now, along
        else:  # it rolls out
            slowing = min(now, along / 2.5)
            height[frame] = radius
            far, pace[frame] = way + along * slowing - 1.25 * slowing**2, along - 2.5 * slowing
        x[frame], y[frame] = start[0] + far * c, start[1] + far * s
    return Trajectory(x, y, facing, pace), height


def _thing(owner: int, radius: float, rng: np.random.Generator) -> Shapes:
    kind, colour = str(rng.choice(["ball", "bottle", "box"])), paint(rng)
    if kind == "ball":
        return rods([(np.zeros(3), np.zeros(3), radius)], colour, owner)
    if kind == "bottle":
        end = np.array([1.2 * radius, 0.0, 0.0])
        return rods([(-end, end, 0.6 * radius)], colour, owner)
    return cuboid((0.0, 0.0, -0.8 * radius), (2.2 * radius, 1.8 * radius, 1.6 * radius), colour, owner)


def _raised(shapes: Shapes, height: float, spin: float) -> Shapes:
    """A thing lifted by `height` metres and turned forward by `spin` radians about its middle."""
    c, s = np.cos(spin), np.sin(spin)
    lifted = shapes.moved(np.array([[c, 0.0, -s], [0.0, 1.0, 0.0], [s, 0.0, c]]), np.array([0.0, 0.0, height]))
    rounds = np.concatenate([lifted.start[:, 2] - lifted.radius[:, 0], lifted.end[:, 2] - lifted.radius[:, 1], [0.0]])
    sunk = min([float(rounds.min()), *(float(face.points[:, 2].min()) for face in lifted.faces)])
    return lifted if sunk >= 0 else lifted.moved(np.eye(3), np.array([0.0, 0.0, -sunk]))  # it stands on its lowest part
