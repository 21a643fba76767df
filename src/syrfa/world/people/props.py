"""What people carry, pull, push and sit on, in local axes (forward, left, up), metres."""

import numpy as np

from syrfa.world.people.shapes import Colour, Face, Shapes, cuboid, rods, shaded, wheel
from syrfa.world.people.vehicles import BLACK, STEEL
from syrfa.world.scene.camera import Points

PRAM_BAR = 0.42  # how far ahead of the pusher, in metres, the push bar of a pram is; it is 1 m up
_RIM = np.linspace(0, 2 * np.pi, 9)


def cane(hand: Points, ahead: float, owner: int) -> Shapes:
    """A walking stick from `hand` (3,) to the ground `ahead` metres in front of it."""
    return rods([(hand, (hand[0] + ahead, hand[1], 0.02), 0.016)], (40.0, 55.0, 75.0), owner)


def umbrella(hand: Points, crown: float, radius: float, colour: Colour, owner: int) -> Shapes:
    """An open umbrella: eight cloths from an apex `crown` metres up to a rim of `radius` metres."""
    apex = np.array([hand[0] - 0.1, 0.6 * hand[1], crown])
    rim = apex + np.stack([radius * np.cos(_RIM), radius * np.sin(_RIM), np.full(9, -0.42 * radius)], axis=1)
    tones = [shaded(colour, 1.0 - 0.09 * (index % 2) - 0.05 * (index // 4)) for index in range(8)]
    cloths = [Face(np.stack([apex, rim[i], rim[i + 1]]), tone, owner) for i, tone in enumerate(tones)]
    return Shapes(faces=cloths) + rods([(hand, apex, 0.014)], BLACK, owner)


def suitcase(hand: Points, size: tuple[float, float, float], colour: Colour, owner: int) -> Shapes:
    """A case of `size` (length, width, height) metres on two wheels, pulled by `hand` (3,)."""
    behind = float(hand[0]) - 0.42 - 0.5 * size[0]
    shapes = cuboid((behind, float(hand[1]), 0.07), size, colour, owner)
    shapes += rods([((behind + 0.4 * size[0], hand[1], 0.07 + size[2]), hand, 0.018)], STEEL, owner)
    for side in (0.4 * size[1], -0.4 * size[1]):
        shapes += wheel(behind - 0.3 * size[0], float(hand[1]) + side, 0.06, BLACK, owner)
    return shapes


def pram(owner: int, colour: Colour, length: float, deep: bool) -> Shapes:
    """A pram with a hood, or a light pushchair that is open; its push bar is at `PRAM_BAR`."""
    middle, low, high = PRAM_BAR + 0.12 + 0.5 * length, 0.42, 0.3 if deep else 0.16
    shapes = cuboid((middle, 0.0, low), (length, 0.44, high), colour, owner, slope=-0.12)
    foot, tip = (middle - 0.3 * length, low + high + 0.08), (middle - 0.12, low + high + 0.3)
    hood = [((foot[0], y, foot[1]), (tip[0], y, tip[1]), 0.13) for y in (0.0, -0.14, 0.14)]
    shapes += rods(hood if deep else hood[:1], shaded(colour, 0.85), owner)
    front, rear = middle + 0.4 * length, middle - 0.35 * length
    bars = [((rear, y, 0.15), (PRAM_BAR, y, 1.0), 0.018) for y in (0.2, -0.2)]
    bars += [((front, y, 0.12), (middle - 0.2 * length, y, low + 0.05), 0.018) for y in (0.2, -0.2)]
    bars += [((PRAM_BAR, 0.22, 1.0), (PRAM_BAR, -0.22, 1.0), 0.022)]
    shapes += rods(bars, BLACK, owner)
    for y in (0.22, -0.22):
        shapes += wheel(rear, y, 0.15, BLACK, owner, 0.04) + wheel(front, y, 0.11, BLACK, owner, 0.04)
    return shapes


def bench(width: float, colour: Colour) -> Shapes:
    """A bench for people who sit at the origin facing forward; nobody's in the id mask."""
    shapes = cuboid((-0.12, 0.0, 0.4), (0.46, width, 0.05), colour, 0)
    shapes += cuboid((-0.36, 0.0, 0.55), (0.05, width, 0.32), colour, 0)
    feet = [((x, y, 0.0), (x, y, 0.42), 0.03) for x in (-0.3, 0.06) for y in (-0.4 * width, 0.4 * width)]
    return shapes + rods(feet, BLACK, 0)


def dog(phase: float, vigour: float, size: float, colour: Colour, owner: int) -> Shapes:
    """A dog, `size` metres high at the shoulder; `phase` counts leg cycles, `vigour` is 0 standing to 1 trotting."""
    back, deep = np.array([-0.62 * size, 0.0, 0.98 * size]), 0.21 * size
    chest, head = np.array([0.5 * size, 0.0, size]), np.array([0.82 * size, 0.0, 1.32 * size])
    parts = [(back, chest, deep), (chest, head, 0.13 * size)]
    parts.append((head, head + np.array([0.24, 0.0, -0.06]) * size, 0.1 * size))
    wag = 0.25 * np.sin(2 * np.pi * 1.4 * phase)
    parts.append((back, back + np.array([-0.4 * size, 0.3 * size * wag, 0.35 * size]), 0.05 * size))
    for x, y, start in ((0.45, 0.13, 0.0), (0.45, -0.13, 0.5), (-0.55, 0.13, 0.5), (-0.55, -0.13, 0.0)):
        swing = 0.5 * vigour * np.sin(2 * np.pi * (phase + start))
        hip = np.array([x * size, y * size, 0.85 * size])
        foot = hip + 0.82 * size * np.array([np.sin(swing), 0.0, -np.cos(swing)])
        parts.append((hip, foot, 0.075 * size))
    return rods(parts, colour, owner)
