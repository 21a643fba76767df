"""Those on foot who move in an unusual way: shuffling, drunk, limping, turning, dancing, crawling, jumping."""

import numpy as np

from syrfa.world.events.casting import changing, halting_at, whole
from syrfa.world.events.placement import traced
from syrfa.world.events.stage import Stage
from syrfa.world.events.trajectory import Trajectory, drift, standing
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
        speed = float(course.speed[frame])
        walked = gait_pose(body, style, hurried + 0.5 * bad, speed, frame / stage.fps)
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
    course = Trajectory(walked.x, walked.y, walked.heading + turn, walked.speed)
    first = walking_pose(body, sample_style(rng), walked, stage.fps, float(rng.random()))
    steps = 2.2 * abs(rate)
    second = lambda frame: action_poses.stepping(body, steps * frame / stage.fps)  # noqa: E731
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
    """Somebody who dances, `rate` beats a second."""
    rng, body = stage.rng, stage.body()
    stage.taken.append(course)
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
