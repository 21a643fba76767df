"""Poses of those who lie, sit on the ground, or are on the way down."""

from itertools import pairwise

import numpy as np

from syrfa.world.people.body import Body
from syrfa.world.people.gait import stand
from syrfa.world.people.skeleton import mixed, settled, turned
from syrfa.world.scene.camera import Points

LEFT, RIGHT, FORWARD, BACKWARD = 0.5 * np.pi, -0.5 * np.pi, 0.0, np.pi


def limp(body: Body, rng: np.random.Generator, direction: float) -> Points:
    """A body without tension, upright, as it will lie when it is tipped over in `direction` (radians, see `turned`)."""
    leg = body.thigh + body.shin
    prone, aside = bool(np.cos(direction) > 0.7), bool(abs(np.cos(direction)) <= 0.7)
    # whoever lies face down cannot bend the knees into the ground
    spread, bent = rng.uniform(0.03, 0.05 if aside else 0.2, 2), rng.uniform(0.0, 0.03 if prone else 0.14, 2) * leg
    ankles = np.array([[0.0, s * spread[i], body.ankle + bent[i]] for i, s in enumerate((1.0, -1.0))])
    pelvis = np.array([0.0, 0.0, body.ankle + 0.985 * leg])
    lean = float(rng.uniform(-0.05, 0.02) if prone else rng.uniform(0.0, 0.12))
    if np.cos(direction) < -0.7 and rng.random() < 0.4:  # on the back, hands on the belly
        hands = pelvis + np.array([[0.16, 0.06, 0.22], [0.16, -0.08, 0.26]])
        return stand(body, pelvis, lean, ankles, (0.7, 0.7), hands=hands, nod=0.05)
    if aside:  # arms in front of the body, where the ground holds them
        arms = [(float(rng.uniform(0.1, 1.5)), float(rng.uniform(0.1, 1.3)), 0.0) for _ in "lr"]
    else:
        arms = [_slack_arm(rng, past_head=0.6 if prone else 0.15) for _ in "lr"]
    return stand(body, pelvis, lean, ankles, (1.3 if prone else 0.7,) * 2, arms=arms, nod=0.05)


def _slack_arm(rng: np.random.Generator, past_head: float) -> tuple[float, float, float]:
    """Angles of an arm that lies on the ground beside the body or, with probability `past_head`, beside the head."""
    spread = float(rng.uniform(0.15, 0.7))
    if rng.random() < past_head:
        return float(rng.uniform(2.6, 2.9)), float(rng.uniform(0.1, 0.4)), spread
    return float(rng.uniform(-0.1, 0.1)), float(rng.uniform(0.0, 0.2)), spread


def curled(body: Body, tightness: float) -> Points:
    """Knees drawn up and arms folded, upright; `tightness` 0 to 1."""
    leg = body.thigh + body.shin
    height = body.ankle + leg
    foot = 0.12 + 0.1 * tightness
    ankles = np.array([[foot, s * 0.08, height - leg * (0.92 - 0.5 * tightness)] for s in (1.0, -1.0)])
    arms = [(0.7, 1.8, 0.1), (1.0, 1.5, 0.05)]
    return stand(body, np.array([0.0, 0.0, height]), 0.15 + 0.5 * tightness, ankles, (0.9, 0.9), arms=arms, nod=0.3)


def laid(upright: Points, direction: float) -> Points:
    """A pose tipped over by a right angle and put on the ground, its middle above the actor's ground point."""
    flat = turned(upright, 0.5 * np.pi, direction)
    flat[:, :2] -= flat[0, :2]
    return settled(flat)


def breathing(joints: Points, seconds: float) -> Points:
    """A lying pose whose trunk rises and falls by a centimetre, 15 times a minute."""
    moved = joints.copy()
    moved[1:5, 2] += 0.005 * (1 + np.sin(0.5 * np.pi * seconds))
    return moved


def toppled(upright: Points, end: Points, share: float, direction: float) -> Points:
    """Somebody who falls over like a pole while the limbs go slack.

    Args:
        upright: (17, 3), the pose at the beginning.
        end: (17, 3), the upright pose that the limbs go into (see `limp`).
        share: 0 upright to 1 lying; the way down speeds up as a falling pole does.
        direction: of the fall in radians, 0 forward, pi backward, counter-clockwise.
    """
    share = min(max(share, 0.0), 1.0)
    pose = mixed(upright, end, share)
    return settled(turned(pose, 0.5 * np.pi * share**1.8, direction))


def kneeling(body: Body) -> Points:
    """On both knees, sunk on the heels, the trunk slack."""
    pelvis = np.array([-0.1, 0.0, 0.5 * body.thigh + 0.1])
    ankles = np.array([[-0.12 - 0.25 * body.shin, s * 0.1, 0.1] for s in (1.0, -1.0)])
    arms = [(0.25, 0.4, 0.15), (0.25, 0.4, 0.15)]
    pose = stand(body, pelvis, 0.35, ankles, (1.3, 1.3), arms=arms, nod=0.4)
    return settled(pose)


def slumped(body: Body, lean: float) -> Points:
    """Sitting on the ground with legs out and the head on the chest; `lean` of the trunk in radians, below 0 back."""
    pelvis = np.array([0.0, 0.0, 0.12])
    leg = body.thigh + body.shin
    ankles = np.array([[0.93 * leg, 0.16, 0.06], [0.8 * leg, -0.14, 0.06]])
    hands = np.array([[0.2, 0.16, 0.2], [0.15, -0.25, 0.12]])
    return settled(stand(body, pelvis, lean, ankles, (-1.0, -1.0), hands=hands, nod=0.5))


def staged(keys: list[tuple[float, Points]], share: float) -> Points:
    """A pose on the way through several.

    Args:
        keys: (share at which it is reached, pose), in order; the first at 0.
        share: from 0 to that of the last key; beyond, the last key holds.
    """
    for (begin, one), (end, other) in pairwise(keys):
        if share < end:
            part = max(share - begin, 0.0) / (end - begin)
            return settled(mixed(one, other, part * part * (3 - 2 * part)))
    return keys[-1][1]
