"""Where things are: the camera over the ground, the walkway it looks at, and a road."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from syrfa.world.scene.camera import Camera, Points


@dataclass(frozen=True)
class Road:
    """A straight road of two lanes; traffic keeps to the right."""

    angle: float  # its direction in radians from world x
    centre: tuple[float, float]  # a ground point on its axis, in metres
    half: float  # half its width in metres; each lane is that wide
    crossing: float | None = None  # place in metres along the axis of the crossing for people on foot, or None
    crossing_half: float = 1.5  # half the crossing's width in metres, measured along the axis

    def aside(self, x: Points | float, y: Points | float) -> Points:
        """Distance in metres of ground points from the axis, positive to the left of its direction."""
        east, north = np.asarray(x) - self.centre[0], np.asarray(y) - self.centre[1]
        return np.asarray(north * np.cos(self.angle) - east * np.sin(self.angle))

    def along(self, x: Points | float, y: Points | float) -> Points:
        """Place in metres of ground points along the axis, 0 at `centre`."""
        east, north = np.asarray(x) - self.centre[0], np.asarray(y) - self.centre[1]
        return np.asarray(east * np.cos(self.angle) + north * np.sin(self.angle))

    def holds(self, x: Points | float, y: Points | float, margin: float = 0.0) -> NDArray[np.bool_]:
        """Whether ground points lie on it, or within `margin` metres of it."""
        return np.asarray(np.abs(self.aside(x, y)) < self.half + margin)

    def crossed(self, x: Points | float, y: Points | float) -> NDArray[np.bool_]:
        """Whether ground points lie in the strip of the crossing, on the road or beside it."""
        if self.crossing is None:
            return np.zeros(np.shape(x), bool)
        return np.asarray(np.abs(self.along(x, y) - self.crossing) <= self.crossing_half)

    def point(self, along: float, aside: float) -> tuple[float, float]:
        """The ground point at these distances in metres along the axis and to the left of it."""
        c, s = np.cos(self.angle), np.sin(self.angle)
        return (float(self.centre[0] + along * c - aside * s), float(self.centre[1] + along * s + aside * c))

    def lane(self, forward: bool) -> tuple[float, float]:
        """A lane: how far to the left of the axis its middle runs, in metres, and the heading of its traffic."""
        return (-self.half / 2, self.angle) if forward else (self.half / 2, self.angle + np.pi)


PERSON = 1.7  # height in metres of the person whose size in the picture sets the camera's distance
ELEVATION = (3.0, 30.0)  # how high cameras hang, in metres: a lamp post to a roof
LENS = (0.7, 3.5)  # focal length over frame width: 71 to 16 degrees of horizontal view
_NEAREST = 5.0  # depth in metres at the lower edge: whoever is nearer is a blur of limbs
_ROOM = 0.15  # of the picture, what a road leaves to the walkway at least
_TALLEST = 0.6  # of the frame's height, what a person takes up at most


@dataclass(frozen=True)
class Layout:
    """A place without its paint."""

    camera: Camera  # the view
    path: float  # direction of the walkway, radians from world x
    path_centre: tuple[float, float]  # a ground point on its axis, metres
    path_half: float  # half its width in metres
    back: float  # y in metres where the ground ends at the backdrop
    road: Road | None = None  # beside the walkway or across it, or None


def sample_layout(
    rng: np.random.Generator,
    width: int,
    height: int,
    person: tuple[float, float],
    side_view: float = 0.5,
    roads: float = 0.0,
) -> Layout:
    """Draws a place for a frame of `width` by `height` pixels.

    A 1.7 m person amid the walkway is `person` pixels high, drawn log-uniformly, and at most 0.6 of the frame.
    `side_view` is the probability of a walkway across the view, `roads` that of a road, where there is room for one.
    """
    tall = float(np.exp(rng.uniform(*np.log(np.minimum(person, _TALLEST * height)))))
    wanted = rng.random() < roads
    for _ in range(6):  # with another camera where there is no room for the road
        layout = _without_road(rng, width, height, tall, side_view)
        if wanted:
            layout = _with_road(rng, layout)
        if wanted == (layout.road is not None):
            break
    return layout


def _without_road(rng: np.random.Generator, width: int, height: int, tall: float, side_view: float) -> Layout:
    camera, down, distance = _sample_camera(rng, width, height, tall)
    across = rng.random() < side_view
    path = float(rng.normal(0, 0.12)) if across else float(rng.uniform(0, np.pi))
    span = PERSON * height / tall
    half = float(np.clip(rng.uniform(0.25, 0.8) * span / np.sin(down) * 0.5, 2.0, 14.0))
    back = distance + (half if across else span * 2) * float(rng.uniform(1.02, 1.6))
    top = float(camera.ground(np.array([width / 2, 0.0]))[1])
    if down > 0.6 and np.isfinite(top):  # who looks steeply down sees no horizon
        back = max(back, 1.1 * top)
    return Layout(camera, path, (0.0, distance), half, back)


def _sample_camera(rng: np.random.Generator, width: int, height: int, tall: float) -> tuple[Camera, float, float]:
    """A camera in whose middle a person is `tall` pixels high; also its angle down and the distance."""
    row, roll = float(rng.uniform(0.5, 0.74)), float(rng.normal(0, 0.015))
    for _ in range(200):
        # most hang low and look far; a quarter look down steeply
        down = float(np.deg2rad(rng.uniform(24, 60) if rng.random() < 0.25 else rng.uniform(5, 34)))
        focal = float(np.exp(rng.uniform(*np.log(LENS)))) * width
        # the head is nearer to the camera than the feet are
        distance = PERSON * np.cos(down) * (np.cos(down) * focal / tall + np.sin(down))
        person = PERSON * np.cos(down) ** 2 * focal / distance
        camera = Camera.looking(width, height, distance=distance, down=down, person=person, row=row, roll=roll)
        below = camera.ground(np.array([width / 2, height - 1.0]))
        near = float(camera.project(np.array([*below, 0.0]))[1])
        if ELEVATION[0] <= camera.elevation <= ELEVATION[1] and near > _NEAREST:
            break
    return camera, down, float(distance)


def _with_road(rng: np.random.Generator, layout: Layout) -> Layout:
    for _ in range(8):
        half = float(max(2.0, layout.path_half * rng.uniform(0.5, 1.0)))
        wide = float(rng.uniform(2.7, 3.8))
        if rng.random() < 0.4:
            road = _crossing(rng, layout, half, wide)
            back = max(layout.back, layout.path_centre[1] + float(rng.uniform(25, 60)))
        else:
            road = _beside(rng, layout, half, wide)
            edge = max(road.point(s, a)[1] for s in (-5.0, 5.0) for a in (-wide, wide))
            back = max(layout.back, edge + float(rng.uniform(2.0, 8.0)))
        seen = in_view(layout.camera, road)
        lanes = [in_view(layout.camera, road, road.lane(forward)[0]) for forward in (True, False)]
        if min(map(len, [seen, *lanes])) < 8 or _walkway_share(layout, half, road) < _ROOM:
            continue
        if road.crossing is None and rng.random() < 0.6:
            place, strip = float(rng.choice(seen)), float(rng.uniform(1.2, 2.4))
            road = Road(road.angle, road.centre, road.half, place, strip)
        return Layout(layout.camera, layout.path, layout.path_centre, half, back, road)
    return layout


def _walkway_share(layout: Layout, half: float, road: Road) -> float:
    camera = layout.camera
    columns, rows = np.meshgrid(np.linspace(0.05, 0.95, 12), np.linspace(0.15, 1.0, 12))
    found = camera.ground(np.stack([columns * camera.width, rows * camera.height], axis=-1))
    x, y = found[..., 0], found[..., 1]
    centre = layout.path_centre
    aside = (y - centre[1]) * np.cos(layout.path) - (x - centre[0]) * np.sin(layout.path)
    return float(np.mean((np.abs(aside) < half) & ~road.holds(x, y, 0.6) & (y < layout.back)))  # NaN is not below


def _crossing(rng: np.random.Generator, layout: Layout, half: float, wide: float) -> Road:
    """A road across the walkway, which goes on behind it."""
    skew = float(rng.normal(0, 0.12))
    span = layout.camera.width / layout.camera.scale(*layout.path_centre)
    shift = float(rng.uniform(-0.35, 0.35)) * span
    x, y = layout.path_centre
    centre = (x + shift * np.cos(layout.path), y + shift * np.sin(layout.path))
    strip = half / np.cos(skew) + wide * abs(np.tan(skew)) + 1.2
    return Road(layout.path + np.pi / 2 + skew, (float(centre[0]), float(centre[1])), wide, 0.0, float(strip))


def _beside(rng: np.random.Generator, layout: Layout, half: float, wide: float) -> Road:
    """A road along the walkway, a kerb to a verge away."""
    aside = float(rng.choice([-1.0, 1.0])) * (half + float(rng.uniform(0.4, 3.0)) + wide)
    x, y = layout.path_centre
    centre = (x - aside * np.sin(layout.path), y + aside * np.cos(layout.path))
    return Road(layout.path, (float(centre[0]), float(centre[1])), wide)


def in_view(camera: Camera, road: Road, aside: float = 0.0) -> NDArray[np.float64]:
    """The places (n,) in metres along a road, `aside` to its left, where a person is seen, 8 pixels or taller."""
    along = np.arange(-80.0, 80.5, 0.5)
    places = np.array([road.point(float(s), aside) for s in along])
    pixels, depth = camera.project(np.concatenate([places, np.zeros((len(along), 1))], axis=1))
    return along[camera.inside(pixels) & (depth > 3.0) & (PERSON * camera.focal / depth > 8)]
