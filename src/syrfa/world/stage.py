"""A scene during one clip: frame rate, length, and where new actors may appear."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import numpy as np
from numpy.typing import NDArray

from syrfa.world.body import Body, sample_body
from syrfa.world.scene import Scene
from syrfa.world.trajectory import Trajectory, simulate

_HALF = 1.4
"""Half the length in metres of what arrives, with a margin."""


@dataclass
class Stage:
    """What a builder of actors needs to know.

    Attributes:
        scene: the place.
        fps: frames a second.
        frames: length of the clip.
        rng: the source of every draw.
        onset: shares of the clip between which abnormal behaviour begins; None for any time.
        taken: courses so far, so that new actors keep clear of them.
        ids: the next free numbers of the id mask.
    """

    scene: Scene
    fps: float
    frames: int
    rng: np.random.Generator
    onset: tuple[float, float] | None = None
    taken: list[Trajectory] = field(default_factory=list)
    ids: Iterator[int] = field(default_factory=lambda: count(1))

    def body(self) -> Body:
        """A person dressed for the scene; one in five wears something else."""
        clothes = self.scene.clothes if self.rng.random() < 0.8 else float(self.rng.uniform(-1, 1))
        return sample_body(self.rng, clothes)

    def spot(self) -> tuple[float, float]:
        """A ground point in view, mostly on the walkway, where a person is at least 10 pixels tall."""
        scene, camera = self.scene, self.scene.camera
        place = np.array(scene.path_centre)
        for _ in range(60):
            pixel = self.rng.uniform((0.03, 0.12), (0.97, 1.12)) * np.array([camera.width, camera.height])
            found = camera.ground(pixel)
            if not np.isfinite(found).all() or not 2.5 < found[1] < scene.back - 0.4:
                continue
            tall = 1.7 * camera.scale(float(found[0]), float(found[1]))
            if not 10 < tall < 0.9 * camera.height:
                continue
            place = found
            offset = found - np.array(scene.path_centre)
            aside = abs(-offset[0] * np.sin(scene.path) + offset[1] * np.cos(scene.path))
            if aside < scene.path_half or self.rng.random() < 0.08:
                break
        return float(place[0]), float(place[1])

    def direction(self) -> float:
        """A heading: along the walkway either way, now and then across it."""
        along = self.scene.path + np.pi * int(self.rng.integers(2))
        return float(along + (self.rng.normal(0, 0.16) if self.rng.random() < 0.82 else self.rng.uniform(-1.6, 1.6)))

    def visible(self, course: Trajectory, half: float = 0.0) -> NDArray[np.bool_]:
        """The frames (n,) in which any part of something `half` metres to each side is inside the picture.

        With `half` 0, those in which the middle of a person is.
        """
        camera = self.scene.camera
        seen = np.zeros(len(course), bool)
        for aside, high in ((-half, 0.8), (half, 0.8), (0.0, 0.8 + half)):
            points = np.stack([course.x + aside, course.y, np.full(len(course), high)], axis=1)
            pixels, depth = camera.project(points)
            inside = (pixels > 0).all(axis=1) & (pixels < np.array([camera.width, camera.height])).all(axis=1)
            seen |= inside & (depth > 1.5)
        return seen

    def course(self, speed: float, *, wander: float = 0.08, enters: bool = False, turns: bool = False) -> Trajectory:
        """A way through the picture.

        Args:
            speed: metres a second.
            wander: slow changes of direction in radians.
            enters: the actor comes into the picture within `onset`, instead of being anywhere at any time.
            turns: with a marked change of direction.

        Returns:
            the one of four drawn that keeps farthest from the actors so far.
        """
        best, clear = None, -np.inf
        for _ in range(4):
            drawn = self._course(speed, wander, enters, turns)
            gap = min((self._gap(drawn, other) for other in self.taken), default=9.0)
            if enters and self.onset is not None and self.visible(drawn, _HALF)[0]:
                gap = -1.0  # it is there from the beginning
            if gap > clear:
                best, clear = drawn, gap
            if gap > 0.8:
                break
        assert best is not None
        self.taken.append(best)
        return best

    def _course(self, speed: float, wander: float, enters: bool, turns: bool) -> Trajectory:
        rng = self.rng
        arrives = enters and self.onset is not None
        lead = 5 * self.frames if arrives else self.frames  # time to come from outside the picture, even slowly
        long = lead + 2 * self.frames
        middle = lead + int(rng.uniform(0.1, 0.9) * self.frames)
        whole = simulate(
            rng,
            long,
            self.fps,
            through=self.spot(),
            at=middle,
            heading=self.direction(),
            speed=speed,
            wander=wander,
            turn=float(rng.choice([-1, 1]) * rng.uniform(0.6, 2.6)) if turns else 0.0,
        )
        first = lead
        if arrives and self.onset is not None:
            seen = np.flatnonzero(self.visible(whole, _HALF))
            if len(seen) and seen[0] > 0:
                first = int(seen[0] - rng.uniform(*self.onset) * self.frames)
        return whole.window(int(np.clip(first, 0, long - self.frames)), self.frames)

    @staticmethod
    def _gap(one: Trajectory, other: Trajectory) -> float:
        return float(np.hypot(one.x - other.x, one.y - other.y).min())

    def moment(self) -> int:
        """The frame in which somebody already in view begins to behave abnormally."""
        low, high = self.onset or (0.1, 0.5)
        return int(self.rng.uniform(low, high) * self.frames)
