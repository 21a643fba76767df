"""Where the light comes from, and everything else about a scene's appearance that is drawn once."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syrfa.world.scene.camera import Camera, Points
from syrfa.world.scene.layout import Road
from syrfa.world.scene.weather import Weather, sample_weather

DAY, NIGHT, INDOOR = "day", "night", "indoor"

_LAMP = 0.8  # how bright it is under a lamp, beside what comes from everywhere; 1 by full daylight
_NADIR = np.array([0.0, 0.0, -1.0])


@dataclass(frozen=True)
class Source:
    """One cause of shadows."""

    place: Points  # (3,), the direction in which the light travels, or where the lamp hangs, in metres
    near: bool  # whether `place` is that of a lamp
    strength: float  # how dark its shadows are, 0 to 1
    spread: float  # width of the penumbra in metres for every metre between caster and ground

    def dropped(self, points: Points) -> Points:
        """Where on the ground the shadows of `points` (..., 3) fall."""
        high = points[..., 2:]
        if not self.near:
            return np.asarray(points - self.place * (high / self.place[2]))
        lamp = self.place[2]
        # close under a lamp a shadow would reach the horizon
        return np.asarray(self.place + (points - self.place) * (lamp / np.maximum(lamp - high, 0.35 * lamp)))


@dataclass(frozen=True)
class Light:
    """The light of a scene."""

    kind: str = DAY  # day, night or indoor
    sun: Points | None = None  # direction in which sunlight travels, (3,), or None
    shade: float = 0.3  # how dark the shadows are, 0 to 1
    spread: float = 0.02  # width of the sun's penumbra in metres for every metre of height
    ambient: float = 1.0  # share of the light that comes from everywhere
    lamps: tuple[tuple[float, float, float], ...] = ()  # (n, 3), where lamps hang, in metres
    colour: tuple[float, float, float] = (1.0, 1.0, 1.0)  # BGR factors

    def level(self, x: NDArray[np.floating[Any]], y: NDArray[np.floating[Any]] | float) -> Points:
        """How bright the ground is at points (x, y): the ambient share plus what the lamps add, at most 1.15."""
        total = np.full(np.shape(x), self.ambient)
        for east, north, high in self.lamps:
            away = (x - east) ** 2 + (y - north) ** 2
            total = total + _LAMP * (1 - self.ambient) * (high * high / (high * high + away)) ** 1.5
        return np.asarray(np.minimum(total, 1.15))

    def sources(self, x: float, y: float) -> list[Source]:
        """What casts shadows at a ground point: always the dimness under things, then the sun or the nearest lamps."""
        found = [Source(_NADIR, False, 0.8 * self.shade if self.sun is None else 0.35 * self.shade, 0.35)]
        if self.sun is not None:
            found.append(Source(self.sun, False, self.shade, self.spread))
        near = sorted((np.hypot(x - lamp[0], y - lamp[1]), lamp) for lamp in self.lamps)[:2]
        for away, lamp in near:
            share = float((lamp[2] ** 2 / (lamp[2] ** 2 + away**2)) ** 1.5)
            if share > 0.04:
                strength = self.shade * (1 - self.ambient) * share / (self.ambient + share)
                found.append(Source(np.array(lamp), True, strength, 0.06))
        return found

    def direction(self, x: float, y: float) -> Points:
        """Where the light on somebody at a ground point comes from: (3,), at most 1 long, shorter when diffuse."""
        if self.sun is not None:
            return np.asarray(-self.sun)
        if self.lamps:
            lamp = min(self.lamps, key=lambda lamp: np.hypot(x - lamp[0], y - lamp[1]))
            towards = np.array(lamp) - np.array([x, y, 1.0])
            return np.asarray(towards / np.linalg.norm(towards))
        return np.array([0.0, 0.0, 0.6])


def sample_light(rng: np.random.Generator, way: Road, indoors: bool = True) -> Light:
    """Draws the light: three scenes in five by day (half of them in sunlight), the others at dusk, night or indoors."""
    kind = str(rng.choice(["sun", "overcast", "dusk", NIGHT, INDOOR], p=[0.36, 0.3, 0.06, 0.16, 0.12]))
    if kind == INDOOR and not indoors:
        kind = "overcast"
    if kind in ("sun", "dusk"):
        azimuth = rng.uniform(0, 2 * np.pi)
        low = rng.uniform(0.45, 1.25) if kind == "sun" else rng.uniform(0.22, 0.4)
        sun = np.array([np.cos(azimuth) * np.cos(low), np.sin(azimuth) * np.cos(low), -np.sin(low)])
        warm = float(rng.uniform(-0.03, 0.06) if kind == "sun" else rng.uniform(0.05, 0.22))
        shade, spread = float(rng.uniform(0.2, 0.6)), float(rng.uniform(0.01, 0.08))
        return Light(sun=sun, shade=shade, spread=spread, colour=(1 - warm, 1.0, 1 + warm))
    if kind == "overcast":
        cold = float(rng.uniform(-0.02, 0.06))
        return Light(shade=float(rng.uniform(0.25, 0.6)), colour=(1 + cold, 1.0, 1 - cold))
    high = float(rng.uniform(4.0, 8.0) if kind == NIGHT else rng.uniform(2.8, 4.0))
    pitch = float(rng.uniform(8, 18) if kind == NIGHT else rng.uniform(3, 6))
    side = float(rng.uniform(0.3, 1.4) * way.half) if kind == NIGHT else 0.0
    first = float(rng.uniform(0, pitch))
    places = [way.point(first + pitch * i, side if i % 2 else -side) for i in range(-3, 3)]
    warm = float(rng.uniform(-0.05, 0.3) if kind == NIGHT else rng.uniform(-0.06, 0.12))
    return Light(
        kind=kind,
        shade=float(rng.uniform(0.3, 0.7) if kind == NIGHT else rng.uniform(0.2, 0.5)),
        ambient=float(rng.uniform(0.12, 0.4) if kind == NIGHT else rng.uniform(0.75, 0.95)),
        lamps=tuple((x, y, high) for x, y in places),
        colour=(1 - warm, 1.0, 1 + 0.6 * warm),
    )


@dataclass(frozen=True)
class Look:
    """The appearance of a scene, the same in all of its clips."""

    light: Light = field(default_factory=Light)  # sun, sky, lamps or ceiling
    weather: Weather = field(default_factory=Weather)  # fog, haze and rain
    level: float = 150.0  # brightness of the ground by full light, 0 to 255
    clothes: float = 0.0  # brightness of people's clothes in [-1, 1]


def sample_look(rng: np.random.Generator, camera: Camera, way: Road, road: Road | None = None) -> Look:
    """Draws a scene's appearance: dark clothes on bright ground, bright ones on dark ground, or anything."""
    style = int(rng.choice(3, p=[0.45, 0.2, 0.35]))
    level, clothes = (
        (float(rng.uniform(130, 215)), float(rng.uniform(-1.0, -0.45))),
        (float(rng.uniform(35, 85)), float(rng.uniform(0.3, 1.0))),
        (float(rng.uniform(70, 190)), float(rng.uniform(-0.4, 0.4))),
    )[style]
    light = sample_light(rng, way, indoors=road is None)
    distance = float(np.hypot(way.centre[1], camera.elevation))
    weather = Weather() if light.kind == "indoor" else sample_weather(rng, distance, light.ambient)
    return Look(light=light, weather=weather, level=level, clothes=clothes)
