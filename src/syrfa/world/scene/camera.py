"""A pinhole camera over a flat ground.

World axes, in metres: x to the right, y away from the camera, z up; the ground is z = 0 and the camera stands above
the origin. Pixel (0, 0) is the centre of the upper left pixel.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

NEAR = 0.3  # depth in metres below which nothing is drawn


@dataclass(frozen=True)
class Camera:
    """Position, direction and lens."""

    width: int  # frame width in pixels
    height: int  # frame height in pixels
    focal: float  # focal length in pixels
    # (column, row) of the optical axis; off the middle when the frame is a cut-out of a wider view
    centre: tuple[float, float]
    elevation: float  # height above the ground in metres
    rotation: Points  # (3, 3), rows: the image's right, down and forward directions in world axes

    @classmethod
    def looking(
        cls,
        width: int,
        height: int,
        *,
        distance: float,
        down: float,
        person: float,
        row: float = 0.55,
        roll: float = 0.0,
    ) -> "Camera":
        """Builds the camera from what is seen: a person of 1.7 m, `distance` metres away, `person` pixels tall.

        That point is at the share `row` of the frame's height; `down` (below the horizon) and `roll` are in radians.
        """
        forward = np.array([0.0, np.cos(down), -np.sin(down)])
        right = np.array([1.0, 0.0, 0.0])
        below = np.cross(forward, right)
        c, s = np.cos(roll), np.sin(roll)
        rotation = np.stack([c * right + s * below, c * below - s * right, forward])
        focal = person * (distance / np.cos(down)) / (1.7 * np.cos(down))
        centre = ((width - 1) / 2, row * (height - 1))
        return cls(width, height, float(focal), centre, float(distance * np.tan(down)), rotation)

    def project(self, points: Points) -> tuple[Points, NDArray[np.float64]]:
        """Pixels (..., 2) as (column, row) and depths (...) in metres of world points (..., 3).

        The depth is along the optical axis, at least `NEAR`, so that points behind the camera stay finite.
        """
        seen = (points - np.array([0.0, 0.0, self.elevation])) @ self.rotation.T
        depth = np.maximum(seen[..., 2], NEAR)
        return seen[..., :2] * (self.focal / depth)[..., None] + np.array(self.centre), depth

    def inside(self, pixels: Points) -> NDArray[np.bool_]:
        """Whether pixels (..., 2) lie in the frame."""
        return np.asarray((pixels > 0).all(axis=-1) & (pixels < np.array([self.width, self.height])).all(axis=-1))

    def homography(self) -> Points:
        """The (3, 3) matrix that takes ground points (x, y, 1) to pixels, up to scale."""
        place = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, -self.elevation]])
        lens = np.array([[self.focal, 0, self.centre[0]], [0, self.focal, self.centre[1]], [0, 0, 1]])
        return np.asarray(lens @ self.rotation @ place)

    def ground(self, pixels: Points) -> Points:
        """The ground points (..., 2) that pixels (..., 2) show; NaN at and above the horizon."""
        ones = np.ones((*pixels.shape[:-1], 1))
        found = np.concatenate([pixels, ones], axis=-1) @ np.linalg.inv(self.homography()).T
        # the sign tells the half of the ground in front of the camera from the one behind it
        ahead = (np.concatenate([found[..., :2] / found[..., 2:], ones], axis=-1) @ self.homography().T)[..., 2] > 0
        return np.asarray(np.where(ahead[..., None], found[..., :2] / found[..., 2:], np.nan))

    def scale(self, x: float, y: float) -> float:
        """Pixels a metre at ground point (x, y)."""
        _, depth = self.project(np.array([x, y, 0.0]))
        return self.focal / float(depth)
