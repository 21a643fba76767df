"""One clip: who is in it, its frames, and which ids are abnormal when."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syrfa.world.events.kinds import EVENTS, NORMAL, ROAD, Builder, possible
from syrfa.world.events.scenario import Stage
from syrfa.world.people.actors import Actor
from syrfa.world.presets import WorldPreset
from syrfa.world.scene.renderer import Renderer
from syrfa.world.scene.scene import sample_scene
from syrfa.world.scene.sensor import sample_sensor

MAX_ID = 255
_FULL = MAX_ID - 16  # a clip with this many ids takes nobody more: the largest event, a cluster, needs eight
_SCENES, _CLIPS, _SENSORS = 1, 2, 4

# how often the normal events occur, relative to each other; what is not named, once
_OFTEN = {
    **{"walk": 22.0, "enter": 6.0, "group": 9.0, "hurry": 3.0, "elder": 3.0, "stand": 3.0, "telephone": 3.0},
    **{"talk": 4.0, "family": 2.0, "luggage": 2.0, "pram": 2.0, "turn_round": 1.5, "cluster": 1.5, "queue": 0.6},
    **{"car": 6.0, "van": 2.0, "giving_way": 2.5, "parked": 2.0},
    **{"cycling_on_road": 4.0, "scooting_on_road": 2.0, "crossing": 3.0},
}


@dataclass(frozen=True)
class ClipPlan:
    """Which clip of a world to make."""

    index: int  # number of the clip in the world, from 0
    split: str  # train, validation or test
    abnormal: bool  # with abnormal events
    scene: int  # number of its scene, from 1
    scenario: int  # number of the clip among those of its scene and kind, from 1


def plan_clips(preset: WorldPreset) -> list[ClipPlan]:
    """All clips of a world, split by split; normal and abnormal ones take turns over the scenes."""
    plans: list[ClipPlan] = []
    seen: dict[tuple[int, bool], int] = {}
    for split, (normal, abnormal) in preset.clips.items():
        for flag in [False] * normal + [True] * abnormal:
            index = len(plans)
            scene = 1 + index % preset.scenes
            seen[scene, flag] = seen.get((scene, flag), 0) + 1
            plans.append(ClipPlan(index, split, flag, scene, seen[scene, flag]))
    return plans


class Clip:
    """A clip of the world of `preset` and `seed`, cast and ready to be rendered; `grey` in one channel."""

    def __init__(self, preset: WorldPreset, plan: ClipPlan, seed: int, grey: bool) -> None:
        self.plan, self.grey = plan, grey
        rng = np.random.default_rng(np.random.SeedSequence([seed, _SCENES, plan.scene]))
        width, height = preset.sizes[int(rng.integers(len(preset.sizes)))]
        self.scene = sample_scene(rng, width, height, preset.person, preset.side_view, preset.roads)
        rng = np.random.default_rng(np.random.SeedSequence([seed, _CLIPS, plan.index]))
        self.frames = int(rng.integers(preset.frames[0], preset.frames[1] + 1))
        # real footage is mostly 20 frames a second and faster; half of the clips stay there
        low = preset.fps[0] if rng.random() < 0.5 else 0.4 * preset.fps[0] + 0.6 * preset.fps[1]
        self.fps = float(rng.uniform(low, preset.fps[1]))
        self.stage = Stage(self.scene, self.fps, self.frames, rng, preset.onset)
        self.actors = _cast(preset, plan, self.stage)
        source = np.random.default_rng(np.random.SeedSequence([seed, _SENSORS, plan.scene])) if preset.steady else rng
        self.renderer = Renderer(self.scene, sample_sensor(source, preset.noise), grey, rng)

    def render(self, first: int = 0, end: int | None = None) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
        """Picture and id mask of the frames from `first` to before `end`, in order (see `Renderer.frame`)."""
        for number in range(first, self.frames if end is None else end):
            yield self.renderer.frame(self.actors, number)

    def abnormal_ids(self, number: int) -> list[int]:
        """The ids that are abnormal in a frame, visible or not."""
        actors = (a for a in self.actors if a.abnormal is not None and a.abnormal[0] <= number <= a.abnormal[1])
        return [owner for actor in actors for owner in actor.owners]

    def summary(self, name: str, labels: NDArray[np.bool_]) -> dict[str, Any]:
        """What a writer notes of the clip, as JSON; `labels` (frames,) are True where it is abnormal."""
        return {
            "name": name,
            "split": self.plan.split,
            "frames": self.frames,
            "abnormal_frames": int(labels.sum()),
            "fps": round(self.fps, 2),
            "events": sorted(actor.event for actor in self.actors),
        }


def _cast(preset: WorldPreset, plan: ClipPlan, stage: Stage) -> list[Actor]:
    """Abnormal events first, so that the crowd keeps clear of them; traffic last, so that it runs nobody over."""
    rng, actors = stage.rng, list[Actor]()
    if plan.abnormal:
        names = possible(preset.events[plan.split], stage)
        actors += EVENTS[names[plan.index % len(names)]](stage)  # by turns, so that every kind occurs
        for _ in range(int(rng.integers(preset.intruders[0], preset.intruders[1] + 1)) - 1):
            if _last_id(actors) < _FULL:
                actors += EVENTS[str(rng.choice(names))](stage)
    _add(stage, actors, NORMAL, preset.crowd_beside if plan.abnormal else preset.crowd)
    if stage.scene.road is not None:
        _add(stage, actors, ROAD, preset.traffic)
    assert _last_id(actors) <= MAX_ID
    return actors


def _last_id(actors: list[Actor]) -> int:
    return max((owner for actor in actors for owner in actor.owners), default=0)


def _add(stage: Stage, actors: list[Actor], events: dict[str, Builder], number: tuple[int, int]) -> None:
    """Adds between `number[0]` and `number[1]` of the events, as long as the mask has ids left."""
    weights = np.array([_OFTEN.get(name, 1.0) for name in events])
    for _ in range(int(stage.rng.integers(number[0], number[1] + 1))):
        if _last_id(actors) < _FULL:
            name = str(stage.rng.choice(list(events), p=weights / weights.sum()))
            actors += events[name](stage)
