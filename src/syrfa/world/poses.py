"""Poses other than walking and running: standing about, riding, gliding, falling, fighting, crawling, jumping."""

import numpy as np

from syrfa.world.body import Body
from syrfa.world.camera import Points
from syrfa.world.gait import reach, stand


def _feet(body: Body, left: tuple[float, float], right: tuple[float, float], high: tuple[float, float]) -> Points:
    low = body.ankle
    return np.array([[*left, low + high[0]], [*right, low + high[1]]])


def talking(body: Body, seconds: float, rate: float) -> Points:
    """Somebody who stands and moves the arms now and then; `rate` in radians a second, `seconds` is the time."""
    shift = 0.03 * np.sin(0.5 * rate * seconds)
    lifted = max(0.0, np.sin(rate * seconds)) ** 2
    other = max(0.0, np.sin(0.7 * rate * seconds + 2)) ** 2
    pelvis = np.array([0.0, shift, body.ankle + 0.985 * (body.thigh + body.shin)])
    ankles = _feet(body, (0.03, 0.11), (-0.03, -0.11), (0.0, 0.0))
    arms = [(0.1 + 0.4 * lifted, 0.3 + 1.2 * lifted, 0.12), (0.1 + 0.3 * other, 0.3 + 1.1 * other, 0.12)]
    return stand(body, pelvis, 0.03, ankles, arms=arms, twist=0.1 * np.sin(0.4 * rate * seconds), nod=0.1 * lifted)


def cycling(body: Body, crank: float, seat: float, lean: float, grip: float) -> Points:
    """A rider on a bicycle whose rear wheel is at -0.5 m and front wheel at 0.55 m.

    Args:
        body: the rider.
        crank: angle of the left pedal in radians.
        seat: height of the saddle in metres.
        lean: of the trunk in radians.
        grip: height of the handlebar in metres.
    """
    pedal = 0.17
    axle = np.array([-0.02, 0.0, 0.29])
    ankles = np.array(
        [
            axle + np.array([pedal * np.sin(crank + a), s * 0.12, pedal * np.cos(crank + a) + body.ankle])
            for a, s in ((0.0, 1.0), (np.pi, -1.0))
        ]
    )
    hands = np.array([[0.38, 0.24, grip], [0.38, -0.24, grip]])
    pelvis = np.array([-0.2, 0.0, seat + 0.06])
    return stand(body, pelvis, lean, ankles, (0.25, 0.25), hands=hands, nod=-0.15)


def gliding(body: Body, push: float, deck: float, crouch: float, balance: float, lean: float = 0.1) -> Points:
    """A skateboarder: both feet on the deck, or one foot pushing.

    Args:
        body: the skater.
        push: share of a push stroke in [0, 1); negative while gliding.
        deck: height of the deck in metres.
        crouch: share of the leg's length that the bent knees take away.
        balance: how far the arms are held off, in radians.
        lean: forward lean of the trunk in radians.
    """
    top = deck + body.ankle + (1 - crouch) * (body.thigh + body.shin)
    arms = [(0.15, 0.5, balance), (-0.1, 0.5, balance)]
    if push < 0:
        ankles = _feet(body, (0.2, 0.05), (-0.2, -0.05), (deck, deck))
        return stand(body, np.array([0.0, 0.0, top]), lean, ankles, arms=arms, twist=-0.5 * min(1.0, 4 * crouch + 0.3))
    foot = 0.35 - 0.85 * min(push / 0.6, 1.0) if push < 0.6 else -0.5 + 0.85 * (push - 0.6) / 0.4
    high = 0.0 if push < 0.6 else 0.18 * np.sin(np.pi * (push - 0.6) / 0.4)
    ankles = _feet(body, (0.15, 0.05), (foot, -0.17), (deck, high))
    swing = 0.5 * np.cos(2 * np.pi * push)
    arms = [(swing, 0.6, balance), (-swing, 0.6, balance)]
    return stand(body, np.array([0.0, 0.0, top - 0.06]), lean + 0.18, ankles, (0.0, 0.4 * (high > 0)), arms=arms)


def scooting(body: Body, push: float) -> Points:
    """A kick scooter rider: hands on the bar, one foot on the deck, the other pushing (`push` as in `gliding`)."""
    pose = gliding(body, push, 0.1, 0.05, 0.1)
    ankles = pose[13:15].copy()
    hands = np.array([[0.42, 0.2, 0.98], [0.42, -0.2, 0.98]])
    return stand(body, pose[0] + [-0.05, 0.0, 0.0], 0.12 + 0.15 * (push >= 0), ankles, hands=hands)


def skating(body: Body, stroke: float) -> Points:
    """An inline skater; `stroke` counts strokes, one leg pushes sideways and back in each."""
    pair = stroke % 2.0
    side, share = int(pair), pair % 1.0
    out = np.sin(np.pi * share)
    ankles = _feet(body, (0.05, 0.1), (0.05, -0.1), (0.09, 0.09))
    sign = (1.0, -1.0)[side]
    ankles[side] += [-0.5 * out * share, sign * 0.42 * out, 0.14 * max(0.0, np.sin(2 * np.pi * share - np.pi))]
    pelvis = np.array([0.0, -sign * 0.1 * out, 0.09 + body.ankle + 0.88 * (body.thigh + body.shin)])
    swing = 0.7 * out * sign
    arms = [(swing, 0.7, 0.25), (-swing, 0.7, 0.25)]
    return stand(body, pelvis, 0.42, ankles, (0.0, 0.0), arms=arms, tilt=-0.08 * sign * out, nod=-0.2)


def seated(body: Body, seat: float, hands: Points, feet: tuple[float, float] = (0.45, 0.12)) -> Points:
    """Somebody sitting at height `seat`, `feet` (forward, up) in metres, hands at (2, 3)."""
    ankles = np.array([[feet[0], 0.1, feet[1] + body.ankle], [feet[0], -0.1, feet[1] + body.ankle]])
    return stand(body, np.array([-0.05, 0.0, seat + 0.1]), 0.08, ankles, hands=hands)


def fighting(body: Body, seconds: float, rate: float, offset: float) -> Points:
    """Somebody who hits: fists up, quick straight arms, weight to and fro; `rate` in blows a second."""
    beat = rate * seconds + offset
    side = int(beat) % 2
    blow = max(0.0, np.sin(2 * np.pi * (beat % 1.0))) ** 2
    kick = int(beat) % 5 == 4
    leg = body.thigh + body.shin
    advance = 0.1 * np.sin(2 * np.pi * 0.5 * beat) + 0.12 * blow
    pelvis = np.array([advance, 0.05 * np.sin(2.1 * beat), body.ankle + (0.93 - 0.04 * blow) * leg])
    ankles = _feet(body, (0.25, 0.15), (-0.25, -0.15), (0.0, 0.03 * blow))
    if kick:
        ankles[1] += [0.95 * blow, 0.05, 0.75 * blow]
    shoulder = pelvis[2] + body.torso
    hands = np.array([[0.3 + advance, 0.12, shoulder - 0.05], [0.3 + advance, -0.12, shoulder - 0.05]])
    if not kick:
        hands[side] += [0.42 * blow, 0.0, 0.08 * blow]
    return stand(body, pelvis, 0.15 + 0.2 * blow, ankles, hands=hands, twist=(-0.5, 0.5)[side] * blow)


def crawling(body: Body, phase: float) -> Points:
    """On hands and knees; `phase` counts cycles, opposite hand and knee move together."""
    leg = body.thigh
    pelvis = np.array([-0.25, 0.0, leg + 0.06])
    steps = []
    for side in (0, 1):
        share = (phase + 0.5 * side) % 1.0
        along = 0.17 - 0.34 * share / 0.6 if share < 0.6 else -0.17 + 0.34 * (share - 0.6) / 0.4
        steps.append((along, 0.07 * np.sin(np.pi * (share - 0.6) / 0.4) if share >= 0.6 else 0.0))
    ankles = np.array([[-0.25 + steps[s][0] - body.shin, (0.1, -0.1)[s], 0.08 + steps[s][1]] for s in (0, 1)])
    chest = pelvis[0] + body.torso
    hands = np.array([[chest + steps[1 - s][0], (0.2, -0.2)[s], 0.05 + steps[1 - s][1]] for s in (0, 1)])
    joints = stand(body, pelvis, 1.5, ankles, (1.2, 1.2), hands=hands, nod=0.3)
    for side in (0, 1):  # the knee is on the ground, the shin lies behind it
        joints[11 + side] = [-0.22 + steps[side][0], (0.1, -0.1)[side], 0.07 + steps[side][1]]
    return joints


def jumping(body: Body, phase: float, height: float) -> Points:
    """Hops on both feet, one a unit of `phase`; `height` of the flight in metres."""
    share = phase % 1.0
    air = 0.55
    leg = body.thigh + body.shin
    if share < air:
        up = 4 * height * (share / air) * (1 - share / air)
        fold = 0.12 * np.sin(np.pi * share / air)
        bend = 0.03
    else:
        up, fold = 0.0, 0.0
        bend = 0.03 + 0.2 * np.sin(np.pi * (share - air) / (1 - air))
    ankles = _feet(body, (0.0, 0.08), (0.0, -0.08), (up + fold, up + fold))
    pelvis = np.array([-0.25 * bend, 0.0, body.ankle + (1 - bend) * leg + up])
    raised = 0.9 * np.sin(np.pi * min(share / air, 1.0))
    arms = [(0.2 + raised, 0.5, 0.3 + 0.4 * raised)] * 2
    return stand(body, pelvis, 0.1 + 1.2 * bend, ankles, (0.5 * (up > 0), 0.5 * (up > 0)), arms=arms)


def toppled(joints: Points, share: float, direction: float) -> Points:
    """A pose turned over about the feet.

    Args:
        joints: (17, 3).
        share: 0 upright to 1 lying; the way down speeds up as a falling pole does.
        direction: of the fall in radians, 0 forward, pi backward, counter-clockwise.
    """
    angle = 0.5 * np.pi * min(max(share, 0.0), 1.0) ** 1.8
    axis = np.array([-np.sin(direction), np.cos(direction), 0.0])
    c, s = np.cos(angle), np.sin(angle)
    turned = joints * c + np.cross(axis, joints) * s + axis * (joints @ axis)[:, None] * (1 - c)
    # nothing sinks into the ground, and a body lies on its thickness
    turned[:, 2] = np.maximum(turned[:, 2], 0.04 + 0.08 * min(max(share, 0.0), 1.0))
    return np.asarray(turned)


def holding(joints: Points, body: Body, hands: Points) -> Points:
    """A pose whose arms reach for `hands` (2, 3) instead of what they did."""
    held = joints.copy()
    for side, sign in ((0, 1.0), (1, -1.0)):
        aside = np.array([-0.6, 0.4 * sign, -1.0])
        held[5 + side], held[7 + side] = reach(joints[3 + side], hands[side], body.upper_arm, body.forearm, aside)
    return held
