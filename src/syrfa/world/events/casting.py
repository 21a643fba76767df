"""What several events share: walkers and talkers, courses that change in view, places on and off the road, onsets."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from syrfa.world.events.scenario import Stage
from syrfa.world.events.trajectory import Trajectory, beside, simulate
from syrfa.world.people import poses
from syrfa.world.people.actors import Actor, Pose, person, walking_pose
from syrfa.world.people.body import Body
from syrfa.world.people.gait import LOAD, GaitStyle, sample_elder_style, sample_style
from syrfa.world.scene.camera import Points
from syrfa.world.scene.layout import Road

FROM_CROSSING = 3.5  # how far in metres from a crossing somebody crosses who should have used it
Interval = tuple[int, int]


def begin(stage: Stage) -> int:
    """The frame in which something begins; half of what need not begin in view is there from the first frame on."""
    return 0 if stage.onset is None and stage.rng.random() < 0.5 else stage.moment()


def mounted(stage: Stage, joint: float = 0.35) -> tuple[int, int, tuple[int, ...]]:
    """Ids of a rider and of what they ride (with probability `joint` one for both), and the owners an actor lists."""
    rider = next(stage.ids)
    vehicle = rider if stage.rng.random() < joint else next(stage.ids)
    return rider, vehicle, (rider,) if rider == vehicle else (rider, vehicle)


def walkway_course(stage: Stage, speed: float, wander: float) -> tuple[Trajectory, Interval]:
    """A way through the picture for what has no business there, and the frames in which it is off the road."""
    road = stage.scene.road
    if road is None:
        return stage.course(speed, wander=wander, enters=True), whole(stage)
    for _ in range(6):
        course = stage.course(speed, wander=wander, enters=True)
        stage.taken.pop()
        if not (road.holds(course.x, course.y, 0.8) & stage.visible(course, 1.0)).any():
            break
    else:
        course = _beside(stage, road, course)
    stage.taken.append(course)
    return course, longest(~road.holds(course.x, course.y))  # on the road a vehicle is where it belongs


def _beside(stage: Stage, road: Road, course: Trajectory) -> Trajectory:
    """The course moved sideways until it is off the road in the middle of the time in which it is seen."""
    seen = np.flatnonzero(stage.visible(course, 1.0))
    middle = int(seen[len(seen) // 2]) if len(seen) else len(course) // 2
    aside = float(road.aside(course.x[middle], course.y[middle]))
    wanted = float(np.copysign(road.half + 1.5, aside))
    along = float(road.along(course.x[middle], course.y[middle]))
    old, new = road.point(along, aside), road.point(along, wanted)
    return Trajectory(course.x + new[0] - old[0], course.y + new[1] - old[1], course.heading, course.speed)


def longest(flags: NDArray[np.bool_]) -> Interval:
    """First and last index of the longest run of True in (n,); at least one must be."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]])))
    starts, ends = edges[::2], edges[1::2]
    best = int(np.argmax(ends - starts))
    return int(starts[best]), int(ends[best]) - 1


def off_road_spot(stage: Stage) -> tuple[float, float]:
    """A ground point in view that is not on the road, if the view shows such a one."""
    road, place = stage.scene.road, stage.spot()
    for _ in range(20):
        if road is None or not road.holds(*place, 0.5):
            break
        place = stage.spot()
    return place


def the_road(stage: Stage) -> Road:
    """The stage's road; events that need one are drawn only where there is one (`events.possible`)."""
    road = stage.scene.road
    assert road is not None
    return road


def road_place(stage: Stage, aside: float) -> tuple[float, float]:
    """A ground point in view, `aside` metres to the left of the road's axis and away from its crossing."""
    road, camera = the_road(stage), stage.scene.camera
    along = stage.unmarked(FROM_CROSSING)
    points = np.array([(*road.point(float(place), aside), 0.9) for place in along])
    pixels, depth = camera.project(points)
    size = np.array([camera.width, camera.height])
    seen = (depth > 3.0) & (pixels > 0.08 * size).all(axis=1) & (pixels < 0.92 * size).all(axis=1)
    tall = 1.7 * camera.focal / depth
    good = np.flatnonzero(seen & (tall > 10) & (points[:, 1] < stage.scene.back))
    if not len(good):
        good = np.array([int(np.argmin(np.abs(pixels - 0.5 * size).sum(axis=1)))])
    x, y, _ = points[int(stage.rng.choice(good))]
    return float(x), float(y)


def passing(stage: Stage, place: tuple[float, float], frame: int, heading: float, speed: float) -> Trajectory:
    """A course that is at `place` in `frame`."""
    at, n, fps = min(max(frame, 0), stage.frames - 1), stage.frames, stage.fps
    return stage.take(simulate(stage.rng, n, fps, through=place, at=at, heading=heading, speed=speed, wander=0.03))


def traced(x: Points, y: Points, fps: float) -> Trajectory:
    """The course of somebody who is at ground points `x`, `y` (frames,) and looks where they go."""
    east, north = np.gradient(x) * fps, np.gradient(y) * fps
    return Trajectory(x, y, np.unwrap(np.arctan2(north, east)), np.hypot(east, north))


def followed(course: Trajectory, pose: Pose, onset: int) -> tuple[Trajectory, Pose]:
    """The same motion, with the actor's ground point under the pelvis from frame `onset` on, as a fallen body's is."""
    offsets = np.zeros((len(course), 2))
    offsets[onset:] = [pose(frame)[0, :2] for frame in range(onset, len(course))]
    x, y = beside((course.x, course.y), course.heading, offsets[:, 0], offsets[:, 1])
    shifts = np.concatenate([offsets, np.zeros((len(course), 1))], axis=1)
    return Trajectory(x, y, course.heading, course.speed), lambda frame: pose(frame) - shifts[frame]


def whole(stage: Stage) -> tuple[int, int]:
    """All frames of the clip: first and last."""
    return 0, stage.frames - 1


def dressed_style(stage: Stage, body: Body) -> GaitStyle:
    """How this person walks: by age, and with the arms that carry something held still."""
    style = sample_elder_style(stage.rng) if body.age == "elder" else sample_style(stage.rng)
    carried = {"hand bag": (style.held[0], True), "two bags": (True, True)}.get(body.wardrobe.carries)
    return style if carried is None else replace(style, held=carried, hold=LOAD)


def walker(
    stage: Stage, event: str, course: Trajectory, body: Body | None = None, style: GaitStyle | None = None
) -> Actor:
    """Somebody who goes along `course` at its speed; an adult in a style of their own unless given."""
    if all(course is not other for other in stage.taken):  # the leader of a group has taken its course already
        stage.taken.append(course)
    body = body or stage.body()
    pose = walking_pose(body, style or dressed_style(stage, body), course, stage.fps, float(stage.rng.random()))
    return person(event, body, next(stage.ids), course, pose)


def talker(stage: Stage, event: str, course: Trajectory) -> Actor:
    """Somebody who stands and moves the arms now and then."""
    body, rate, start = stage.body(), float(stage.rng.uniform(0.5, 2.5)), float(stage.rng.uniform(0, 20))
    stage.taken.append(course)
    pose: Pose = lambda frame: poses.talking(body, start + frame / stage.fps, rate)  # noqa: E731
    return person(event, body, next(stage.ids), course, pose)


def halting(stage: Stage, speed: float) -> Trajectory:
    """A way with a halt of one to three seconds somewhere in view."""
    middle = int(stage.rng.integers(stage.frames))
    return stage.take(stage.way(speed, middle, stop=(middle, middle + int(stage.rng.uniform(1, 3) * stage.fps))))


def halting_at(stage: Stage, speed: float, frame: int) -> Trajectory:
    """A way that ends in view at `frame`."""
    at = min(max(frame, 0), stage.frames - 1)
    return stage.take(stage.way(speed, at, stop=(frame, 10 * stage.frames + frame)))


def changing(stage: Stage, before: float, after: float, frame: int) -> Trajectory:
    """A way whose speed changes in view at `frame`, within half a second."""
    share = np.clip((np.arange(stage.frames) - frame) / (0.5 * stage.fps), 0, 1)
    pace, at = before + (after - before) * share, min(frame, stage.frames - 1)
    return stage.take(stage.way(1.0, at, wander=0.04, first=lambda way: way.repaced(pace, at, stage.fps)))
