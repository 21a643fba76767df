"""A clothed person: proportions, wardrobe, and the capsules between the joints."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from syrfa.world.camera import Points
from syrfa.world.shapes import Colour, Shapes


class Joint(IntEnum):
    """Row of each joint in a (17, 3) pose."""

    PELVIS = 0
    NECK = 1
    HEAD = 2
    SHOULDER_L = 3
    SHOULDER_R = 4
    ELBOW_L = 5
    ELBOW_R = 6
    HAND_L = 7
    HAND_R = 8
    HIP_L = 9
    HIP_R = 10
    KNEE_L = 11
    KNEE_R = 12
    ANKLE_L = 13
    ANKLE_R = 14
    TOE_L = 15
    TOE_R = 16


@dataclass(frozen=True)
class Wardrobe:
    """Colours (BGR, 0 to 255) and what is carried."""

    shirt: Colour
    trousers: Colour
    shoes: Colour
    skin: Colour
    hair: Colour
    patch: Colour
    bag: Colour
    short_sleeves: bool = False
    shorts: bool = False
    skirt: bool = False
    coat: bool = False
    striped: bool = False
    carries: str = ""
    headwear: str = ""


@dataclass(frozen=True)
class Body:
    """Measures of a person.

    Attributes:
        height: from sole to crown in metres.
        girth: 1 for an ordinary build; scales every radius.
        leg: share of the height from sole to hip.
        wardrobe: clothes.
        head: size of the head relative to an adult's of the same height; children's are larger.
        age: adult, child or elder.
    """

    height: float
    girth: float
    leg: float
    wardrobe: Wardrobe
    head: float = 1.0
    age: str = "adult"

    @property
    def thigh(self) -> float:
        """Hip to knee in metres."""
        return 0.5 * (self.leg * self.height - self.ankle)

    @property
    def shin(self) -> float:
        """Knee to ankle in metres."""
        return self.thigh

    @property
    def ankle(self) -> float:
        """Height of the ankle above the sole in metres."""
        return 0.045 * self.height

    @property
    def torso(self) -> float:
        """Hip to neck in metres."""
        return 0.825 * self.height - self.leg * self.height

    @property
    def upper_arm(self) -> float:
        """Shoulder to elbow in metres."""
        return 0.172 * self.height

    @property
    def forearm(self) -> float:
        """Elbow to the middle of the hand in metres."""
        return 0.18 * self.height


def sample_body(rng: np.random.Generator, brightness: float = 0.0, age: str = "adult") -> Body:
    """Draws a person: an adult of 1.5 to 1.95 m, an elder of 1.45 to 1.85 m, or a child of 1.0 to 1.5 m.

    Args:
        rng: the source of every draw.
        brightness: -1 for dark clothes, 1 for bright ones, 0 for anything.
        age: `adult`, `elder` or `child`.
    """
    wardrobe = _sample_wardrobe(rng, brightness)
    if age == "child":  # shorter legs and a larger head, the more so the smaller
        height = float(rng.uniform(1.0, 1.5))
        young = (1.5 - height) / 0.5
        girth, leg = float(np.clip(rng.normal(1.08, 0.1), 0.9, 1.4)), float(rng.uniform(0.48, 0.51) - 0.03 * young)
        return Body(height, girth, leg, wardrobe, 1.1 + 0.22 * young, age)
    # two populations a hand apart
    mean = (1.76 if rng.random() < 0.5 else 1.64) - (0.05 if age == "elder" else 0.0)
    low, high = (1.45, 1.85) if age == "elder" else (1.5, 1.95)
    return Body(
        height=float(np.clip(rng.normal(mean, 0.068), low, high)),
        girth=float(np.clip(rng.normal(1.06, 0.12), 0.82, 1.45)),
        leg=float(rng.uniform(0.49, 0.54)),
        wardrobe=wardrobe,
        age=age,
    )


def clothed(joints: Points, body: Body, owner: int) -> Shapes:
    """The capsules of a person in pose `joints` (17, 3), local axes (forward, left, up), metres."""
    wear, size = body.wardrobe, body.height / 1.75
    fat = size * body.girth
    shirt, trousers, skin = wear.shirt, wear.trousers, wear.skin
    sleeve, shin = (skin if wear.short_sleeves else shirt), (skin if wear.shorts else trousers)
    j = joints
    up = j[Joint.NECK] - j[Joint.PELVIS]
    lines: list[tuple[Points, Points, float, float, Colour]] = []
    for side in (0, 1):
        hip, knee, foot, toe = (j[Joint.HIP_L + side], j[Joint.KNEE_L + side], j[13 + side], j[15 + side])
        lines.append((hip, knee, 0.092 * fat, 0.066 * fat, trousers))
        lines.append((knee, foot, 0.064 * fat, 0.046 * fat, shin))
        lines.append((foot - (toe - foot) * 0.25, toe, 0.048 * size, 0.036 * size, wear.shoes))
        shoulder, elbow, hand = j[Joint.SHOULDER_L + side], j[Joint.ELBOW_L + side], j[Joint.HAND_L + side]
        lines.append((shoulder, elbow, 0.062 * fat, 0.05 * fat, shirt))
        lines.append((elbow, hand, 0.05 * fat, 0.04 * fat, sleeve))
        lines.append((hand, hand + 0.25 * (hand - elbow), 0.042 * size, 0.036 * size, skin))
        inner = shoulder + 0.25 * (j[Joint.NECK] - shoulder) - 0.08 * up
        lines.append((inner, hip + 0.12 * up, 0.105 * fat, 0.1 * fat, shirt))
        lines.append((hip + 0.1 * up, hip - 0.02 * up, 0.1 * fat, 0.098 * fat, trousers))
    lines.append((j[Joint.NECK] - 0.12 * up, j[Joint.PELVIS] + 0.15 * up, 0.125 * fat, 0.115 * fat, shirt))
    lines += _head(j, wear, size * body.head)
    lines += _extras(j, wear, fat)
    return Shapes(
        np.array([s[0] for s in lines]),
        np.array([s[1] for s in lines]),
        np.array([(s[2], s[3]) for s in lines]),
        np.array([s[4] for s in lines]),
        np.full(len(lines), owner),
    )


def _head(j: Points, wear: Wardrobe, size: float) -> list[tuple[Points, Points, float, float, Colour]]:
    head = j[Joint.HEAD]
    up = (head - j[Joint.NECK]) / max(float(np.linalg.norm(head - j[Joint.NECK])), 1e-6)
    back = np.array([-0.028 * size, 0.0, 0.0])
    return [
        (j[Joint.NECK] - 0.03 * up, head, 0.055 * size, 0.055 * size, wear.skin),
        (head - 0.03 * size * up - back, head + 0.03 * size * up - back, 0.08 * size, 0.092 * size, wear.skin),
        (head + back - 0.02 * size * up, head + back + 0.055 * size * up, 0.09 * size, 0.094 * size, wear.hair),
        *_headwear(head, j[Joint.NECK], up, back, wear, size),
    ]


def _headwear(
    head: Points, neck: Points, up: Points, back: Points, wear: Wardrobe, size: float
) -> list[tuple[Points, Points, float, float, Colour]]:
    """Long hair, a cap, a hood or a scarf."""
    if wear.headwear == "long hair":
        return [(head + 1.6 * back, neck + 2.2 * back - 0.04 * up, 0.085 * size, 0.075 * size, wear.hair)]
    if wear.headwear == "cap":
        crown = head + 0.06 * size * up
        return [
            (crown + back, crown - back, 0.085 * size, 0.08 * size, wear.patch),
            (crown - 2 * back, crown - 5 * back - 0.01 * up, 0.05 * size, 0.035 * size, wear.patch),
        ]
    if wear.headwear == "hood":
        return [(head + 1.2 * back + 0.04 * size * up, neck + 1.2 * back, 0.102 * size, 0.11 * size, wear.shirt)]
    if wear.headwear == "scarf":
        return [(neck + back, neck - back, 0.085 * size, 0.08 * size, wear.patch)]
    return []


def _extras(j: Points, wear: Wardrobe, fat: float) -> list[tuple[Points, Points, float, float, Colour]]:
    """Coat, skirt, stripe and bags."""
    neck, pelvis = j[Joint.NECK], j[Joint.PELVIS]
    up = neck - pelvis
    knees = 0.5 * (j[Joint.KNEE_L] + j[Joint.KNEE_R])
    lines: list[tuple[Points, Points, float, float, Colour]] = []
    if wear.coat:
        lines.append((pelvis + 0.2 * up, pelvis + 0.75 * (knees - pelvis), 0.15 * fat, 0.17 * fat, wear.shirt))
    if wear.skirt:
        lines.append((pelvis + 0.1 * up, pelvis + 0.8 * (knees - pelvis), 0.14 * fat, 0.2 * fat, wear.trousers))
    if wear.striped:
        lines.append((pelvis + 0.55 * up, pelvis + 0.66 * up, 0.128 * fat, 0.128 * fat, wear.patch))
    across = j[Joint.SHOULDER_L] - j[Joint.SHOULDER_R]
    ahead = np.cross(across, up)
    ahead /= max(float(np.linalg.norm(ahead)), 1e-6)
    if wear.carries == "backpack":
        lines.append((pelvis + 0.8 * up - 0.2 * ahead, pelvis + 0.3 * up - 0.22 * ahead, 0.13, 0.15, wear.bag))
    elif wear.carries == "shoulder bag":
        side = 0.5 * across / max(float(np.linalg.norm(across)), 1e-6)
        lines.append((pelvis + 0.45 * side + 0.1 * ahead, pelvis + 0.45 * side - 0.12 * ahead, 0.12, 0.12, wear.bag))
    elif wear.carries in ("hand bag", "two bags"):
        for hand in (j[Joint.HAND_R], j[Joint.HAND_L])[: 1 if wear.carries == "hand bag" else 2]:
            low = np.array([0.0, 0.0, -min(0.3, max(0.0, float(hand[2]) - 0.13))])  # whoever lies has it beside them
            lines.append((hand + 0.5 * low, hand + low, 0.1, 0.13, wear.bag))
    return lines


_CARRIED = ("", "backpack", "shoulder bag", "hand bag", "two bags")
_HEADWEAR = ("", "long hair", "cap", "hood", "scarf")


def _sample_wardrobe(rng: np.random.Generator, brightness: float) -> Wardrobe:
    skin = rng.uniform(0.35, 1.0) * np.array([150.0, 180.0, 225.0])
    dark = rng.random() < 0.8
    hair = rng.uniform(*((10, 70) if dark else (80, 210))) * np.array((0.8, 0.9, 1.0) if dark else (0.62, 0.84, 1.0))
    return Wardrobe(
        shirt=_cloth(rng, brightness),
        trousers=_cloth(rng, brightness - 0.2),
        shoes=_cloth(rng, -0.7) if rng.random() < 0.7 else _cloth(rng, 0.9),
        skin=_colour(skin),
        hair=_colour(hair),
        patch=_cloth(rng, 0.0),
        bag=_cloth(rng, -0.4),
        short_sleeves=bool(rng.random() < 0.45),
        shorts=bool(rng.random() < 0.2),
        skirt=bool(rng.random() < 0.07),
        coat=bool(rng.random() < 0.12),
        striped=bool(rng.random() < 0.2),
        carries=str(rng.choice(_CARRIED, p=[0.46, 0.28, 0.13, 0.09, 0.04])),
        headwear=str(rng.choice(_HEADWEAR, p=[0.58, 0.22, 0.09, 0.06, 0.05])),
    )


def _cloth(rng: np.random.Generator, brightness: float) -> Colour:
    """A muted colour; `brightness` in [-1, 1] shifts the mean."""
    value = float(np.clip(rng.normal(105 + 75 * brightness, 45), rng.uniform(14, 45), 240))
    return _colour(value * np.clip(1 + rng.normal(0, 0.22, 3), 0.4, 1.7))


def _colour(values: Points) -> Colour:
    blue, green, red = np.clip(values, 0, 255)
    return (float(blue), float(green), float(red))
