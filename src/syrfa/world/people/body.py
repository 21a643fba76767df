"""A clothed person: proportions, wardrobe, and the capsules between the joints."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from syrfa.world.people.shapes import Cloth, Colour, Shapes, colour_of
from syrfa.world.scene.camera import Points
from syrfa.world.scene.texture import COUNT

Limb = tuple[Points, Points, float, float, Colour]  # start, end, radii at both, colour


Joint = IntEnum(
    "Joint",
    "PELVIS NECK HEAD SHOULDER_L SHOULDER_R ELBOW_L ELBOW_R HAND_L HAND_R HIP_L HIP_R KNEE_L KNEE_R ANKLE_L ANKLE_R "
    "TOE_L TOE_R",
    start=0,
)
"""Row of each joint in a (17, 3) pose."""


CARRIED = ("", "backpack", "shoulder bag", "hand bag", "two bags")
HEADWEAR = ("", "long hair", "cap", "hood", "scarf")


@dataclass(frozen=True)
class Wardrobe:
    """Colours (BGR, 0 to 255) and what is worn and carried."""

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
    fit: float = 1.0  # width of the trousers, 1 for tight ones
    pattern: int = 0  # number of the clothes' pattern
    carries: str = ""  # one of CARRIED
    headwear: str = ""  # one of HEADWEAR


@dataclass(frozen=True)
class Body:
    """Measures of a person."""

    height: float  # from sole to crown in metres
    girth: float  # 1 for an ordinary build; scales every radius
    leg: float  # share of the height from sole to hip
    wardrobe: Wardrobe
    head: float = 1.0  # size of the head relative to an adult's of the same height; children's are larger
    age: str = "adult"  # adult, child or elder

    @property
    def thigh(self) -> float:
        """Hip to knee, and knee to ankle, in metres."""
        return 0.5 * (self.leg * self.height - self.ankle)

    @property
    def legs(self) -> float:
        """Hip to ankle along a straight leg, in metres."""
        return self.thigh + self.thigh

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
    """Draws an adult of 1.5 to 1.95 m, an elder of 1.45 to 1.85 m, or a child of 1.0 to 1.5 m (`age`).

    `brightness` is -1 for dark clothes, 1 for bright ones, 0 for anything.
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
    loose, j = fat * (1.0 if wear.shorts else wear.fit), joints
    neck, pelvis = j[Joint.NECK], j[Joint.PELVIS]
    up = neck - pelvis
    lines: list[Limb] = []
    for side in (0, 1):
        hip, knee, foot, toe = j[Joint.HIP_L + side], j[Joint.KNEE_L + side], j[13 + side], j[15 + side]
        calf = 0.65 * knee + 0.35 * foot
        lines.append((hip, knee, 0.088 * fat, 0.06 * max(loose, fat), trousers))
        lines.append((knee, calf, 0.058 * max(loose, fat), 0.055 * loose, shin))
        lines.append((calf, foot, 0.055 * loose, (0.04 if wear.shorts else 0.046) * loose, shin))
        heel = foot - 0.3 * (toe - foot)
        lines.append((heel, 0.4 * foot + 0.6 * toe, 0.044 * size, 0.042 * size, wear.shoes))
        lines.append((foot, toe, 0.04 * size, 0.033 * size, wear.shoes))
        shoulder, elbow, hand = j[Joint.SHOULDER_L + side], j[Joint.ELBOW_L + side], j[Joint.HAND_L + side]
        sloped = 0.93 * shoulder + 0.07 * neck - 0.05 * up  # below the joint of the collar bone
        middle = 0.5 * (shoulder + elbow)
        lines.append((sloped, middle, 0.058 * fat, 0.05 * fat, shirt))
        lines.append((middle, elbow, 0.048 * fat, 0.042 * fat, sleeve))
        lines.append((elbow, hand, 0.042 * fat, 0.03 * fat, sleeve))
        lines.append((hand, hand + 0.3 * (hand - elbow), 0.036 * size, 0.03 * size, skin))
        inner = shoulder + 0.3 * (neck - shoulder) - 0.14 * up
        waist = hip + 0.3 * up
        lines.append((inner, waist, 0.1 * fat, 0.084 * fat, shirt))
        lines.append((waist, hip + 0.1 * up, 0.084 * fat, 0.09 * fat, shirt))
        lines.append((hip + 0.08 * up, hip - 0.02 * up, 0.092 * fat, 0.09 * fat, trousers))
        lines.append((neck + 0.01 * up, sloped, 0.045 * fat, 0.05 * fat, shirt))
    lines.append((neck - 0.14 * up, pelvis + 0.15 * up, 0.115 * fat, 0.105 * fat, shirt))
    lines += _head(j, wear, size * body.head)
    lines += _extras(j, wear, fat)
    return Shapes(
        np.array([s[0] for s in lines]),
        np.array([s[1] for s in lines]),
        np.array([(s[2], s[3]) for s in lines]),
        np.array([s[4] for s in lines]),
        np.full(len(lines), owner),
        cloths=[Cloth(pelvis, neck, wear.pattern)],
    )


def _head(j: Points, wear: Wardrobe, size: float) -> list[Limb]:
    head, neck = j[Joint.HEAD], j[Joint.NECK]
    up = (head - neck) / max(float(np.linalg.norm(head - neck)), 1e-6)
    ahead = np.array([size, 0.0, 0.0])
    up = up * size
    dark = (0.78 * wear.skin[0], 0.8 * wear.skin[1], 0.82 * wear.skin[2])
    lines: list[Limb] = [
        (neck - 0.02 * up, head - 0.05 * up, 0.055 * size, 0.05 * size, dark),
        (head - 0.06 * up + 0.03 * ahead, head + 0.02 * up + 0.02 * ahead, 0.055 * size, 0.076 * size, wear.skin),
        (head - 0.02 * up - 0.022 * ahead, head + 0.035 * up - 0.012 * ahead, 0.074 * size, 0.083 * size, wear.hair),
        (head + 0.05 * up + 0.01 * ahead, head + 0.052 * up + 0.035 * ahead, 0.072 * size, 0.05 * size, wear.hair),
    ]
    if wear.headwear == "long hair":
        low = neck - 0.04 * up - 0.05 * ahead
        lines.append((head - 0.02 * up - 0.045 * ahead, low, 0.075 * size, 0.07 * size, wear.hair))
    elif wear.headwear == "cap":
        lines.append((head + 0.065 * up, head + 0.072 * up + 0.1 * ahead, 0.076 * size, 0.025 * size, wear.patch))
    elif wear.headwear == "hood":
        low, high = head - 0.05 * up - 0.04 * ahead, head + 0.04 * up - 0.03 * ahead
        lines.append((low, high, 0.088 * size, 0.095 * size, wear.shirt))
        lines.append((neck, head - 0.05 * up - 0.03 * ahead, 0.08 * size, 0.08 * size, wear.shirt))
    elif wear.headwear == "scarf":
        lines.append((neck - 0.02 * ahead, neck + 0.03 * ahead + 0.02 * up, 0.078 * size, 0.075 * size, wear.patch))
    return lines


def _extras(j: Points, wear: Wardrobe, fat: float) -> list[Limb]:
    neck, pelvis = j[Joint.NECK], j[Joint.PELVIS]
    up = neck - pelvis
    knees = 0.5 * (j[Joint.KNEE_L] + j[Joint.KNEE_R])
    lines: list[Limb] = []
    if wear.coat:
        lines.append((pelvis + 0.2 * up, pelvis + 0.75 * (knees - pelvis), 0.14 * fat, 0.16 * fat, wear.shirt))
    if wear.skirt:
        lines.append((pelvis + 0.1 * up, pelvis + 0.8 * (knees - pelvis), 0.13 * fat, 0.19 * fat, wear.trousers))
    across = j[Joint.SHOULDER_L] - j[Joint.SHOULDER_R]
    ahead = np.cross(across, up)
    ahead /= max(float(np.linalg.norm(ahead)), 1e-6)
    if wear.carries == "backpack":
        lines.append((pelvis + 0.82 * up - 0.17 * ahead, pelvis + 0.35 * up - 0.2 * ahead, 0.11, 0.14, wear.bag))
        for side in (Joint.SHOULDER_L, Joint.SHOULDER_R):  # its straps
            strap = 0.75 * j[side] + 0.25 * neck + 0.075 * ahead
            lines.append((strap + 0.03 * up, strap - 0.35 * up + 0.04 * ahead, 0.025, 0.022, wear.bag))
    elif wear.carries == "shoulder bag":
        side = across / max(float(np.linalg.norm(across)), 1e-6)
        low = pelvis + 0.24 * side + 0.05 * up
        lines.append((low + 0.08 * ahead, low - 0.1 * ahead, 0.12, 0.12, wear.bag))
        lines.append((low + 0.1 * ahead, j[Joint.SHOULDER_R] + 0.06 * up, 0.018, 0.018, wear.bag))
    elif wear.carries in ("hand bag", "two bags"):
        for hand in (j[Joint.HAND_R], j[Joint.HAND_L])[: 1 if wear.carries == "hand bag" else 2]:
            low = np.array([0.0, 0.0, -min(0.3, max(0.0, float(hand[2]) - 0.13))])  # whoever lies has it beside them
            lines.append((hand + 0.5 * low, hand + low, 0.1, 0.13, wear.bag))
    return lines


def _sample_wardrobe(rng: np.random.Generator, brightness: float) -> Wardrobe:
    dark = float(rng.uniform(0, 1)) ** 1.5
    skin = (1 - dark) * np.array([165.0, 190.0, 228.0]) + dark * np.array([45.0, 62.0, 92.0])
    hair = rng.uniform(12, 55) * np.array([0.8, 0.9, 1.1])
    if rng.random() < 0.25:  # fair or grey
        hair = rng.uniform(80, 190) * (np.array([0.55, 0.8, 1.0]) if rng.random() < 0.6 else np.ones(3))
    return Wardrobe(
        shirt=_cloth(rng, brightness),
        trousers=_cloth(rng, brightness - 0.2),
        shoes=_cloth(rng, -0.7) if rng.random() < 0.7 else _cloth(rng, 0.9),
        skin=colour_of(skin),
        hair=colour_of(hair),
        patch=_cloth(rng, 0.0),
        bag=_cloth(rng, -0.4),
        short_sleeves=bool(rng.random() < 0.45),
        shorts=bool(rng.random() < 0.2),
        skirt=bool(rng.random() < 0.07),
        coat=bool(rng.random() < 0.12),
        fit=float(rng.uniform(0.95, 1.4)),
        pattern=int(rng.integers(COUNT)),
        carries=str(rng.choice(CARRIED, p=[0.46, 0.28, 0.13, 0.09, 0.04])),
        headwear=str(rng.choice(HEADWEAR, p=[0.58, 0.22, 0.09, 0.06, 0.05])),
    )


def _cloth(rng: np.random.Generator, brightness: float) -> Colour:
    """Mostly black, grey, blue, beige or muted, now and then bright; `brightness` in [-1, 1] shifts the mean."""
    value = float(np.clip(rng.normal(100 + 75 * brightness, 42), rng.uniform(14, 40), 235))
    kind = rng.choice(5, p=[0.42, 0.2, 0.12, 0.16, 0.1])
    if kind == 0:
        hue = 1 + rng.normal(0, 0.03, 3)
    elif kind == 1:  # denim and navy
        hue = np.array([1.25, 0.95, 0.78]) + rng.normal(0, 0.06, 3)
    elif kind == 2:  # beige, brown, olive
        hue = np.array([0.8, 0.97, 1.06]) + rng.normal(0, 0.06, 3)
    else:
        hue = 1 + rng.normal(0, 0.12 if kind == 3 else 0.45, 3)
    return colour_of(value * np.clip(hue, 0.3, 1.8))
