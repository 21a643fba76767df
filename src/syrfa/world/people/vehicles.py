"""What people ride, drive or push, in local axes (forward, left, up), metres."""

import numpy as np

from syrfa.world.people.shapes import Colour, Face, Shapes, colour_of, cuboid, rods, wheel
from syrfa.world.scene.camera import Points

BLACK: Colour = (22.0, 22.0, 24.0)
GLASS: Colour = (70.0, 62.0, 52.0)
STEEL: Colour = (150.0, 150.0, 148.0)

CART_KINDS = ("golf cart", "utility cart", "van", "box truck", "car", "sweeper")


def paint(rng: np.random.Generator) -> Colour:
    """A vehicle's colour: one in two white or light grey, else anything."""
    if rng.random() < 0.5:
        value = float(rng.uniform(170, 250))
        return (value, value, value)
    return colour_of(rng.uniform(20, 230, 3))


def bicycle(owner: int, colour: Colour, seat: float, grip: float, radius: float, crank: float, basket: bool) -> Shapes:
    """A bicycle; `seat` and `grip` heights and wheel `radius` in metres, `crank` angle in radians."""
    p = {
        "rear": np.array([-0.5, 0.0, radius]),
        "front": np.array([0.55, 0.0, radius]),
        "axle": np.array([-0.02, 0.0, 0.29]),
        "saddle": np.array([-0.2, 0.0, seat - 0.06]),
        "head": np.array([0.33, 0.0, grip - 0.16]),
    }
    tubes = ["rear axle", "rear saddle", "saddle axle", "axle head", "saddle head", "front head"]
    shapes = rods([(p[a], p[b], 0.022) for a, b in map(str.split, tubes)], colour, owner)
    bar, half = np.array([0.38, 0.0, grip]), np.array([0.0, 0.26, 0.0])
    turn = np.array([0.17 * np.sin(crank), 0.1, 0.17 * np.cos(crank)])
    dark = [
        (p["head"], bar, 0.02),
        (bar + half, bar - half, 0.02),
        (p["saddle"] + [-0.12, 0, 0.05], p["saddle"] + [0.12, 0, 0.06], 0.045),
        (p["axle"] + turn, p["axle"] - turn, 0.02),
    ]
    shapes += rods(dark, BLACK, owner)
    shapes += wheel(-0.5, 0.0, radius, BLACK, owner, 0.05) + wheel(0.55, 0.0, radius, BLACK, owner, 0.05)
    if basket:
        shapes += cuboid((0.56, 0.0, grip - 0.3), (0.3, 0.34, 0.24), STEEL, owner)
    return shapes


def skateboard(owner: int, colour: Colour) -> Shapes:
    """A board of 0.8 m with four small wheels."""
    board = rods([((-0.36, 0.0, 0.1), (0.36, 0.0, 0.1), 0.035)], colour, owner)
    return board + rods([((x, -0.09, 0.04), (x, 0.09, 0.04), 0.035) for x in (-0.26, 0.26)], BLACK, owner)


def kick_scooter(owner: int, colour: Colour) -> Shapes:
    """A deck, two small wheels and a stem with a bar."""
    line = [((-0.4, 0.0, 0.09), (0.32, 0.0, 0.09), 0.04), ((0.34, 0.0, 0.1), (0.42, 0.0, 0.98), 0.025)]
    line += [((0.42, 0.22, 0.98), (0.42, -0.22, 0.98), 0.022)]
    return rods(line, colour, owner) + wheel(-0.45, 0.0, 0.08, BLACK, owner) + wheel(0.38, 0.0, 0.08, BLACK, owner)


def inline_skates(joints: Points, owner: int) -> Shapes:
    """Dark rails under both feet of a pose (17, 3)."""
    below, ahead = joints[[13, 14]] - [0.0, 0.0, 0.1], np.array([1.0, 0.0, 0.0])
    return rods([(foot - 0.12 * ahead, foot + 0.2 * ahead, 0.045) for foot in below], BLACK, owner)


def wheelchair(owner: int, colour: Colour, seat: float) -> Shapes:
    """Two large wheels, two castors, a seat at height `seat` and a back."""
    shapes = cuboid((0.0, 0.0, seat - 0.06), (0.42, 0.44, 0.06), colour, owner)
    shapes += cuboid((-0.22, 0.0, seat - 0.05), (0.05, 0.44, 0.46), colour, owner)
    bars = [((0.2, s * 0.2, seat - 0.04), (0.42, s * 0.2, 0.1), 0.02) for s in (1, -1)]
    bars += [((-0.24, s * 0.2, seat + 0.4), (-0.36, s * 0.2, seat + 0.38), 0.02) for s in (1, -1)]
    shapes += rods(bars, STEEL, owner)
    for side in (0.27, -0.27):
        shapes += wheel(-0.08, side, 0.3, BLACK, owner, 0.045) + wheel(0.32, side * 0.8, 0.09, BLACK, owner)
    return shapes


def motor_scooter(owner: int, colour: Colour) -> Shapes:
    """A motor scooter: a rear body with seat, a foot board, a front shield, two wheels."""
    shapes = wheel(-0.5, 0.0, 0.24, BLACK, owner) + wheel(0.62, 0.0, 0.24, BLACK, owner)
    shapes += cuboid((-0.38, 0.0, 0.3), (0.75, 0.34, 0.36), colour, owner)
    shapes += cuboid((-0.35, 0.0, 0.66), (0.68, 0.26, 0.1), BLACK, owner)
    shapes += cuboid((0.16, 0.0, 0.2), (0.5, 0.32, 0.1), colour, owner)
    shapes += cuboid((0.45, 0.0, 0.28), (0.14, 0.4, 0.55), colour, owner, slope=0.06)
    shapes += rods([((0.4, 0.3, 1.0), (0.4, -0.3, 1.0), 0.03)], BLACK, owner)
    return shapes + rods([((0.45, 0, 0.8), (0.4, 0, 1.0), 0.05)], colour, owner)


def trolley(owner: int, rng: np.random.Generator) -> Shapes:
    """A trolley with a load, its push bar at 0 and its body ahead."""
    length, width = float(rng.uniform(0.7, 1.6)), float(rng.uniform(0.5, 0.85))
    middle = 0.35 + length / 2
    shapes = cuboid((middle, 0.0, 0.2), (length, width, 0.1), STEEL, owner)
    high = float(rng.uniform(0.25, 0.9))
    shapes += cuboid((middle, 0.0, 0.3), (length * 0.9, width * 0.9, high), paint(rng), owner)
    if rng.random() < 0.5:
        shapes += cuboid((middle - 0.1, 0.0, 0.3 + high), (length * 0.5, width * 0.6, 0.3), paint(rng), owner)
    for x in (middle - 0.4 * length, middle + 0.4 * length):
        for side in (0.45 * width, -0.45 * width):
            shapes += wheel(x, side, 0.1, BLACK, owner)
    bars = [((0.35, s * 0.4 * width, 0.25), (0.3, s * 0.4 * width, 1.0), 0.025) for s in (1, -1)]
    bars += [((0.3, 0.4 * width, 1.0), (0.3, -0.4 * width, 1.0), 0.025)]
    return shapes + rods(bars, STEEL, owner)


def cart(owner: int, kind: str, rng: np.random.Generator) -> tuple[Shapes, tuple[float, float] | None]:
    """A small motor vehicle of one of `CART_KINDS`, and its visible driver's place (forward, seat height), or None."""
    colour, grow = paint(rng), float(rng.uniform(0.9, 1.12))
    if kind == "golf cart":
        return _golf_cart(owner, colour, grow, rng), (0.0, 0.75 * grow)
    if kind == "utility cart":
        return _utility_cart(owner, colour, grow, rng), None
    if kind == "car":
        return car(owner, rng), None
    length, width, height, cabin = {
        "van": (3.6, 1.6, 1.75, 0.35),
        "box truck": (3.9, 1.7, 2.2, 0.28),
        "sweeper": (2.4, 1.25, 1.7, 0.45),
    }[kind]
    length, width, height = length * grow, width * grow, height * float(rng.uniform(0.9, 1.1))
    low, radius = 0.28, 0.3 * grow
    front, rear = length * cabin, length - length * cabin
    body = colour if kind != "box truck" or rng.random() < 0.4 else paint(rng)
    shapes = cuboid((-front / 2, 0.0, low), (rear, width, height), body, owner)
    nose = height if kind == "van" else height * float(rng.uniform(0.7, 0.95))
    shapes += cuboid((rear / 2, 0.0, low), (front, 0.96 * width, 0.5 * nose), colour, owner)
    shapes += cuboid((rear / 2, 0.0, low + 0.5 * nose), (front, 0.94 * width, 0.42 * nose), GLASS, owner, slope=0.2)
    shapes += cuboid((rear / 2 - 0.1, 0.0, low + 0.92 * nose), (front - 0.2, 0.94 * width, 0.08), colour, owner)
    return shapes + wheels(owner, (-0.33 * length, 0.33 * length), 0.5 * width, radius), None


def car(owner: int, rng: np.random.Generator) -> Shapes:
    """A passenger car of 3.6 to 4.8 m: saloon, hatchback, estate or off-roader."""
    colour, length, width = paint(rng), float(rng.uniform(3.6, 4.8)), float(rng.uniform(1.65, 1.85))
    low, radius = float(rng.uniform(0.2, 0.32)), float(rng.uniform(0.29, 0.36))
    belt, cabin = float(rng.uniform(0.62, 0.75)), float(rng.uniform(0.45, 0.6))
    # (length of the glass house as a share, its middle, how far its rear window slopes)
    share, middle, rear = ((0.5, -0.06, 0.45), (0.58, -0.14, 0.25), (0.66, -0.14, 0.1))[int(rng.integers(3))]
    shapes = cuboid((0.0, 0.0, low), (length, width, belt), colour, owner, slope=0.12)
    house, top, wind = share * length, low + belt, 0.55
    points = np.array(
        [
            [(middle * length + x + d * t, s * (0.5 - 0.07 * t) * width, top + cabin * t) for s in (-1.0, 1.0)]
            for t in (0.0, 1.0)
            for x, d in ((house / 2, -wind), (-house / 2, rear))
        ]
    )  # rows: front low, rear low, front high, rear high; columns: right, left
    front, back, upper, hind = points
    panes = [
        (np.array([front[0], front[1], upper[1], upper[0]]), GLASS, (1.0, 0.0, 0.6)),
        (np.array([back[0], back[1], hind[1], hind[0]]), GLASS, (-1.0, 0.0, 0.4)),
        (np.array([front[0], back[0], hind[0], upper[0]]), GLASS, (0.0, -1.0, 0.15)),
        (np.array([front[1], back[1], hind[1], upper[1]]), GLASS, (0.0, 1.0, 0.15)),
        (np.array([upper[0], upper[1], hind[1], hind[0]]), colour, (0.0, 0.0, 1.0)),
    ]
    shapes += Shapes(faces=[Face(pane, tone, owner, np.array(normal)) for pane, tone, normal in panes])
    for side in (0, 1):
        middle_low, middle_high = 0.5 * (front[side] + back[side]), 0.5 * (upper[side] + hind[side])
        pillars = [(front[side], upper[side], 0.04), (middle_low, middle_high, 0.04), (back[side], hind[side], 0.05)]
        shapes += rods(pillars, colour, owner)
    half = np.array([0.0, 0.09, 0.0])
    white, red = (225.0, 235.0, 240.0), (40.0, 35.0, 170.0)
    for x, high, tone in ((0.5 * length - 0.03, 0.62, white), (-0.5 * length, 0.7, red)):
        lamps = [np.array([x, side * width, low + high * belt]) for side in (0.37, -0.37)]
        shapes += rods([(lamp - half, lamp + half, 0.045) for lamp in lamps], tone, owner)
    return shapes + wheels(owner, (-0.31 * length, 0.31 * length), 0.5 * width, radius)


def front_of(vehicle: Shapes) -> float:
    """How far a vehicle reaches forward of its middle, in metres."""
    return max(float(face.points[:, 0].max()) for face in vehicle.faces)


def luggage(owner: int, rng: np.random.Generator) -> Shapes:
    """A bag, a suitcase or a rucksack that stands on the ground, 0.3 to 0.7 m high."""
    colour = paint(rng)
    kind = str(rng.choice(["suitcase", "rucksack", "bag"]))
    if kind == "rucksack":
        size = float(rng.uniform(0.8, 1.2))
        line = [((0.0, 0.0, 0.16), (0.0, 0.0, 0.36), 0.17), ((0.12, 0.0, 0.14), (0.12, 0.0, 0.22), 0.12)]
        return rods([(np.array(a) * size, np.array(b) * size, r * size) for a, b, r in line], colour, owner)
    high, long = (float(rng.uniform(0.45, 0.7)), 0.42) if kind == "suitcase" else (float(rng.uniform(0.25, 0.4)), 0.6)
    shapes = cuboid((0.0, 0.0, 0.02), (long, 0.26, high), colour, owner)
    over = high + (0.3 if kind == "suitcase" else 0.12)
    low, left, right = (-0.12, 0.0, high), (-0.12, 0.0, over), (0.12, 0.0, over)
    handle = [(low, left, 0.02), (left, right, 0.025), (right, (0.12, 0.0, over * 0.8), 0.02)]
    return shapes + rods(handle, BLACK, owner)


def wheels(owner: int, along: tuple[float, float], aside: float, radius: float) -> Shapes:
    """Four wheels with hubs, the axles `along` and the sides `aside` metres from the middle."""
    shapes = Shapes()
    for x in along:
        for y in (-aside, aside):
            shapes += wheel(x, y, radius, BLACK, owner, hub=STEEL)
    return shapes


def _golf_cart(owner: int, colour: Colour, grow: float, rng: np.random.Generator) -> Shapes:
    width = 1.2 * grow
    roof = paint(rng) if rng.random() < 0.5 else (225.0, 225.0, 225.0)
    shapes = cuboid((0.0, 0.0, 0.25), (2.3 * grow, width, 0.2), colour, owner)
    shapes += cuboid((0.85 * grow, 0.0, 0.45), (0.6 * grow, width, 0.4), colour, owner, slope=0.2)
    shapes += cuboid((-0.55 * grow, 0.0, 0.45), (1.1 * grow, width, 0.35), colour, owner)
    shapes += cuboid((-0.3 * grow, 0.0, 0.8), (0.15, 0.9 * width, 0.45), BLACK, owner)
    feet = [(x, s * 0.46 * width) for x in (0.75, -1.0) for s in (1, -1)]
    shapes += rods([((x * grow, y, 0.8), (0.85 * x * grow, y, 1.8), 0.03) for x, y in feet], BLACK, owner)
    shapes += cuboid((-0.1, 0.0, 1.8), (1.8 * grow, 1.02 * width, 0.08), roof, owner)
    if rng.random() < 0.4:
        shapes += cuboid((-1.0 * grow, 0.0, 0.8), (0.5, 0.8 * width, 0.5), paint(rng), owner)
    return shapes + wheels(owner, (-0.75 * grow, 0.75 * grow), 0.5 * width, 0.24)


def _utility_cart(owner: int, colour: Colour, grow: float, rng: np.random.Generator) -> Shapes:
    width = 1.35 * grow
    shapes = cuboid((0.0, 0.0, 0.3), (3.0 * grow, width, 0.25), colour, owner)
    shapes += cuboid((0.75 * grow, 0.0, 0.55), (1.4 * grow, width, 0.5), colour, owner, slope=0.1)
    shapes += cuboid((0.6 * grow, 0.0, 1.05), (1.0 * grow, 0.96 * width, 0.6), GLASS, owner, slope=0.2)
    shapes += cuboid((0.55 * grow, 0.0, 1.65), (1.05 * grow, width, 0.1), colour, owner)
    shapes += cuboid((-0.75 * grow, 0.0, 0.55), (1.5 * grow, width, float(rng.uniform(0.12, 0.4))), colour, owner)
    for _ in range(int(rng.integers(0, 4))):
        size = rng.uniform(0.25, 0.7, 3)
        spot = (float(rng.uniform(-1.2, -0.4)) * grow, float(rng.uniform(-0.3, 0.3)), 0.8)
        shapes += cuboid(spot, (float(size[0]), float(size[1]), float(size[2])), paint(rng), owner)
    return shapes + wheels(owner, (-0.95 * grow, 0.95 * grow), 0.5 * width, 0.29)
