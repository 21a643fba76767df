"""Named worlds: how many clips, of what size, with whom."""

from dataclasses import dataclass, field, replace

from syrfa.errors import ConfigError
from syrfa.world.events.kinds import TARGET, TEST, TRAIN, VALIDATION

VERSION = 3  # raised whenever the same preset and seed give other pixels than before

_EVENTS: dict[str, tuple[str, ...]] = {
    # what walkways see most is drawn more often
    "train": (
        *TRAIN,
        *("cycling", "driving", "running", "skateboarding") * 3,
        *("cycling", "cycling", "car_on_walkway", "falling", "fighting"),
    ),
    "validation": tuple(VALIDATION),
    "test": tuple(TEST),
}


@dataclass(frozen=True)
class WorldPreset:
    """Everything but the seed that decides a generated world."""

    name: str  # of the preset
    clips: dict[str, tuple[int, int]]  # split -> (normal clips, abnormal clips)
    layout: str = "ubnormal"  # `ubnormal` (videos, id masks, tracks) or `ucsd` (image folders, binary masks, boxes)
    # split -> names of the abnormal events its clips may show; one that stands twice is drawn twice as often
    events: dict[str, tuple[str, ...]] = field(default_factory=lambda: _EVENTS)
    sizes: tuple[tuple[int, int], ...] = ((320, 240),)  # frame sizes (width, height) in pixels; a scene draws one
    frames: tuple[int, int] = (60, 80)  # shortest and longest clip, in frames
    fps: tuple[float, float] = (8.0, 32.0)  # slowest and fastest frame rate, in frames a second of world time
    person: tuple[float, float] = (20.0, 70.0)  # range of the height in pixels of a person in the middle of the walkway
    crowd: tuple[int, int] = (4, 9)  # fewest and most normal events in a normal clip
    crowd_beside: tuple[int, int] = (2, 5)  # the same in an abnormal clip
    intruders: tuple[int, int] = (2, 4)  # fewest and most abnormal events in an abnormal clip
    scenes: int = 12  # number of places; clips take turns
    roads: float = 0.0  # probability that a scene has a road, beside its walkway or across it
    traffic: tuple[int, int] = (1, 4)  # fewest and most normal events on a road, where there is one
    # shares of the clip between which abnormal behaviour begins; None for any time
    onset: tuple[float, float] | None = None
    noise: tuple[float, float] = (0.5, 4.0)  # range of the sensor noise's deviation in grey levels
    side_view: float = 0.6  # probability that a scene's walkway runs across the view
    grey: bool = True  # one channel instead of three
    steady: bool = False  # all clips of a scene share one sensor, as those of a fixed camera do


_TARGET_TINY = WorldPreset(
    name="target-tiny",
    layout="ucsd",
    clips={"train": (2, 0), "test": (0, 2)},
    events={"train": (), "test": tuple(TARGET)},
    sizes=((160, 120),),
    frames=(24, 30),
    fps=(14.0, 18.0),
    person=(24.0, 30.0),
    crowd=(3, 4),
    crowd_beside=(3, 4),
    intruders=(1, 1),
    scenes=1,
    onset=(0.3, 0.6),
    side_view=1.0,
    steady=True,
)
_STANDARD = WorldPreset(
    name="standard",
    clips={"train": (60, 100), "validation": (8, 10), "test": (6, 8)},
    sizes=((360, 240), (360, 240), (480, 320), (640, 360)),
    frames=(80, 110),
    person=(18.0, 120.0),
    crowd=(5, 12),
    crowd_beside=(2, 4),
    intruders=(2, 6),
    scenes=96,
    roads=0.12,
    traffic=(1, 3),
)

PRESETS: dict[str, WorldPreset] = {
    preset.name: preset
    for preset in (
        WorldPreset(
            name="tiny",
            clips={"train": (1, 2), "validation": (1, 1), "test": (1, 1)},
            sizes=((160, 120),),
            frames=(24, 30),
            person=(24.0, 40.0),
            crowd=(3, 4),
            crowd_beside=(2, 3),
            intruders=(1, 2),
            scenes=3,
        ),
        _TARGET_TINY,
        WorldPreset(
            name="demo-source",
            clips={"train": (13, 29), "validation": (3, 4), "test": (3, 4)},
            scenes=26,
            roads=0.3,
            traffic=(1, 3),
        ),
        replace(
            _TARGET_TINY,
            name="demo-target",
            clips={"train": (6, 0), "test": (2, 10)},
            sizes=((360, 240),),
            frames=(80, 100),
            fps=(18.0, 22.0),
            person=(34.0, 34.0),
            crowd=(6, 11),
            crowd_beside=(6, 11),
            onset=(0.2, 0.65),
            noise=(4.0, 7.0),
        ),
        _STANDARD,
        replace(
            _STANDARD,
            name="transfer",  # at the rate of tubes in time (`spec.interval` 0.1), and a little around it
            clips={"train": (100, 170), "validation": (8, 10), "test": (2, 2)},
            frames=(56, 80),
            fps=(9.0, 12.0),
            scenes=140,
            roads=0.15,
        ),
        WorldPreset(
            name="full",  # 543 clips of 436 frames on average in 29 places with four faces each
            clips={"train": (100, 168), "validation": (24, 40), "test": (79, 132)},
            sizes=((360, 240), (480, 320), (640, 360)),
            frames=(380, 492),
            person=(15.0, 200.0),
            crowd=(10, 24),
            crowd_beside=(3, 8),
            intruders=(5, 14),
            scenes=4 * 29,
            roads=0.3,
            traffic=(3, 9),
        ),
    )
}


def find_preset(name: str) -> WorldPreset:
    """The preset of that name, or a ConfigError."""
    if name not in PRESETS:
        raise ConfigError(f"preset '{name}': there is none of that name; choose one of {', '.join(PRESETS)}")
    return PRESETS[name]
