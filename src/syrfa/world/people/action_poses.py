"""Poses of those who do something unusual: fight, crawl, jump, throw, dance, lie, or are on the way down."""

from itertools import pairwise

import numpy as np

from syrfa.world.people.body import Body
from syrfa.world.people.gait import stand
from syrfa.world.people.poses import feet
from syrfa.world.people.skeleton import mixed, settled, turned
from syrfa.world.scene.camera import Points


def fighting(body: Body, seconds: float, rate: float, offset: float) -> Points:
    """Somebody who hits: fists up, quick straight arms, weight to and fro; `rate` in blows a second."""
    beat = rate * seconds + offset
    side = int(beat) % 2
    kick = int(beat) % 5 == 4  # takes the whole beat
    blow = (np.sin(np.pi * (beat % 1.0)) if kick else max(0.0, np.sin(2 * np.pi * (beat % 1.0)))) ** 2
    advance = 0.1 * np.sin(2 * np.pi * 0.5 * beat) + 0.12 * blow
    pelvis = np.array([advance, 0.05 * np.sin(2.1 * beat), body.ankle + (0.93 - 0.04 * blow) * body.legs])
    ankles = feet(body, (0.25, 0.15), (-0.25, -0.15), (0.0, 0.03 * blow))
    if kick:
        ankles[1] += [0.95 * blow, 0.05, 0.5 * blow]
    shoulder = pelvis[2] + body.torso
    hands = np.array([[0.3 + advance, 0.12, shoulder - 0.05], [0.3 + advance, -0.12, shoulder - 0.05]])
    if not kick:
        hands[side] += [0.42 * blow, 0.0, 0.08 * blow]
    return stand(body, pelvis, 0.15 + 0.2 * blow, ankles, hands=hands, twist=(-0.5, 0.5)[side] * blow)


def crawling(body: Body, phase: float) -> Points:
    """On hands and knees; `phase` counts cycles, opposite hand and knee move together."""
    pelvis = np.array([-0.25, 0.0, body.thigh + 0.06])
    steps = []
    for side in (0, 1):
        share = (phase + 0.5 * side) % 1.0
        along = 0.17 - 0.34 * share / 0.6 if share < 0.6 else -0.17 + 0.34 * (share - 0.6) / 0.4
        steps.append((along, 0.07 * np.sin(np.pi * (share - 0.6) / 0.4) if share >= 0.6 else 0.0))
    chest = pelvis[0] + body.torso
    hands = np.array([[chest + steps[1 - s][0], (0.2, -0.2)[s], 0.05 + steps[1 - s][1]] for s in (0, 1)])
    joints = stand(body, pelvis, 1.45, feet(body, (0, 0.1), (0, -0.1), (0, 0)), hands=hands, nod=0.25)
    for side, sign in ((0, 1.0), (1, -1.0)):  # the knee goes to and fro about the hip, the shin trails behind it
        angle = steps[side][0] / body.thigh
        knee = joints[9 + side] + body.thigh * np.array([np.sin(angle), 0.0, -np.cos(angle)])
        drop = min(max(knee[2] - 0.07, 0.0), 0.5 * body.thigh)
        ankle = knee + np.array([-np.sqrt(body.thigh**2 - drop**2), 0.03 * sign, -drop])
        foot = np.array([-0.6, 0.0, -0.1]) * 0.15 * body.height
        joints[11 + side], joints[13 + side], joints[15 + side] = knee, ankle, ankle + foot
    return joints


def jumping(body: Body, phase: float, height: float) -> Points:
    """Hops on both feet, one a unit of `phase`; `height` of the flight in metres."""
    share, air = phase % 1.0, 0.55
    up, fold, bend = 0.0, 0.0, 0.03
    if share < air:
        up, fold = 4 * height * (share / air) * (1 - share / air), 0.12 * np.sin(np.pi * share / air)
    else:
        bend = 0.03 + 0.2 * np.sin(np.pi * (share - air) / (1 - air))
    ankles = feet(body, (0.0, 0.08), (0.0, -0.08), (up + fold, up + fold))
    pelvis = np.array([-0.25 * bend, 0.0, body.ankle + (1 - bend) * body.legs + up])
    raised = 0.9 * np.sin(np.pi * min(share / air, 1.0))
    arms = [(0.2 + raised, 0.5, 0.3 + 0.4 * raised)] * 2
    return stand(body, pelvis, 0.1 + 1.2 * bend, ankles, (0.5 * (up > 0), 0.5 * (up > 0)), arms=arms)


def throwing(body: Body, share: float) -> Points:
    """Somebody who throws with the right hand; `share` of the throw 0 to 1, the hand lets go at 0.6."""
    back = np.interp(share, [0.0, 0.4, 0.6, 1.0], [0.0, 1.0, -0.6, 0.0])
    pelvis = np.array([-0.14 * back, 0.0, body.ankle + 0.94 * body.legs])
    shoulder = pelvis[2] + body.torso
    hand = [np.interp(share, [0.0, 0.4, 0.6, 0.8, 1.0], line) for line in _THROWING_HAND]
    hands = np.array([[0.3 + 0.15 * back, 0.2, shoulder - 0.1], [pelvis[0] + hand[0], hand[1], shoulder + hand[2]]])
    ankles = feet(body, (0.28, 0.12), (-0.26, -0.12), (0.0, 0.0))
    return stand(body, pelvis, 0.05 - 0.3 * back, ankles, (0.0, 0.2), hands=hands, twist=-0.7 * back)


_THROWING_HAND = ((0.1, -0.3, 0.5, 0.35, 0.1), (-0.25, -0.35, -0.15, 0.0, -0.2), (-0.4, 0.25, 0.35, -0.3, -0.45))
"""Places of the hand forward of the pelvis, to the left, and above the shoulder, in metres, at five moments."""


def dancing(body: Body, beat: float, moves: tuple[float, float, float]) -> Points:
    """Somebody who dances; the arms take up something else every four of the beats so far.

    `moves` are the sideways step in metres, the bounce as a share of the leg, and the sway in radians.
    """
    step, bounce, sway = moves
    wave, double = np.sin(np.pi * beat), np.sin(2 * np.pi * beat)
    lifted = (max(0.0, wave) ** 2, max(0.0, -wave) ** 2)  # the free foot taps beside the other
    ankles = feet(body, (0.0, 0.16), (0.0, -0.16), (0.16 * lifted[0], 0.16 * lifted[1]))
    pelvis = np.array([0.04 * double, -step * wave, body.ankle + (0.975 - bounce * (0.5 + 0.5 * double)) * body.legs])
    neck = pelvis + np.array([0.0, 0.0, body.torso])
    place = (beat / 4.0) % len(_ARMS)
    one, share = int(place), min(4 * (place % 1.0), 1.0)
    arms = (1 - share) * _arms(one - 1, wave, double) + share * _arms(one, wave, double)
    hands, twist, tilt = neck + arms * body.height / 1.75, 0.45 * wave, sway * wave
    return stand(body, pelvis, 0.08, ankles, hands=hands, twist=twist, tilt=tilt, splay=0.4)


_OUT = ((0.2, 0.55, -0.05), (0.0, 0.0, 0.2), (0.05, 0.0, 0.05))
_BENT = ((0.38, 0.2, -0.1), (0.14, 0.0, 0.18), (0.0, 0.0, 0.0))
_ARMS = (
    # (forward, out, up) of both hands from the neck, how they go with the step, and how with the bounce; neighbours
    # are such that no hand passes its shoulder
    _BENT,
    _OUT,
    ((0.2, 0.3, 0.45), (0.0, 0.2, 0.0), (0.0, 0.0, 0.1)),
    _OUT,
    _BENT,
    ((0.3, 0.25, -0.4), (0.2, 0.1, 0.0), (0.0, 0.1, 0.1)),
)


def _arms(kind: int, wave: float, double: float) -> Points:
    middle, step, pulse = (np.array(row) for row in _ARMS[kind % len(_ARMS)])
    left, right = middle + step * wave + pulse * double, middle - step * wave + pulse * double
    return np.stack([left, right * np.array([1.0, -1.0, 1.0])])


def stepping(body: Body, phase: float) -> Points:
    """Small steps on the spot, as somebody makes who turns around; `phase` counts pairs of steps."""
    wave = np.sin(2 * np.pi * phase)
    ankles = feet(body, (0.05 * wave, 0.09), (-0.05 * wave, -0.09), (0.09 * max(0.0, wave), 0.09 * max(0.0, -wave)))
    pelvis = np.array([0.0, -0.03 * wave, body.ankle + 0.975 * body.legs])
    arms = [(0.15 + 0.1 * wave, 0.4, 0.35), (0.15 - 0.1 * wave, 0.4, 0.35)]
    return stand(body, pelvis, 0.04, ankles, arms=arms)


def limp(body: Body, rng: np.random.Generator, direction: float) -> Points:
    """A body without tension, upright, as it will lie when it is tipped over in `direction` (radians, see `turned`)."""
    prone, aside = bool(np.cos(direction) > 0.7), bool(abs(np.cos(direction)) <= 0.7)
    # whoever lies face down cannot bend the knees into the ground
    spread = rng.uniform(0.03, 0.05 if aside else 0.2, 2)
    bent = rng.uniform(0.0, 0.03 if prone else 0.14, 2) * body.legs
    ankles = np.array([[0.0, s * spread[i], body.ankle + bent[i]] for i, s in enumerate((1.0, -1.0))])
    pelvis = np.array([0.0, 0.0, body.ankle + 0.985 * body.legs])
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
    """Angles of an arm on the ground beside the body or, with probability `past_head`, beside the head."""
    spread = float(rng.uniform(0.15, 0.7))
    if rng.random() < past_head:
        return float(rng.uniform(2.6, 2.9)), float(rng.uniform(0.1, 0.4)), spread
    return float(rng.uniform(-0.1, 0.1)), float(rng.uniform(0.0, 0.2)), spread


def curled(body: Body, tightness: float) -> Points:
    """Knees drawn up and arms folded, upright; `tightness` 0 to 1."""
    height, foot = body.ankle + body.legs, 0.12 + 0.1 * tightness
    ankles = np.array([[foot, s * 0.08, height - body.legs * (0.92 - 0.5 * tightness)] for s in (1.0, -1.0)])
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
    """Falls over like a pole in `direction` (radians, as in `turned`), `share` 0 to 1, and goes slack into `end`."""
    share = min(max(share, 0.0), 1.0)
    return settled(turned(mixed(upright, end, share), 0.5 * np.pi * share**1.8, direction))


def kneeling(body: Body) -> Points:
    """On both knees, sunk on the heels, the trunk slack."""
    pelvis = np.array([-0.1, 0.0, 0.5 * body.thigh + 0.1])
    ankles = np.array([[-0.12 - 0.25 * body.thigh, s * 0.1, 0.1] for s in (1.0, -1.0)])
    arms = [(0.25, 0.4, 0.15), (0.25, 0.4, 0.15)]
    return settled(stand(body, pelvis, 0.35, ankles, (1.3, 1.3), arms=arms, nod=0.4))


def slumped(body: Body, lean: float) -> Points:
    """Sitting on the ground with legs out and the head on the chest; `lean` of the trunk in radians, below 0 back."""
    pelvis = np.array([0.0, 0.0, 0.12])
    ankles = np.array([[0.93 * body.legs, 0.16, 0.06], [0.8 * body.legs, -0.14, 0.06]])
    hands = np.array([[0.2, 0.16, 0.2], [0.15, -0.25, 0.12]])
    return settled(stand(body, pelvis, lean, ankles, (-1.0, -1.0), hands=hands, nod=0.5))


def staged(keys: list[tuple[float, Points]], share: float) -> Points:
    """A pose on the way through several; `keys` are (share at which it is reached, pose), the first at 0."""
    for (begin, one), (end, other) in pairwise(keys):
        if share < end:
            part = max(share - begin, 0.0) / (end - begin)
            return settled(mixed(one, other, part * part * (3 - 2 * part)))
    return keys[-1][1]
