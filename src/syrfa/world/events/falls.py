"""Those who go down, and those who lie on the ground."""

import numpy as np

from syrfa.world.events.casting import followed, halting_at, whole
from syrfa.world.events.scenario import Stage
from syrfa.world.events.trajectory import standing
from syrfa.world.people import action_poses
from syrfa.world.people.actors import Actor, Pose, person, walking_pose
from syrfa.world.people.gait import sample_style
from syrfa.world.scene.camera import Points


def falling(stage: Stage) -> list[Actor]:
    """A walker who trips, falls over within a second, and stays down; abnormal from the fall on."""
    rng, body = stage.rng, stage.body()
    onset, down = stage.moment(), float(rng.uniform(0.55, 1.0))
    course = halting_at(stage, float(rng.uniform(0.8, 1.7)), onset + int(0.4 * down * stage.fps))
    walking = walking_pose(body, sample_style(rng), course, stage.fps, float(rng.random()))
    direction = float(rng.choice([0.0, np.pi, 0.5 * np.pi, -0.5 * np.pi]) + rng.normal(0, 0.3))
    end = action_poses.limp(body, rng, direction)

    def pose(frame: int) -> Points:
        seconds = (frame - onset) / stage.fps
        return action_poses.toppled(walking(frame), end, seconds / down, direction) if seconds > 0 else walking(frame)

    after, moved = followed(course, pose, onset)
    return [person("falling", body, next(stage.ids), after, moved, (onset, stage.frames - 1))]


def collapsing(stage: Stage) -> list[Actor]:
    """A walker who stops, whose knees give way, and who sinks down where they are; abnormal from there on."""
    rng, body = stage.rng, stage.body()
    onset, down = stage.moment(), float(rng.uniform(1.0, 1.8))
    course = halting_at(stage, float(rng.uniform(0.6, 1.3)), onset)
    walking = walking_pose(body, sample_style(rng), course, stage.fps, float(rng.random()))
    direction = float(rng.choice([0.0, 0.5 * np.pi, -0.5 * np.pi]) + rng.normal(0, 0.3))
    knees, end = action_poses.kneeling(body), action_poses.laid(action_poses.limp(body, rng, direction), direction)
    end = end + np.array([0.35 * np.cos(direction), 0.35 * np.sin(direction), 0.0])

    pose = _going_down(walking, knees, end, onset, down, stage.fps)
    after, moved = followed(course, pose, onset)
    return [person("collapsing", body, next(stage.ids), after, moved, (onset, stage.frames - 1))]


def _going_down(walking: Pose, middle: Points, end: Points, onset: int, down: float, fps: float) -> Pose:
    """`walking` until frame `onset`, then through `middle` to `end` within `down` seconds."""

    def pose(frame: int) -> Points:
        seconds = (frame - onset) / fps
        if seconds <= 0:
            return walking(frame)
        return action_poses.staged([(0.0, walking(frame)), (0.5, middle), (1.0, end)], seconds / down)

    return pose


def lying(stage: Stage) -> list[Actor]:
    """A walker who kneels and lies down on purpose, on the back, the front or a side; abnormal from the kneeling on."""
    rng, body = stage.rng, stage.body()
    onset, down = stage.moment(), float(rng.uniform(1.6, 2.8))
    course = halting_at(stage, float(rng.uniform(0.8, 1.4)), onset)
    walking = walking_pose(body, sample_style(rng), course, stage.fps, float(rng.random()))
    direction = float(rng.choice([0.0, np.pi, 0.5 * np.pi, -0.5 * np.pi]))
    upright = action_poses.limp(body, rng, direction)
    if abs(np.sin(direction)) > 0.5:
        upright = action_poses.curled(body, float(rng.uniform(0.1, 0.6)))
    middle = action_poses.slumped(body, 0.1) if np.cos(direction) < -0.5 else action_poses.kneeling(body)
    pose = _going_down(walking, middle, action_poses.laid(upright, direction), onset, down, stage.fps)
    return [person("lying", body, next(stage.ids), course, pose, (onset, stage.frames - 1))]


def sleeping(stage: Stage) -> list[Actor]:
    """Somebody who sleeps on the ground throughout: curled up, stretched out, or slumped where they sit."""
    rng, body = stage.rng, stage.body()
    course = stage.take(standing(stage.frames, stage.spot(), float(rng.uniform(0, 2 * np.pi))))
    if rng.random() < 0.25:
        still = action_poses.slumped(body, float(rng.uniform(-0.3, 0.25)))
    else:
        direction = float(rng.choice([0.5 * np.pi, -0.5 * np.pi, np.pi, 0.0], p=[0.3, 0.3, 0.25, 0.15]))
        side = abs(np.sin(direction)) > 0.5
        curled = action_poses.curled(body, float(rng.uniform(0.2, 1.0))) if side else None
        still = action_poses.laid(action_poses.limp(body, rng, direction) if curled is None else curled, direction)
    start = float(rng.uniform(0, 4))
    pose = lambda frame: action_poses.breathing(still, start + frame / stage.fps)  # noqa: E731
    return [person("sleeping", body, next(stage.ids), course, pose, whole(stage))]
