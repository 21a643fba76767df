"""What people walk on: paving, slabs, brick, asphalt, grass, gravel, floors, and a road."""

import numpy as np

from syrfa.world.scene.camera import Points
from syrfa.world.scene.layout import Road
from syrfa.world.scene.texture import Plane, Plane32, tint

PAVED = ("concrete", "slabs", "brick", "asphalt")
LOOSE = ("grass", "gravel")
FLOORS = ("tiles", "boards", "carpet")


def material(rng: np.random.Generator, plane: Plane, kind: str, level: float) -> Plane32:
    """Colours (h, w, 3) of one material of about grey `level`, laid along the plane's axes."""
    value = 1 + rng.uniform(0.01, 0.05) * plane.rough(1.1, smooth=True)
    colour = tint(rng, level, 0.035)
    if kind == "concrete":
        value += rng.uniform(0.005, 0.03) * plane.rough(0.06) + rng.uniform(0.01, 0.05) * plane.rough(0.2, smooth=True)
        pitch = rng.uniform(1.5, 6.0, 2)
        wide, dark = rng.uniform(0.03, 0.08), rng.uniform(0.05, 0.35)
        seams = np.maximum(plane.lines(plane.x, pitch[0], wide), plane.lines(plane.y, pitch[1], wide))
        value -= dark * seams
    elif kind in ("slabs", "brick", "tiles"):
        long, high, joint = _measures(rng, kind)
        seams, each = plane.bricks(rng, long, high, joint)
        value += rng.uniform(0.01, 0.07) * each - rng.uniform(0.06, 0.35) * seams
        value += rng.uniform(0.005, 0.03) * plane.rough(0.05)
        if kind == "brick" and rng.random() < 0.7:
            colour = level * np.array([0.72, 0.88, 1.15]) * (1 + rng.normal(0, 0.04, 3))
    elif kind == "asphalt":
        value += rng.uniform(0.02, 0.07) * plane.rough(0.03) + rng.uniform(0.01, 0.05) * plane.rough(0.3, smooth=True)
    elif kind == "grass":
        value += rng.uniform(0.06, 0.16) * plane.rough(0.05) + rng.uniform(0.04, 0.12) * plane.rough(0.25, smooth=True)
        if rng.random() < 0.2:
            value += 0.06 * np.sign(np.sin(plane.x * np.float32(np.pi / rng.uniform(0.6, 1.5))))
        dry = rng.uniform(0, 1)
        colour = level * ((1 - dry) * np.array([0.6, 1.15, 0.85]) + dry * np.array([0.72, 1.02, 1.06]))
    elif kind == "gravel":
        value += rng.uniform(0.1, 0.2) * plane.rough(0.04) + 0.05 * plane.rough(0.15, smooth=True)
        colour = tint(rng, level, 0.08)
    elif kind == "boards":
        seams, each = plane.bricks(rng, rng.uniform(1.0, 2.5), rng.uniform(0.08, 0.2), 0.008)
        value += 0.08 * each - 0.2 * seams
        colour = level * np.array([0.6, 0.9, 1.2])
    else:  # carpet
        value += rng.uniform(0.02, 0.08) * plane.rough(0.03)
        colour = tint(rng, level, 0.12)
    return np.asarray(value[..., None] * colour.astype(np.float32), np.float32)


def _measures(rng: np.random.Generator, kind: str) -> tuple[float, float, float]:
    if kind == "brick":
        return 0.21, 0.105, 0.012
    if kind == "tiles":
        side = float(rng.uniform(0.3, 0.8))
        return side, side, 0.01
    high = float(rng.uniform(0.25, 0.8))
    return high * float(rng.choice([1.0, 1.5, 2.0])), high, float(rng.uniform(0.01, 0.03))


def paint_ground(
    rng: np.random.Generator, plane: Plane, way: Road, road: Road | None, level: float, indoor: bool
) -> Plane32:
    """Colours (h, w, 3) of the ground: the walkway `way`, what lies next to it, and the road.

    `level` is the brightness of the walkway, 0 to 255; `indoor` has floors instead of paving.
    """
    local = plane.turned(way.angle, *way.centre)
    kind = str(rng.choice(FLOORS, p=[0.7, 0.15, 0.15]) if indoor else rng.choice(PAVED, p=[0.35, 0.35, 0.12, 0.18]))
    value = material(rng, local, kind, level)
    value = _worn(rng, local, value, way.half)
    if not indoor and rng.random() < 0.8:
        value = _sides(rng, plane, local, value, way.half)
    elif indoor and rng.random() < 0.3:
        edge = _step(np.abs(local.y) - np.float32(0.6 * way.half), local.grain)
        value += edge[..., None] * (material(rng, local, "carpet", float(rng.uniform(40, 140))) - value)
    return value if road is None else _road(rng, plane, value, road)


def _step(past: Plane32, grain: Plane32) -> Plane32:
    """0 before, 1 past an edge that lies where `past` is 0 metres, one pixel soft."""
    return np.asarray(np.clip(past / grain + np.float32(0.5), 0, 1), np.float32)


def _worn(rng: np.random.Generator, plane: Plane, value: Plane32, half: float) -> Plane32:
    for _ in range(int(rng.integers(0, 4))):
        spot, size = rng.uniform(-1.4, 1.4, 2) * half, rng.uniform(0.3, 3.0, 2)
        past = np.maximum(np.abs(plane.x - spot[0]) - size[0], np.abs(plane.y - spot[1]) - size[1])
        inside = 1 - _step(past.astype(np.float32), plane.grain)
        value = value * (1 + rng.uniform(-0.25, 0.2) * inside)[..., None]
    for _ in range(int(rng.integers(0, 4))):
        spot, radius = rng.uniform(-1.0, 1.0, 2) * half, float(rng.uniform(0.28, 0.42))
        away = np.hypot(plane.x - np.float32(spot[0]), plane.y - np.float32(spot[1]))
        lid = 1 - _step(away - np.float32(radius), plane.grain)
        rim = lid * _step(away - np.float32(0.85 * radius), plane.grain)
        value = value * (1 - rng.uniform(0.05, 0.3) * lid - 0.2 * rim)[..., None]
    stain = np.clip(plane.rough(rng.uniform(0.2, 0.8), smooth=True) - np.float32(1.0), 0, 1)
    value = value * (1 - rng.uniform(0, 0.3) * stain)[..., None]
    for _ in range(int(rng.integers(0, 3))):
        where, wide = rng.uniform(-1, 1) * half, rng.uniform(0.05, 0.5)
        slope = float(rng.normal(0, 0.3))
        past = np.abs(plane.y - np.float32(where) - np.float32(slope) * plane.x) - np.float32(wide / 2)
        value = value * (1 + (rng.uniform(0.75, 1.25) - 1) * (1 - _step(past, plane.grain)))[..., None]
    return np.asarray(value, np.float32)


def _sides(rng: np.random.Generator, plane: Plane, local: Plane, value: Plane32, half: float) -> Plane32:
    sides = [(-1, 1), (1,), (-1,)][int(rng.choice(3, p=[0.6, 0.2, 0.2]))]
    for side in sides:
        kind = str(rng.choice([*LOOSE, *PAVED], p=[0.55, 0.12, 0.1, 0.1, 0.05, 0.08]))
        level = float(rng.uniform(40, 115) if kind in LOOSE else rng.uniform(60, 190))
        past = np.float32(side) * local.y - np.float32(half)
        ragged = kind in LOOSE and rng.random() < 0.4
        if ragged:
            past = past + np.float32(0.08) * local.rough(0.12, smooth=True)
        edge = _step(past, local.grain)
        value = value + edge[..., None] * (material(rng, plane.turned(float(rng.uniform(0, 3))), kind, level) - value)
        if not ragged and rng.random() < 0.6:
            kerb = edge * (1 - _step(past - np.float32(rng.uniform(0.1, 0.25)), local.grain))
            value = value + (kerb * np.float32(0.85))[..., None] * (np.float32(rng.uniform(60, 200)) - value)
    return np.asarray(value, np.float32)


def _road(rng: np.random.Generator, plane: Plane, value: Plane32, road: Road) -> Plane32:
    """Asphalt between kerbs, with a dashed middle line, edge lines and the stripes of its crossing."""
    local = plane.turned(road.angle, *road.centre)
    past = np.abs(local.y) - np.float32(road.half)
    on = 1 - _step(past, local.grain)
    kerb = (1 - _step(past - np.float32(0.18), local.grain)) * (1 - on)
    value = value + kerb[..., None] * (np.float32(rng.uniform(110, 190)) - value)
    asphalt = material(rng, local, "asphalt", float(rng.uniform(50, 120)))
    for wheel in (-0.7, -0.3, 0.3, 0.7):  # tyres polish their tracks
        track = np.exp(-(((local.y - np.float32(wheel * road.half)) / np.float32(0.35)) ** 2))
        asphalt *= (1 - 0.06 * track)[..., None]
    value = value + on[..., None] * (asphalt - value)
    paint = np.zeros_like(on)
    if rng.random() < 0.8:
        dashed = np.mod(local.x, np.float32(6.0)) < np.float32(rng.choice([3.0, 6.0]))
        paint = np.maximum(paint, dashed * (1 - _step(np.abs(local.y) - np.float32(0.07), local.grain)))
    if rng.random() < 0.5:
        edge = np.abs(np.abs(local.y) - np.float32(road.half - 0.3)) - np.float32(0.06)
        paint = np.maximum(paint, 1 - _step(edge, local.grain))
    if road.crossing is not None:
        past = np.abs(local.x - np.float32(road.crossing)) - np.float32(road.crossing_half)
        inside = 1 - _step(past, local.grain)
        stripes = plane.lines(local.y, 1.0, 0.5)
        paint = np.maximum(paint * (1 - inside), inside * stripes * on)
    worn = np.clip(0.85 + 0.15 * local.rough(0.1, smooth=True), 0.4, 1)
    tone = np.float32(rng.uniform(170, 240))
    return np.asarray(value + (on * paint * worn)[..., None] * (tone - value), np.float32)


def wet(value: Plane32, shine: Plane32, sky: Points, amount: float) -> Plane32:
    """Wet ground: darker, with the sky in it where it is seen at a low angle (`shine` (h, w), 0 to 1)."""
    share = (np.float32(amount) * shine)[..., None]
    return np.asarray(value * np.float32(1 - 0.35 * amount) * (1 - share) + share * sky.astype(np.float32), np.float32)
