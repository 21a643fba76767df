"""A camera that is not quite still."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_WAVES = 4


@dataclass(frozen=True)
class Shake:
    """Smooth small motion of the whole picture.

    Attributes:
        amplitude: (waves, 3), of each wave: pixels to the right, pixels down, radians about the centre.
        rate: (waves, 3), radians a frame.
        phase: (waves, 3), radians.
    """

    amplitude: NDArray[np.float64]
    rate: NDArray[np.float64]
    phase: NDArray[np.float64]

    def matrix(self, number: int, width: int, height: int) -> NDArray[np.float64]:
        """The (2, 3) matrix that takes places in the still picture to places in frame `number`."""
        right, down, angle = (self.amplitude * np.sin(self.rate * number + self.phase)).sum(axis=0)
        c, s = np.cos(angle), np.sin(angle)
        x, y = (width - 1) / 2, (height - 1) / 2
        return np.array([[c, -s, x - c * x + s * y + right], [s, c, y - s * x - c * y + down]])


def sample_shake(rng: np.random.Generator, size: float) -> Shake:
    """Draws a shake of `size` pixels standard deviation, most of it slower than 3 frames."""
    share = rng.dirichlet(np.ones(_WAVES), 3).T
    amplitude = np.sqrt(2 * share) * size * np.array([1.0, 1.0, 0.0008])
    return Shake(amplitude, rng.uniform(0.05, 2.0, (_WAVES, 3)), rng.uniform(0, 2 * np.pi, (_WAVES, 3)))


def shaken(
    image: NDArray[np.uint8], mask: NDArray[np.uint8], matrix: NDArray[np.float64]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Picture and id mask moved alike; the mask keeps its numbers."""
    size = (image.shape[1], image.shape[0])
    moved = cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    ids = cv2.warpAffine(mask, matrix, size, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(moved, np.uint8), np.asarray(ids, np.uint8)
