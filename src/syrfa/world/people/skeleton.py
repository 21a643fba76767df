"""Operations on poses (17, 3) that keep the length of every bone and let nothing sink into the ground."""

import numpy as np

from syrfa.world.people.body import Body, Joint
from syrfa.world.people.gait import reach
from syrfa.world.scene.camera import Points

_PARENTS = np.array([0, 1, 1, 1, 3, 4, 5, 6, 0, 0, 9, 10, 11, 12, 13, 14])  # of every joint but the pelvis
_CHILDREN = np.arange(1, 17)
BONES = tuple(zip(_PARENTS.tolist(), _CHILDREN.tolist(), strict=True))  # (parent, child), parents first

FLESH = np.array(
    [0.11, 0.08, 0.09, 0.07, 0.07, 0.05, 0.05, 0.045, 0.045, 0.1, 0.1, 0.065, 0.065, 0.05, 0.05, 0.04, 0.04]
)
"""Thickness in metres about each joint: as near as it comes to the ground."""


_DESCENT = np.zeros((17, 16))  # which bones lead from the pelvis to each joint
for _index, (_parent, _child) in enumerate(BONES):
    _DESCENT[_child] = _DESCENT[_parent]
    _DESCENT[_child, _index] = 1.0
_ABOVE = np.arange(1, 9)
_OTHER_SIDE = np.array([0, 1, 2, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15])


def mixed(one: Points, other: Points, share: float) -> Points:
    """A pose (17, 3) between two, `one` at share 0: bones turn instead of shrinking on the straight line."""
    first, second = one[_CHILDREN] - one[_PARENTS], other[_CHILDREN] - other[_PARENTS]
    bones = (1 - share) * first + share * second
    length = (1 - share) * np.linalg.norm(first, axis=1) + share * np.linalg.norm(second, axis=1)
    bones *= (length / np.maximum(np.linalg.norm(bones, axis=1), 1e-6))[:, None]
    return np.asarray((1 - share) * one[0] + share * other[0] + _DESCENT @ bones)


def settled(joints: Points, clearance: float = 0.0) -> Points:
    """The pose raised or lowered until its lowest part is `clearance` metres above the ground."""
    moved = joints.copy()
    moved[:, 2] += clearance - float((joints[:, 2] - FLESH).min())
    return moved


def risen(joints: Points) -> Points:
    """The pose, raised if any part of it is below the ground."""
    return settled(joints) if (joints[:, 2] - FLESH).min() < 0 else joints


def turned(joints: Points, angle: float, direction: float, pivot: Points | None = None) -> Points:
    """The pose tipped over by `angle` radians about `pivot` (3,) or the ground point; the head goes in `direction`.

    `direction` in radians is 0 for forward and pi for backward, counter-clockwise.
    """
    axis = np.array([-np.sin(direction), np.cos(direction), 0.0])
    around = joints if pivot is None else joints - pivot
    c, s = np.cos(angle), np.sin(angle)
    result = around * c + np.cross(axis, around) * s + axis * (around @ axis)[:, None] * (1 - c)
    return np.asarray(result if pivot is None else result + pivot)


def mirrored(joints: Points) -> Points:
    """The pose with left and right exchanged."""
    return np.asarray(joints[_OTHER_SIDE] * np.array([1.0, -1.0, 1.0]))


def swayed(joints: Points, lean: float, tilt: float) -> Points:
    """The pose with trunk, arms and head tipped about the pelvis: forward by `lean`, to the left by `tilt`, radians."""
    angle = float(np.hypot(lean, tilt))
    moved = joints.copy()
    moved[_ABOVE] = turned(joints[_ABOVE], angle, float(np.arctan2(tilt, lean)), joints[0])
    return moved


def shifted(joints: Points, body: Body, shift: Points) -> Points:
    """The pose with everything above the knees moved by `shift` (3,) metres while the feet stay where they are."""
    moved = joints.copy()
    moved[:11] += shift
    for side in (0, 1):
        hip, ankle = moved[Joint.HIP_L + side], joints[Joint.ANKLE_L + side]
        knee, end = reach(hip, ankle, body.thigh, body.thigh, np.array([1.0, 0.0, 0.0]))
        moved[Joint.TOE_L + side] += end - ankle
        moved[Joint.KNEE_L + side], moved[Joint.ANKLE_L + side] = knee, end
    return moved
