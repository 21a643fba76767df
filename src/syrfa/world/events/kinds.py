"""The events by name. A builder puts one event on a stage and returns its actors.

NORMAL events happen in every clip, ROAD events, which are normal there, in those that have a road; their builders
return no actors where there is no room on it. TRAIN, VALIDATION and TEST are the abnormal events of the splits of a
generated source, TARGET those of a generated target. No event of TRAIN is in another split: anomalies are an open set.
"""

from collections.abc import Callable
from functools import partial
from types import ModuleType

from syrfa.world.events import belongings, driving, falls, fights, fire, groups, ordinary, riders, traffic, walkers
from syrfa.world.events.casting import FROM_CROSSING
from syrfa.world.events.scenario import Stage
from syrfa.world.people.actors import Actor

Builder = Callable[[Stage], list[Actor]]


def _of(module: ModuleType, names: str) -> dict[str, Builder]:
    return {name: getattr(module, name) for name in names.split()}


NORMAL: dict[str, Builder] = {
    **_of(ordinary, "walk enter hurry elder child turn_round halt stand telephone sit"),
    **_of(groups, "group family cluster talk meet queue"),
    **_of(ordinary, "shelter luggage"),
    "pram": ordinary.pram_pushing,
    "dog": ordinary.dog_walking,
}
ROAD: dict[str, Builder] = {
    **{name: partial(traffic.motor, event=name) for name in traffic.MOTOR},
    **_of(traffic, "cycling_on_road scooting_on_road crossing"),
}
TRAIN: dict[str, Builder] = {
    **_of(riders, "cycling skateboarding"),
    **_of(driving, "driving car_on_walkway accident"),
    **_of(walkers, "running chasing panic"),
    **_of(falls, "falling sleeping"),
    **_of(fights, "fighting throwing"),
    "dancing": walkers.dancing,
    "fire": fire.fire,
}
VALIDATION: dict[str, Builder] = {
    "stealing": belongings.stealing,
    **_of(walkers, "shuffling rotating"),
    "collapsing": falls.collapsing,
    "smoke": fire.smoke,
    "kick_scooting": riders.kick_scooting,
    "loitering": walkers.loitering,
}
TEST: dict[str, Builder] = {
    **_of(walkers, "walking_injured walking_drunk"),
    "lying": falls.lying,
    "jaywalking": walkers.jaywalking,
    "hit_by_car": driving.hit_by_car,
    **_of(riders, "motor_scooting inline_skating"),
    "abandoned_bag": belongings.abandoned_bag,
    "wrong_way": walkers.wrong_way,
}
TARGET: dict[str, Builder] = {
    **_of(riders, "kick_scooting inline_skating"),
    "wheelchair": riders.wheelchair_riding,
    **_of(walkers, "crawling jumping"),
    "trolley": driving.trolley_pushing,
    "motor_scooting": riders.motor_scooting,
}
ABNORMAL: dict[str, Builder] = {**TRAIN, **VALIDATION, **TEST, **TARGET}
EVENTS: dict[str, Builder] = {**NORMAL, **ABNORMAL}

NEEDS_ROAD = frozenset({"jaywalking", "hit_by_car"})


def possible(names: tuple[str, ...], stage: Stage) -> tuple[str, ...]:
    """Those of the named events that this stage can show: some need a road, away from its crossing."""
    road = len(stage.unmarked(FROM_CROSSING)) > 0
    return tuple(name for name in names if road or name not in NEEDS_ROAD)
