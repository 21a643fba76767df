"""Fire and smoke: soft puffs that rise, drift, and thin out."""

from dataclasses import dataclass

import numpy as np

from syrfa.world.events.casting import begin, off_road_spot
from syrfa.world.events.scenario import Stage
from syrfa.world.events.trajectory import standing
from syrfa.world.people.actors import Actor
from syrfa.world.people.shapes import Colour, Puff, Shapes, cuboid, rods
from syrfa.world.scene.camera import Points

_GROWING = 2.0  # seconds from the first sign to full strength


@dataclass
class Plume:
    """Puffs that leave a source one after the other."""

    rng: np.random.Generator
    count: int  # puffs in the air at a time
    life: float  # seconds from birth to end
    rise: float  # upward speed in m/s
    wind: Points  # (2,), drift in m/s, local axes
    spread: float  # radius of the source in metres
    size: tuple[float, float]  # radius of a puff in metres, at birth and at its end

    def __post_init__(self) -> None:
        """Draws what each puff has of its own."""
        rng, count = self.rng, self.count
        self._born = (np.arange(count) + rng.uniform(0, 0.8, count)) / count * self.life
        self._place = self.spread * rng.normal(0, 0.5, (count, 2))
        self._vigour = rng.uniform(0.75, 1.25, (count, 7))
        self._phase = rng.uniform(0, 2 * np.pi, count)

    def puffs(
        self, seconds: float, strength: float, opacity: float, colours: tuple[Colour, Colour], owner: int, base: float
    ) -> list[Puff]:
        """The puffs, `base` metres up; `strength` 0 to 1 scales all, `colours` are at birth and end."""
        rounds, age = np.divmod(seconds + self._born, self.life)
        # every puff is a little different each time round
        vigour = np.take_along_axis(self._vigour, (rounds.astype(int) % 7)[:, None], axis=1)[:, 0]
        share, place = age / self.life, self._place * np.where(rounds % 2 > 0, -1.0, 1.0)[:, None]
        (small, large), (east_wind, north_wind) = self.size, self.wind
        sway = (0.1 + 0.25 * share) * large
        east = place[:, 0] * (1 - 0.4 * share) + east_wind * age + sway * np.sin(2.1 * seconds + self._phase)
        north = place[:, 1] * (1 - 0.4 * share) + north_wind * age + sway * np.cos(1.7 * seconds + self._phase)
        radii = vigour * (small + (large - small) * share)
        young, old = np.array(colours[0]), np.array(colours[1])
        dense = opacity * min(strength, 1.0) ** 0.5 * np.minimum(share / 0.08, 1.0) * (1 - share) ** 0.8
        tones = young + (old - young) * share[:, None]
        scale = 0.25 + 0.75 * strength
        centres = np.stack([east, north, 0.05 + vigour * self.rise * age], axis=1) * scale + np.array([0.0, 0.0, base])
        return [
            Puff(centre, float(radius * scale), (float(b), float(g), float(r)), float(alpha), owner)
            for centre, radius, (b, g, r), alpha in zip(centres, radii, tones, dense, strict=True)
            if alpha > 0.02
        ]


def fire(stage: Stage) -> list[Actor]:
    """Something on the ground burns, with flames of 0.8 to 2 m and a little smoke; abnormal while it does."""
    rng, onset, owner = stage.rng, begin(stage), next(stage.ids)
    high, wide = float(rng.uniform(0.8, 2.0)), float(rng.uniform(0.3, 0.6))
    wind, life = rng.normal(0, 0.25, 2), float(rng.uniform(0.5, 0.8))
    flames = Plume(rng, 26, life, high / life, wind, 0.7 * wide, (0.85 * wide, 0.25 * wide))
    cores = Plume(rng, 12, 0.6 * life, 0.9 * high / life, wind, 0.5 * wide, (0.55 * wide, 0.15 * wide))
    fumes = Plume(rng, 12, 2.2, 1.2, 2 * wind, wide, (0.3 * high, 0.8 * high))
    fuel, base = _fuel(owner, wide, rng)
    tone = float(rng.uniform(30, 110))
    soot = (tone, tone, tone)
    growing, flicker = _growth(stage, onset), rng.uniform(0, 2 * np.pi, 3)

    def local(frame: int) -> Shapes:
        strength, seconds = float(growing[frame]), frame / stage.fps
        if strength == 0.0:
            return fuel
        burning = strength * (1 + 0.12 * float(np.sin(np.array([11.0, 17.0, 29.0]) * seconds + flicker).mean()))
        puffs = fumes.puffs(seconds, strength, 0.3, (soot, soot), owner, 0.6 * high + base)
        puffs += flames.puffs(seconds, burning, 0.8, ((30.0, 120.0, 250.0), (20.0, 40.0, 200.0)), owner, base)
        puffs += cores.puffs(seconds, burning, 0.9, ((190.0, 245.0, 255.0), (60.0, 190.0, 255.0)), owner, base)
        return fuel + Shapes(puffs=puffs)

    course = stage.take(standing(stage.frames, off_road_spot(stage), 0.0))
    return [Actor("fire", course, local, (owner,), (onset, stage.frames - 1), 1.5)]


def _growth(stage: Stage, onset: int) -> Points:
    """Strength (frames,) from 0 to 1; what is there from the first frame on is there in full."""
    if onset == 0:
        return np.ones(stage.frames)
    return np.clip((np.arange(stage.frames) - onset + 1) / (_GROWING * stage.fps), 0.0, 1.0)


def _fuel(owner: int, wide: float, rng: np.random.Generator) -> tuple[Shapes, float]:
    """A litter bin, or a heap of charred wood, and the height at which it burns."""
    if rng.random() < 0.4:
        size = (1.2 * wide, 1.2 * wide, 0.6)
        return cuboid((0.0, 0.0, 0.0), size, (45.0, 50.0, 48.0), owner), 0.5
    ends = rng.uniform(-1, 1, (5, 2, 2)) * wide
    logs = [(np.array([*a, 0.05]), np.array([*b, 0.12]), 0.06) for a, b in ends]
    return rods(logs, (20.0, 22.0, 26.0), owner), 0.0


def smoke(stage: Stage) -> list[Actor]:
    """Smoke that rises 2 to 5 m from the ground and drifts away, without a flame; abnormal while it does."""
    rng, onset, owner = stage.rng, begin(stage), next(stage.ids)
    life, rise = float(rng.uniform(2.5, 4.5)), float(rng.uniform(0.7, 1.3))
    wind = rng.normal(0, 0.45, 2)
    spread, grown = float(rng.uniform(0.15, 0.6)), float(rng.uniform(0.6, 1.2))
    plume = Plume(rng, 34, life, rise, wind, spread, (0.6 * spread + 0.1, grown))
    # mostly dark over bright ground and light over dark ground: smoke that looks like the ground is not seen
    dark = rng.random() < (0.9 if float(stage.scene.background.mean()) > 115 else 0.15)
    tone = float(rng.uniform(35, 90) if dark else rng.uniform(190, 240))
    shade = (tone * 1.02, tone, tone * 0.98)
    dense, growing = float(rng.uniform(0.45, 0.7)), _growth(stage, onset)

    def local(frame: int) -> Shapes:
        strength = float(growing[frame])
        if strength == 0.0:
            return Shapes()
        return Shapes(puffs=plume.puffs(frame / stage.fps, strength, dense, (shade, shade), owner, 0.0))

    course = stage.take(standing(stage.frames, off_road_spot(stage), 0.0))
    return [Actor("smoke", course, local, (owner,), (onset, stage.frames - 1), 3.0)]
