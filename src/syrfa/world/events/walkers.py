"""People on foot who move or go as others do not: odd gaits, dances, running, crossing anywhere, the wrong way."""

from dataclasses import replace

import numpy as np

from syrfa.world.events.casting import (
    changing,
    halting_at,
    longest,
    off_road_spot,
    passing,
    road_place,
    the_road,
    traced,
    walker,
    whole,
)
from syrfa.world.events.scenario import Stage
from syrfa.world.events.trajectory import Trajectory, beside, drift, led, standing
from syrfa.world.people import action_poses, poses
from syrfa.world.people.actors import Actor, blended, person, phases, walking_pose
from syrfa.world.people.body import Joint
from syrfa.world.people.gait import GaitStyle, gait_pose, sample_style
from syrfa.world.people.skeleton import shifted, swayed
from syrfa.world.scene.camera import Points


def shuffling(stage: Stage) -> list[Actor]:
    """Somebody bent who drags the feet in short quick steps, 0.25 to 0.6 m/s."""
    rng, body = stage.rng, stage.body()
    course = stage.course(float(rng.uniform(0.25, 0.6)), wander=0.05)
    style = GaitStyle(pace=float(rng.uniform(1.5, 2.0)), swing=0.1, bend=0.7, lean=0.05)
    gait = walking_pose(body, style, course, stage.fps, float(rng.random()))
    stoop, bent = float(rng.uniform(0.3, 0.6)), float(rng.uniform(0.02, 0.05))

    def pose(frame: int) -> Points:
        low = shifted(gait(frame), body, np.array([-0.04, 0.0, -bent]))
        return swayed(low, stoop, 0.03 * np.sin(7.0 * frame / stage.fps))

    return [person("shuffling", body, next(stage.ids), course, pose, whole(stage))]


def walking_drunk(stage: Stage) -> list[Actor]:
    """Somebody who staggers: 0.4 to 1.1 m/s, from side to side, with the trunk swinging and steps aside."""
    rng, body = stage.rng, stage.body()
    line = stage.course(float(rng.uniform(0.4, 1.1)), wander=0.1)
    seconds = np.arange(stage.frames) / stage.fps
    period, start = rng.uniform(1.6, 2.8), rng.uniform(0, 2 * np.pi)
    reel = np.sin(2 * np.pi * seconds / period + start + 0.8 * drift(rng, seconds))
    aside, ahead = float(rng.uniform(0.3, 0.5)) * reel, 0.15 * drift(rng, seconds)
    x = line.x - aside * np.sin(line.heading) + ahead * np.cos(line.heading)
    y = line.y + aside * np.cos(line.heading) + ahead * np.sin(line.heading)
    heading = line.heading + 0.5 * np.cos(2 * np.pi * seconds / period + start)
    course = Trajectory(x, y, heading, traced(x, y, stage.fps).speed)
    gait = walking_pose(body, GaitStyle(pace=0.95, swing=0.35, bend=0.5), course, stage.fps, float(rng.random()))
    roll, nod = float(rng.uniform(0.35, 0.5)), float(rng.uniform(0.1, 0.3)) * drift(rng, seconds)
    side = roll * np.sin(2 * np.pi * seconds / period + start + 0.7)

    def pose(frame: int) -> Points:
        low = shifted(gait(frame), body, np.array([0.0, 0.3 * side[frame], -0.03]))
        return swayed(low, 0.12 + float(nod[frame]), float(side[frame]))

    return [person("walking_drunk", body, next(stage.ids), course, pose, whole(stage))]


def walking_injured(stage: Stage) -> list[Actor]:
    """Somebody who limps, 0.4 to 0.9 m/s: a short stance and a dip over the bad leg, one hand on its thigh."""
    rng, body = stage.rng, stage.body()
    course = stage.course(float(rng.uniform(0.4, 0.9)), wander=0.05)
    style = GaitStyle(pace=float(rng.uniform(1.0, 1.25)), swing=0.25, bend=0.4)
    phase = phases(body, style, course, stage.fps, float(rng.random()))
    bad = int(rng.integers(2))
    sign, dip, lean = (1.0, -1.0)[bad], float(rng.uniform(0.04, 0.08)), float(rng.uniform(0.15, 0.35))
    held = rng.random() < 0.7

    def pose(frame: int) -> Points:
        share = float(phase[frame]) - 0.5 * bad  # the bad leg strikes at whole numbers
        hurried = share + 0.09 * np.sin(2 * np.pi * share + 0.9)
        walked = gait_pose(body, style, hurried + 0.5 * bad, float(course.speed[frame]), frame / stage.fps)
        over = 0.5 + 0.5 * np.cos(2 * np.pi * (share - 0.28))  # 1 while the bad leg bears the body
        low = shifted(walked, body, np.array([0.0, 0.02 * sign * over, -0.02 - dip * over]))
        low = swayed(low, 0.12 + lean * over, 0.25 * lean * sign * over)
        if held:
            hands = low[[Joint.HAND_L, Joint.HAND_R]].copy()
            hip, knee = low[Joint.HIP_L + bad], low[Joint.KNEE_L + bad]
            hands[bad] = hip + 0.45 * (knee - hip) + np.array([0.1, 0.05 * sign, 0.0])
            low = poses.holding(low, body, hands)
        return low

    return [person("walking_injured", body, next(stage.ids), course, pose, whole(stage))]


def rotating(stage: Stage) -> list[Actor]:
    """A walker who halts and turns about in full circles, 0.35 to 0.8 turns a second; abnormal while turning."""
    rng, body, onset = stage.rng, stage.body(), stage.moment()
    walked = halting_at(stage, float(rng.uniform(0.8, 1.4)), onset)
    rate = float(rng.choice([-1.0, 1.0]) * rng.uniform(0.35, 0.8))
    seconds = np.maximum((np.arange(stage.frames) - onset) / stage.fps, 0.0)
    turn = 2 * np.pi * rate * np.maximum(seconds - 0.25 * (1 - np.exp(-seconds / 0.25)), 0.0)
    course = replace(walked, heading=walked.heading + turn)
    first = walking_pose(body, sample_style(rng), walked, stage.fps, float(rng.random()))
    second = lambda frame: action_poses.stepping(body, 2.2 * abs(rate) * frame / stage.fps)  # noqa: E731
    pose = blended(first, second, onset, 0.3 * stage.fps)
    return [person("rotating", body, next(stage.ids), course, pose, (onset, stage.frames - 1))]


def dancing(stage: Stage) -> list[Actor]:
    """Somebody who dances on the spot at 90 to 135 beats a minute, or two who face each other; throughout."""
    rng, place = stage.rng, stage.spot()
    rate = float(rng.uniform(1.5, 2.25))
    seconds = np.arange(stage.frames) / stage.fps
    pair, line = rng.random() < 0.35, float(rng.uniform(0, 2 * np.pi))
    actors = []
    for side in (1.0, -1.0) if pair else (0.0,):
        spot = (place[0] + 0.75 * side * float(np.cos(line)), place[1] + 0.75 * side * float(np.sin(line)))
        facing = line + (np.pi if side > 0 else 0.0) + float(rng.uniform(0.2, 0.9)) * drift(rng, seconds)
        actors.append(_dancer(stage, standing(stage.frames, spot, facing), rate))
    return actors


def _dancer(stage: Stage, course: Trajectory, rate: float) -> Actor:
    rng, body = stage.rng, stage.body()
    stage.take(course)
    moves = (float(rng.uniform(0.08, 0.2)), float(rng.uniform(0.02, 0.06)), float(rng.uniform(0.05, 0.2)))
    start = float(rng.integers(16)) + float(rng.uniform(0, 0.2))
    pose = lambda frame: action_poses.dancing(body, start + rate * frame / stage.fps, moves)  # noqa: E731
    return person("dancing", body, next(stage.ids), course, pose, whole(stage))


def crawling(stage: Stage) -> list[Actor]:
    """A walker who goes down and crawls on hands and knees, 0.35 to 0.8 m/s; abnormal from there on."""
    rng, body, onset = stage.rng, stage.body(), stage.moment()
    course = changing(stage, float(rng.uniform(0.9, 1.5)), float(rng.uniform(0.35, 0.8)), onset)
    phase = np.cumsum(course.speed) / stage.fps / 0.57
    first = walking_pose(body, sample_style(rng), course, stage.fps, float(rng.random()))
    pose = blended(first, lambda frame: action_poses.crawling(body, float(phase[frame])), onset, 0.9 * stage.fps)
    return [person("crawling", body, next(stage.ids), course, pose, (onset, stage.frames - 1))]


def jumping(stage: Stage) -> list[Actor]:
    """A walker who begins to hop on both feet, 0.18 to 0.42 m high; abnormal from there on."""
    rng, body, onset = stage.rng, stage.body(), stage.moment()
    course = changing(stage, float(rng.uniform(0.9, 1.5)), float(rng.uniform(0.0, 1.2)), onset)
    rate, high = float(rng.uniform(1.3, 1.9)), float(rng.uniform(0.18, 0.42))
    first = walking_pose(body, sample_style(rng), course, stage.fps, float(rng.random()))
    second = lambda frame: action_poses.jumping(body, rate * (frame - onset) / stage.fps + 0.55, high)  # noqa: E731
    pose = blended(first, second, onset, 0.3 * stage.fps)
    return [person("jumping", body, next(stage.ids), course, pose, (onset, stage.frames - 1))]


def running(stage: Stage) -> list[Actor]:
    """A runner, 2.5 to 5 m/s."""
    rng = stage.rng
    course = stage.course(float(rng.uniform(2.5, 5.0)), wander=0.06, enters=True, turns=bool(rng.random() < 0.1))
    return [_runner(stage, "running", course)]


def _runner(stage: Stage, event: str, course: Trajectory) -> Actor:
    body = stage.body()
    pose = walking_pose(body, sample_style(stage.rng, running=True), course, stage.fps, float(stage.rng.random()))
    return person(event, body, next(stage.ids), course, pose, whole(stage))


def chasing(stage: Stage) -> list[Actor]:
    """One runs after another, 2.6 to 4.8 m/s, 1 to 3 m behind and weaving; both are abnormal."""
    rng = stage.rng
    speed, gap = float(rng.uniform(2.6, 4.8)), float(rng.uniform(1.0, 3.0))
    lead = stage.course(speed, wander=0.3, enters=True, turns=bool(rng.random() < 0.3))
    # the pursuer was a moment ago where the other is now, and cuts corners
    ago = max(1, round(gap / speed * stage.fps))
    back = np.arange(1, ago + 1)[::-1] / stage.fps
    east, north = lead.speed[0] * np.cos(lead.heading[0]), lead.speed[0] * np.sin(lead.heading[0])
    x = np.concatenate([lead.x[0] - back * east, lead.x])[: stage.frames]
    y = np.concatenate([lead.y[0] - back * north, lead.y])[: stage.frames]
    aside = 0.25 * drift(rng, np.arange(stage.frames) / stage.fps)
    follow = stage.take(traced(x - aside * np.sin(lead.heading), y + aside * np.cos(lead.heading), stage.fps))
    return [_runner(stage, "chasing", course) for course in (lead, follow)]


def panic(stage: Stage) -> list[Actor]:
    """Five to nine who walk about until all run from one place at once, 2.5 to 4.5 m/s; abnormal from there on."""
    rng, onset, centre = stage.rng, stage.moment(), stage.spot()
    actors = []
    for _ in range(int(rng.integers(5, 10))):
        angle, far = float(rng.uniform(0, 2 * np.pi)), float(rng.uniform(0.8, 3.5))
        start = (centre[0] + far * np.cos(angle), centre[1] + far * np.sin(angle))
        actors.append(_fleeing(stage, start, onset + int(rng.uniform(0, 0.5) * stage.fps), angle))
    return actors


def _fleeing(stage: Stage, start: tuple[float, float], onset: int, away: float) -> Actor:
    rng, body = stage.rng, stage.body()
    seconds = (np.arange(stage.frames) - onset) / stage.fps
    share = np.clip(seconds / 0.6, 0.0, 1.0)
    slow, fast, walked = float(rng.uniform(0.0, 1.3)), float(rng.uniform(2.5, 4.5)), stage.direction()
    turn = (away + float(rng.normal(0, 0.25)) - walked + np.pi) % (2 * np.pi) - np.pi
    heading, speed = walked + turn * share, slow + (fast - slow) * share
    at = min(onset, stage.frames - 1)
    course = stage.take(led(heading, speed, at, start, stage.fps))
    calm = walking_pose(body, sample_style(rng), course, stage.fps, float(rng.random()))
    quick = walking_pose(body, sample_style(rng, running=True), course, stage.fps, float(rng.random()))
    pose = blended(calm, quick, onset, 0.5 * stage.fps)
    return person("panic", body, next(stage.ids), course, pose, (at, stage.frames - 1))


def jaywalking(stage: Stage) -> list[Actor]:
    """Somebody who crosses the road where they like, 1 to 2 m/s; abnormal while on it."""
    rng, road = stage.rng, the_road(stage)
    speed = float(rng.uniform(1.0, 2.0))
    # in the middle of the road somewhat after stepping on it
    frame = min(stage.moment() + int(road.half / speed * stage.fps), stage.frames - 1)
    heading = road.angle + 0.5 * np.pi * float(rng.choice([-1.0, 1.0])) + float(rng.normal(0, 0.3))
    course = passing(stage, road_place(stage, 0.0), frame, heading, speed)
    return [replace(walker(stage, "jaywalking", course), abnormal=longest(road.holds(course.x, course.y)))]


def wrong_way(stage: Stage) -> list[Actor]:
    """Seven to eleven who walk one way, and one who walks against them, 1 to 1.7 m/s: only that one is abnormal."""
    rng = stage.rng
    forward = stage.scene.path + np.pi * int(rng.integers(2))
    actors = []
    for _ in range(int(rng.integers(7, 12))):
        frame, spot = int(rng.integers(stage.frames)), off_road_spot(stage)
        course = passing(stage, spot, frame, forward + float(rng.normal(0, 0.1)), float(rng.uniform(0.9, 1.5)))
        actors.append(walker(stage, "wrong_way", course))
    middle = int(rng.uniform(0.3, 0.7) * stage.frames)
    against = forward + np.pi + float(rng.normal(0, 0.1))
    course = passing(stage, off_road_spot(stage), middle, against, float(rng.uniform(1.0, 1.7)))
    return [replace(walker(stage, "wrong_way", course), abnormal=whole(stage)), *actors]


def loitering(stage: Stage) -> list[Actor]:
    """Somebody who strolls to and fro about one place without ever leaving it; throughout."""
    rng, place = stage.rng, off_road_spot(stage)
    seconds = np.arange(stage.frames) / stage.fps
    span, period = float(rng.uniform(1.0, 2.2)), float(rng.uniform(7.0, 12.0))
    line, start = stage.direction(), float(rng.uniform(0, 2 * np.pi))
    phase = 2 * np.pi * seconds / period + start
    along, aside = span * np.sin(phase), 0.35 * span * np.sin(2 * phase) + 0.2 * drift(rng, seconds)
    x, y = beside(place, line, along, aside)
    return [replace(walker(stage, "loitering", stage.take(traced(x, y, stage.fps))), abnormal=whole(stage))]
