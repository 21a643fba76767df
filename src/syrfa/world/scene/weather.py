"""Fog, haze and rain."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from syrfa.world.scene.camera import Points

_SHEETS = 4
_MARGIN = 64


@dataclass(frozen=True)
class Weather:
    """What is in the air."""

    fog: float = 0.0  # share of the light lost with every metre
    tone: float = 170.0  # grey level of the fog
    rain: float = 0.0  # streaks for every 1,000 pixels, 0 when it is dry
    wet: float = 0.0  # how much darker and shinier than dry the ground is, 0 to 1

    def clear(self, depth: Points) -> Points:
        """Share of the light of things at `depth` metres that arrives."""
        return np.asarray(np.exp(-self.fog * depth))


def sample_weather(rng: np.random.Generator, distance: float, bright: float) -> Weather:
    """Draws the weather: one scene in five is hazy or foggy, one in twelve rainy.

    Fog hides a tenth to not quite half of what is `distance` metres away; `bright` is the scene's light, 1 by day.
    """
    fog = float(-np.log(1 - rng.uniform(0.1, 0.45 if bright > 0.7 else 0.3)) / distance) if rng.random() < 0.2 else 0.0
    tone = bright * float(rng.uniform(110, 215))
    if rng.random() < 0.085:
        return Weather(fog, tone, rain=float(rng.uniform(0.3, 2.5)), wet=float(rng.uniform(0.4, 1.0)))
    return Weather(fog, tone, wet=float(rng.uniform(0.3, 1.0)) if rng.random() < 0.05 else 0.0)


class Rain:
    """Streaks that fall through the picture, `density` of them for every 1,000 pixels."""

    def __init__(self, rng: np.random.Generator, width: int, height: int, density: float) -> None:
        self._rng, self._size = rng, (height, width)
        slant, length = float(rng.normal(0, 0.15)), float(rng.uniform(0.02, 0.06) * height)
        bright = float(rng.uniform(14, 45))
        self._sheets = []
        for _ in range(_SHEETS):
            sheet = np.zeros((height + _MARGIN, width + _MARGIN), np.uint8)
            for _ in range(int(density * sheet.size / 1000)):
                start = rng.uniform(0, 1, 2) * (sheet.shape[1], sheet.shape[0])
                end = start + length * rng.uniform(0.5, 1.5) * np.array([slant, 1.0])
                tone = bright * float(rng.uniform(0.3, 1.0))
                cv2.line(sheet, start.astype(int).tolist(), end.astype(int).tolist(), tone, 1, cv2.LINE_AA)
            self._sheets.append(sheet)

    def over(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The frame with streaks at new places."""
        row, column, number = self._rng.integers(0, (_MARGIN, _MARGIN, _SHEETS))
        streaks = self._sheets[number][row : row + self._size[0], column : column + self._size[1]]
        return np.asarray(cv2.add(image, streaks if image.ndim == 2 else cv2.merge([streaks] * 3)), np.uint8)
