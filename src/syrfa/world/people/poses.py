"""Poses of those who stand and talk, hold something, ride or sit."""

import numpy as np

from syrfa.world.people.body import Body
from syrfa.world.people.gait import reach, stand
from syrfa.world.scene.camera import Points


def feet(body: Body, left: tuple[float, float], right: tuple[float, float], high: tuple[float, float]) -> Points:
    """Ankles (2, 3) from (forward, left) of both feet and how high they are above the ground, in metres."""
    low = body.ankle
    return np.array([[*left, low + high[0]], [*right, low + high[1]]])


def talking(body: Body, seconds: float, rate: float) -> Points:
    """Somebody who stands and moves the arms now and then; `rate` in radians a second, `seconds` is the time."""
    shift = 0.03 * np.sin(0.5 * rate * seconds)
    lifted = max(0.0, np.sin(rate * seconds)) ** 2
    other = max(0.0, np.sin(0.7 * rate * seconds + 2)) ** 2
    pelvis = np.array([0.0, shift, body.ankle + 0.985 * body.legs])
    ankles = feet(body, (0.03, 0.11), (-0.03, -0.11), (0.0, 0.0))
    arms = [(0.1 + 0.4 * lifted, 0.3 + 1.2 * lifted, 0.12), (0.1 + 0.3 * other, 0.3 + 1.1 * other, 0.12)]
    return stand(body, pelvis, 0.03, ankles, arms=arms, twist=0.1 * np.sin(0.4 * rate * seconds), nod=0.1 * lifted)


def holding(joints: Points, body: Body, hands: Points) -> Points:
    """A pose whose arms reach for `hands` (2, 3) instead of what they did."""
    held = joints.copy()
    for side, sign in ((0, 1.0), (1, -1.0)):
        aside = np.array([-0.6, 0.4 * sign, -1.0])
        held[5 + side], held[7 + side] = reach(joints[3 + side], hands[side], body.upper_arm, body.forearm, aside)
    return held


def cycling(body: Body, crank: float, seat: float, lean: float, grip: float) -> Points:
    """A rider; `crank` is the left pedal's angle, `lean` the trunk's, in radians; `seat` and `grip` are in metres."""
    pedal = 0.17
    axle = np.array([-0.02, 0.0, 0.29])
    turns = ((crank, 0.12), (crank + np.pi, -0.12))
    ankles = axle + np.array([[pedal * np.sin(a), y, pedal * np.cos(a) + body.ankle] for a, y in turns])
    hands = np.array([[0.38, 0.24, grip], [0.38, -0.24, grip]])
    pelvis = np.array([-0.2, 0.0, seat + 0.06])
    return stand(body, pelvis, lean, ankles, (0.25, 0.25), hands=hands, nod=-0.15)


def pushing(seconds: float, period: float, length: float) -> tuple[float, float]:
    """The share of the push stroke that is done, and how far somebody is in the pushing pose, 0 gliding to 1.

    They push for `length` seconds every `period` seconds and pass between both poses within a quarter of a second.
    """
    time = seconds % period
    if time < length:
        return time / length, 1.0
    after, before = time - length, period - time
    near = max(0.0, 1 - min(after, before) / min(0.25, 0.5 * (period - length)))
    return float(after < before), near * near * (3 - 2 * near)


def gliding(body: Body, push: float, deck: float, crouch: float, balance: float, stance: float = 0.0) -> Points:
    """A skateboarder, both feet on a deck `deck` metres high, or one foot pushing.

    `push` is the share of a push stroke, negative while gliding; `crouch` that of the leg which bent knees take away;
    `balance` how far the arms are held off, `stance` how far the body is turned to the right of the board, in radians.
    """
    top = deck + body.ankle + (1 - crouch) * body.legs
    arms = [(0.15, 0.5, balance), (-0.1, 0.5, balance)]
    if push < 0:
        c, s = np.cos(stance), np.sin(stance)
        lead = (0.2 * c - 0.05 * s, 0.2 * s + 0.05 * c)
        ankles = feet(body, lead, (-lead[0], -lead[1]), (deck, deck))
        return stand(body, np.array([0.0, 0.0, top]), 0.1, ankles, arms=arms, twist=-0.5 * min(1.0, 4 * crouch + 0.3))
    foot = 0.35 - 0.85 * min(push / 0.6, 1.0) if push < 0.6 else -0.5 + 0.85 * (push - 0.6) / 0.4
    high = 0.0 if push < 0.6 else 0.18 * np.sin(np.pi * (push - 0.6) / 0.4)
    ankles = feet(body, (0.15, 0.05), (foot, -0.17), (deck, high))
    swing = 0.5 * np.cos(2 * np.pi * push)
    arms = [(swing, 0.6, balance), (-swing, 0.6, balance)]
    return stand(body, np.array([0.0, 0.0, top - 0.06]), 0.1 + 0.18, ankles, (0.0, 0.4 * (high > 0)), arms=arms)


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
    ankles = feet(body, (0.05, 0.1), (0.05, -0.1), (0.09, 0.09))
    sign = (1.0, -1.0)[side]
    ankles[side] += [-0.5 * out * share, sign * 0.42 * out, 0.14 * max(0.0, np.sin(2 * np.pi * share - np.pi))]
    pelvis = np.array([0.0, -sign * 0.1 * out, 0.09 + body.ankle + 0.88 * body.legs])
    swing = 0.7 * out * sign
    arms = [(swing, 0.7, 0.25), (-swing, 0.7, 0.25)]
    return stand(body, pelvis, 0.42, ankles, (0.0, 0.0), arms=arms, tilt=-0.08 * sign * out, nod=-0.2)


def seated(body: Body, seat: float, hands: Points, feet: tuple[float, float] = (0.45, 0.12)) -> Points:
    """Somebody sitting at height `seat`, `feet` (forward, up) in metres, hands at (2, 3)."""
    ankles = np.array([[feet[0], 0.1, feet[1] + body.ankle], [feet[0], -0.1, feet[1] + body.ankle]])
    return stand(body, np.array([-0.05, 0.0, seat + 0.1]), 0.08, ankles, hands=hands)
