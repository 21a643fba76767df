"""The stage of one clip: a scene with its frame rate and length, and where new actors may appear."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

import numpy as np
from numpy.typing import NDArray

from syrfa.world.events.trajectory import Trajectory, pausing, simulate
from syrfa.world.people.body import Body, sample_body
from syrfa.world.scene.layout import in_view
from syrfa.world.scene.scene import Scene

_HALF = 1.4  # half the length in metres of what arrives, with a margin
_KERB = 0.35  # how far in metres from a road people on foot keep


@dataclass(frozen=True)
class Vehicle:
    """What a vehicle takes up: its course, and half its length and width in metres."""

    course: Trajectory
    length: float
    width: float

    def meets(self, other: Trajectory, length: float = 0.25, width: float = 0.25, gap: float = 0.5) -> bool:
        """Whether something of half `length` and `width` metres comes within `gap` metres ahead, or 0.2 m beside it."""
        c, s = np.cos(self.course.heading), np.sin(self.course.heading)
        east, north = other.x - self.course.x, other.y - self.course.y
        ahead, aside = np.abs(c * east + s * north), np.abs(c * north - s * east)
        return bool(((ahead < self.length + length + gap) & (aside < self.width + width + 0.2)).any())


@dataclass
class Stage:
    """What a builder of actors needs to know."""

    scene: Scene  # the place
    fps: float  # frames a second
    frames: int  # length of the clip
    rng: np.random.Generator  # the source of every draw
    # shares of the clip between which abnormal behaviour begins; None for any time
    onset: tuple[float, float] | None = None
    # courses so far of everybody off the road, so that new actors keep clear of them
    taken: list[Trajectory] = field(default_factory=list)
    vehicles: list[Vehicle] = field(default_factory=list)  # what goes along the road so far
    ids: Iterator[int] = field(default_factory=lambda: count(1))  # the next free numbers of the id mask

    def take(self, course: Trajectory) -> Trajectory:
        """The course, which new actors keep clear of from now on."""
        self.taken.append(course)
        return course

    def body(self, age: str = "adult") -> Body:
        """A person dressed for the scene; one in five wears something else. `age` as in `sample_body`."""
        clothes = self.scene.clothes if self.rng.random() < 0.8 else float(self.rng.uniform(-1, 1))
        return sample_body(self.rng, clothes, age)

    def spot(self, margin: float = 0.6, strays: float = 0.08) -> tuple[float, float]:
        """A ground point in view where a person is 10 pixels or taller, `margin` metres or more from the road.

        A point off the walkway is left as it is with probability `strays`.
        """
        scene, camera, road = self.scene, self.scene.camera, self.scene.road
        c, s = np.cos(scene.path), np.sin(scene.path)
        place = np.array(scene.path_centre)
        if road is not None and road.holds(place[0], place[1], margin):
            place = place - (2 * road.half + margin + 0.5) * np.array([c, s])
        for _ in range(60):
            pixel = self.rng.uniform((0.03, 0.12), (0.97, 1.12)) * np.array([camera.width, camera.height])
            found = camera.ground(pixel)
            if not np.isfinite(found).all() or not 2.5 < found[1] < scene.back - 0.4:
                continue
            tall = 1.7 * camera.scale(float(found[0]), float(found[1]))
            if not 10 < tall < 0.9 * camera.height or (road is not None and road.holds(found[0], found[1], margin)):
                continue
            offset = found - np.array(scene.path_centre)
            inside = abs(-offset[0] * s + offset[1] * c) < scene.path_half
            if inside or strays > 0:
                place = found
            if inside or self.rng.random() < strays:
                break
        return float(place[0]), float(place[1])

    def direction(self) -> float:
        """A heading: along the walkway either way, now and then across it."""
        along = self.scene.path + np.pi * int(self.rng.integers(2))
        return float(along + (self.rng.normal(0, 0.16) if self.rng.random() < 0.82 else self.rng.uniform(-1.6, 1.6)))

    def visible(self, course: Trajectory, half: float = 0.0) -> NDArray[np.bool_]:
        """The frames (n,) in which any part of something `half` metres to each side is inside the picture."""
        camera = self.scene.camera
        seen = np.zeros(len(course), bool)
        for aside, high in ((-half, 0.8), (half, 0.8), (0.0, 0.8 + half)):
            points = np.stack([course.x + aside, course.y, np.full(len(course), high)], axis=1)
            pixels, depth = camera.project(points)
            seen |= camera.inside(pixels) & (depth > 1.5)
        return seen

    def trespasses(self, course: Trajectory, margin: float = _KERB) -> bool:
        """Whether a course in view goes on the road other than over its crossing, or halts on that."""
        road = self.scene.road
        if road is None:
            return False
        near = road.holds(course.x, course.y, margin) & (~road.crossed(course.x, course.y) | (course.speed < 0.3))
        return bool((near & self.visible(course, _HALF)).any())

    def way(
        self,
        speed: float,
        at: int,
        *,
        wander: float = 0.08,
        turn: float = 0.0,
        stop: tuple[int, int] | None = None,
        frames: int | None = None,
        margin: float = _KERB,
        first: Callable[[Trajectory], Trajectory] = lambda course: course,
    ) -> Trajectory:
        """A course at `speed` m/s through a spot in view at frame `at`, `margin` metres off the road.

        The first of twelve drawn that keeps off the road and the backdrop, or else a straight one along the walkway.
        `wander`, `turn` and `stop` are as in `simulate`; `first` is applied to each course drawn before it is judged.
        """

        def draw(straight: bool) -> Trajectory:
            along = self.scene.path + np.pi * int(self.rng.integers(2))
            return first(
                simulate(
                    self.rng,
                    frames or self.frames,
                    self.fps,
                    through=self.spot(margin + 0.25, 0.0 if straight else 0.08),
                    at=at,
                    heading=along if straight else self.direction(),
                    speed=speed,
                    wander=0.0 if straight else wander,
                    turn=0.0 if straight else turn,
                    stop=stop,
                )
            )

        for _ in range(12):
            course = draw(False)
            through = bool((self.visible(course) & (course.y > self.scene.back - 0.3)).any())
            if not through and not self.trespasses(course, margin):
                return course
        return draw(True)

    def course(
        self,
        speed: float,
        *,
        wander: float = 0.08,
        enters: bool = False,
        turns: bool = False,
        margin: float = _KERB,
        within: tuple[float, float] | None = None,
    ) -> Trajectory:
        """A way at `speed` m/s through the picture, off the road: of four drawn the one farthest from others.

        With `enters` the actor comes into the picture within `onset`, with `within` between these shares of the clip,
        instead of being anywhere at any time; `turns` makes a marked change of direction.
        """
        within = within or (self.onset if enters else None)
        best, clear = None, -np.inf
        for _ in range(4):
            drawn = self._course(speed, wander, within, turns, margin)
            gap = min((float(np.hypot(drawn.x - one.x, drawn.y - one.y).min()) for one in self.taken), default=9.0)
            if any(vehicle.meets(drawn) for vehicle in self.vehicles):
                gap = -0.5
            if within is not None and self.visible(drawn, _HALF)[0]:
                gap = -1.0  # it is there from the beginning
            if gap > clear:
                best, clear = drawn, gap
            if gap > 0.8:
                break
        assert best is not None
        return self.take(best)

    def _course(
        self, speed: float, wander: float, within: tuple[float, float] | None, turns: bool, margin: float
    ) -> Trajectory:
        rng = self.rng
        lead = 5 * self.frames if within is not None else self.frames  # time to come from outside, even slowly
        long = lead + 2 * self.frames
        middle = lead + int(rng.uniform(0.1, 0.9) * self.frames)
        turn = float(rng.choice([-1, 1]) * rng.uniform(0.6, 2.6)) if turns else 0.0

        def clip(whole: Trajectory) -> Trajectory:
            first = lead
            if within is not None:
                seen = np.flatnonzero(self.visible(whole, _HALF))
                if len(seen) and seen[0] > 0:
                    first = int(seen[0] - rng.uniform(*within) * self.frames)
            return whole.window(int(np.clip(first, 0, long - self.frames)), self.frames)

        return self.way(speed, middle, wander=wander, turn=turn, frames=long, margin=margin, first=clip)

    def lane_course(
        self,
        speed: float,
        *,
        half: tuple[float, float] = (2.2, 0.9),
        right: float = 0.0,
        gap: float = 1.0,
        wait: float | None = None,
    ) -> Trajectory | None:
        """A way at `speed` m/s (0: parked) along a lane in view, `gap` metres clear of everybody, if there is one.

        `half` is half the vehicle's length and width, `right` how far right of the lane's middle it keeps, in metres;
        `wait` the seconds it stands, short of the crossing if that is in view.
        """
        road, rng = self.scene.road, self.rng
        if road is None:
            return None
        for _ in range(12):
            ahead = bool(rng.integers(2))
            middle, heading = road.lane(ahead)
            aside = middle - right if ahead else middle + right
            seen = in_view(self.scene.camera, road, aside)
            if speed == 0.0 and road.crossing is not None:  # nobody parks on a crossing
                seen = seen[np.abs(seen - road.crossing) > road.crossing_half + half[0]]
            if not len(seen):
                continue
            along, at = float(rng.choice(seen)), int(rng.uniform(0.1, 0.9) * self.frames)
            if wait is not None and road.crossing is not None and seen[0] <= road.crossing <= seen[-1]:
                along = road.crossing - (1.0 if ahead else -1.0) * (road.crossing_half + half[0] + 1.0)
            n, fps, place = self.frames, self.fps, road.point(along, aside)
            if wait is None:
                course = simulate(rng, n, fps, through=place, at=at, heading=heading, speed=speed, wander=0.0)
            else:
                course = pausing(n, fps, place=place, at=at, heading=heading, speed=speed, wait=wait)
            vehicle = Vehicle(course, *half)
            close = any(vehicle.meets(other, gap=0.4 * gap) for other in self.taken)
            if close or any(vehicle.meets(car.course, car.length, car.width, gap) for car in self.vehicles):
                continue
            self.vehicles.append(vehicle)
            return course
        return None

    def unmarked(self, margin: float) -> NDArray[np.float64]:
        """Places (n,) in metres along the road in view, `margin` metres or more from its crossing; none without it."""
        road = self.scene.road
        if road is None:
            return np.zeros(0)
        seen = in_view(self.scene.camera, road)
        return seen if road.crossing is None else seen[np.abs(seen - road.crossing) > road.crossing_half + margin]

    def crossing_course(self, speed: float) -> Trajectory | None:
        """A way on foot straight over the road's crossing, clear of the traffic; None when there is no such way."""
        road, rng = self.scene.road, self.rng
        if road is None or road.crossing is None:
            return None
        seen = in_view(self.scene.camera, road)
        seen = seen[np.abs(seen - road.crossing) < road.crossing_half - 0.3]
        for _ in range(12 if len(seen) else 0):
            place = road.point(float(rng.choice(seen)), 0.0)
            heading = road.angle + float(rng.choice([-0.5, 0.5])) * np.pi
            at = int(rng.uniform(0.1, 0.9) * self.frames)
            course = simulate(rng, self.frames, self.fps, through=place, at=at, heading=heading, speed=speed, wander=0)
            if not any(vehicle.meets(course) for vehicle in self.vehicles):
                return self.take(course)
        return None

    def moment(self) -> int:
        """The frame in which somebody already in view begins to behave abnormally."""
        low, high = self.onset or (0.1, 0.5)
        return int(self.rng.uniform(low, high) * self.frames)
