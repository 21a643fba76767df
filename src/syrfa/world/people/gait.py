"""Walking and running: cadence, foot paths, and the pose they give.

A foot in contact moves backwards at walking speed relative to the body, hence stands still on the ground.
"""

from dataclasses import dataclass

import numpy as np

from syrfa.world.people.body import Body, Joint
from syrfa.world.scene.camera import Points

WALK_RATIO = 0.0065  # step length in metres over cadence in steps a minute: near constant for people who walk freely
BOOK = (0.2, 1.6, 0.05)
POCKET = (-0.12, 0.75, 0.3)
SCREEN = (0.5, 1.65, 0.02)
EAR = (0.55, 2.35, 0.35)
LOAD = (0.03, 0.08, 0.14)
BEHIND = (-0.45, 0.1, 0.15)
"""How an arm that does not swing is held: a book, a hand in a pocket, a screen read, a telephone at the ear, a
weight, something pulled. Angles as in `GaitStyle.hold`."""


@dataclass(frozen=True)
class GaitStyle:
    """How one person moves."""

    pace: float = 1.0  # 1 for ordinary cadence at a given speed; below 1 for longer, slower steps
    swing: float = 0.45  # arm swing at 1.3 m/s, in radians
    bend: float = 0.3  # elbow angle in radians
    held: tuple[bool, bool] = (False, False)  # arms that do not swing: (left, right)
    hold: tuple[float, float, float] = BOOK  # angles of such an arm in radians: forward of the trunk, elbow, sideways
    lean: float = 0.05  # forward lean in radians
    nod: float = 0.0  # forward bend of the neck in radians
    apart: float = 0.045  # half the distance between the feet, as a share of the height
    running: bool = False  # with a flight phase, high heels and bent arms


def sample_style(rng: np.random.Generator, running: bool = False) -> GaitStyle:
    """Draws a style; one walker in four holds an arm still (a pocket, a book, a weight)."""
    if running:
        return GaitStyle(
            pace=float(rng.uniform(0.92, 1.08)),
            swing=float(rng.uniform(0.6, 1.0)),
            bend=float(rng.uniform(1.2, 1.8)),
            lean=float(rng.uniform(0.06, 0.28)),
            running=True,
        )
    held = rng.random(2) < 0.16
    return GaitStyle(
        pace=float(rng.uniform(0.92, 1.08)),
        swing=float(rng.uniform(0.2, 0.6)),
        bend=float(rng.uniform(0.12, 0.6)),
        held=(bool(held[0]), bool(held[1])),
        hold=(BOOK, POCKET, POCKET, LOAD)[int(rng.integers(4))],
        lean=float(rng.uniform(-0.02, 0.12)),
        nod=float(rng.uniform(-0.05, 0.15)),
        apart=float(rng.uniform(0.032, 0.058)),
    )


def sample_elder_style(rng: np.random.Generator) -> GaitStyle:
    """Short steps, little swing, a stoop."""
    return GaitStyle(
        pace=float(rng.uniform(1.08, 1.2)),
        swing=float(rng.uniform(0.1, 0.3)),
        bend=float(rng.uniform(0.25, 0.6)),
        lean=float(rng.uniform(0.08, 0.3)),
        nod=float(rng.uniform(0.0, 0.3)),
        apart=float(rng.uniform(0.05, 0.07)),
    )


def cycles(body: Body, style: GaitStyle, speed: Points) -> Points:
    """Gait cycles (two steps) a second at each speed in m/s; 0 when standing."""
    size = body.leg * body.height / 0.9
    if style.running:
        steps = 2.5 + 0.12 * np.clip(speed, 0, 6)
        return np.asarray(0.5 * style.pace * steps / np.sqrt(size) * np.clip(speed / 0.8, 0, 1))
    steps = np.sqrt(np.maximum(speed, 0.0) / (60 * WALK_RATIO * size))
    return np.asarray(0.5 * style.pace * steps * np.where(speed < 0.08, 0.0, 1.0))


def gait_pose(body: Body, style: GaitStyle, phase: float, speed: float, seconds: float) -> Points:
    """Joints (17, 3) in local axes (forward, left, up), metres, at `speed` m/s.

    `phase` counts gait cycles so far; the left heel strikes at whole numbers. `seconds` moves whoever stands a little.
    """
    rate = float(cycles(body, style, np.array(speed)))
    stride = speed / rate if rate > 0 else 0.0
    feet = [_foot(body, style, (phase + 0.5 * side) % 1.0, stride, speed) for side in (0, 1)]
    effort, wave, reach = min(speed / 1.3, 1.6), np.cos(2 * np.pi * phase), body.thigh + body.thigh
    turn = 0.05 * min(effort, 1.0)  # the pelvis turns with the legs and lengthens the step
    width = style.apart + 0.03 * max(0.0, 1 - speed / 0.3)
    ankles = np.array([[feet[s][0], (width, -width)[s] * body.height, feet[s][1]] for s in (0, 1)])
    if style.running:
        top = body.ankle + 0.94 * reach + 0.045 * np.sin(4 * np.pi * (phase + 0.1))
    else:
        top = body.ankle + 0.985 * reach + 0.012 * effort * np.cos(4 * np.pi * (phase - 0.27))
        for side in (0, 1):  # an inverted pendulum over the leg on the ground
            ahead = abs(ankles[side, 0] - (turn, -turn)[side] * wave)
            if (phase + 0.5 * side) % 1.0 < 0.5:
                top = min(top, ankles[side, 2] + np.sqrt(max((1.02 * reach) ** 2 - ahead**2, 0.3)))
    sway = 0.012 * np.sin(0.9 * seconds + 5 * body.girth) if speed < 0.3 else 0.0
    pelvis = np.array([0.0, sway, top])
    arms = []
    for side in (0, 1):
        back = wave if side == 0 else -wave
        if style.held[side]:
            arms.append(style.hold)
        elif style.running:
            arms.append((-0.1 - style.swing * back, style.bend, 0.12))
        else:
            swing = style.swing * min(effort, 1.3)
            arms.append((0.05 - swing * back, style.bend + 0.25 * max(0.0, -back) * swing, 0.1))
    lean = style.lean * (1.0 if style.running else min(effort, 1.0))
    pitch, twist = (feet[0][2], feet[1][2]), 0.16 * wave * min(effort, 1.0)
    return stand(body, pelvis, lean, ankles, pitch, arms=arms, twist=twist, nod=style.nod)


def _foot(body: Body, style: GaitStyle, phase: float, stride: float, speed: float) -> tuple[float, float, float]:
    """Ankle forward of the hip and above the ground in metres, and the foot's pitch (toe down) in radians."""
    duty, front = (0.36, 0.42) if style.running else (0.61, 0.44)
    scale, vigour = body.height / 1.75, min(speed / 0.9, 1.0)
    heel = (0.12 if style.running else 0.095) * scale * vigour
    lift = (0.16 + 0.07 * min(speed, 5.0) if style.running else 0.075) * scale * vigour
    strike, leave = front * duty * stride, -(1 - front) * duty * stride
    if phase < duty:
        share = phase / duty
        rise = max(0.0, (share - 0.62) / 0.38) ** 1.6
        pitch = 0.85 * vigour * rise - 0.3 * vigour * max(0.0, 1 - share / 0.15)
        return strike - share * duty * stride + 0.06 * rise * vigour * scale, body.ankle + heel * rise, pitch
    h = (phase - duty) / (1 - duty)
    # a cubic that leaves and meets the ground at its speed, so that the foot neither slips nor jumps
    slope, start = -stride * (1 - duty), leave + 0.06 * vigour * scale
    forward = (2 * h**3 - 3 * h**2 + 1) * start + (h**3 - 2 * h**2 + h) * 0.3 * slope
    forward = forward + (3 * h**2 - 2 * h**3) * strike + (h**3 - h**2) * 0.5 * slope
    up = body.ankle + heel * (1 - h) ** 2 + lift * np.sin(np.pi * h) * (1.3 - 0.75 * h)
    return float(forward), float(up), float(vigour * (0.85 * (1 - h) ** 1.5 - 0.3 * h**2))


def stand(
    body: Body,
    pelvis: Points,
    lean: float,
    ankles: Points,
    pitch: tuple[float, float] = (0.0, 0.0),
    *,
    arms: list[tuple[float, float, float]] | None = None,
    hands: Points | None = None,
    twist: float = 0.0,
    tilt: float = 0.0,
    nod: float = 0.0,
    splay: float = 0.0,
) -> Points:
    """Joints (17, 3) from the hip's middle (3,), ankles (2, 3), and the arms' angles or the `hands`' places (2, 3).

    Angles are in radians: `lean` forward and `tilt` to the left of the trunk, `pitch` of the feet (toe down), `arms` as
    in `GaitStyle.hold`, `twist` of the shoulders to the left (the hips turn against it), `nod` of the neck forward.
    `splay` is how far the knees point outwards, 0 to 1.
    """
    j = np.empty((17, 3))
    h = body.height
    up = np.array([np.sin(lean), np.sin(tilt), np.cos(lean) * np.cos(tilt)])
    neck = pelvis + body.torso * up
    gaze = 0.5 * lean + nod
    j[Joint.PELVIS], j[Joint.NECK] = pelvis, neck
    j[Joint.HEAD] = neck + 0.108 * h * np.array([np.sin(gaze), 0.7 * np.sin(tilt), np.cos(gaze)])
    across = np.array([-np.sin(twist), np.cos(twist), -np.sin(tilt)])
    hips = np.array([np.sin(0.7 * twist), np.cos(0.7 * twist), 0.0])
    for side, sign in ((0, 1.0), (1, -1.0)):
        shoulder = neck - 0.012 * h * up + 0.105 * h * sign * across
        hip = pelvis + 0.05 * h * sign * hips
        j[Joint.SHOULDER_L + side], j[Joint.HIP_L + side] = shoulder, hip
        if hands is not None:
            joint, hand = reach(shoulder, hands[side], body.upper_arm, body.forearm, np.array([-0.6, 0.4 * sign, -1.0]))
        else:
            assert arms is not None
            joint, hand = _swung(body, shoulder, lean, arms[side], sign)
        j[Joint.ELBOW_L + side], j[Joint.HAND_L + side] = joint, hand
        bend = np.array([1.0, splay * sign, 0.0])
        j[Joint.KNEE_L + side], j[Joint.ANKLE_L + side] = reach(hip, ankles[side], body.thigh, body.thigh, bend)
        sole = np.array([np.cos(pitch[side]), 0.12 * sign, -np.sin(pitch[side])]) * 0.115 * h
        toe = j[Joint.ANKLE_L + side] + sole - np.array([0.0, 0.0, 0.6 * body.ankle])
        toe[2] = max(toe[2], 0.02)
        j[Joint.TOE_L + side] = toe
    return j


def _swung(
    body: Body, shoulder: Points, lean: float, arm: tuple[float, float, float], sign: float
) -> tuple[Points, Points]:
    forward, bend, spread = arm[0] + 0.3 * lean, arm[1], arm[2]
    side = sign * np.sin(spread)
    upper = np.array([np.sin(forward) * np.cos(spread), side, -np.cos(forward) * np.cos(spread)])
    lower = np.array([np.sin(forward + bend), 0.4 * side, -np.cos(forward + bend)])
    elbow = shoulder + body.upper_arm * upper
    return elbow, elbow + body.forearm * lower


def reach(root: Points, target: Points, first: float, second: float, bend: Points) -> tuple[Points, Points]:
    """Middle and end, both (3,), of a two-part limb from `root` (3,) to `target` (3,), or as far towards it as it goes.

    `first` and `second` are the lengths of its parts; the middle joint points to `bend` (3,).
    """
    line = target - root
    far = max(float(np.sqrt(line @ line)), 1e-6)
    line = line / far
    longest = first + second
    if far >= 0.999 * longest:
        far = min(far, 1.03 * longest)
        return root + line * far * first / longest, root + line * far
    far = max(far, abs(first - second) + 1e-3)
    along = (first * first - second * second + far * far) / (2 * far)
    aside = bend - (bend @ line) * line
    aside = aside / max(float(np.sqrt(aside @ aside)), 1e-6)
    height = np.sqrt(max(first * first - along * along, 0.0))
    return root + line * along + aside * height, root + line * far
