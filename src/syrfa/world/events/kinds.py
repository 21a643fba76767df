"""The events by name. A builder puts one event on a stage and returns its actors.

NORMAL events happen in every clip, ROAD events in those that have a road: there they are normal too, for it is the
event that is abnormal and never the kind of object. The builder of a ROAD event returns no actors where there is no
road, or no room on it. TRAIN, VALIDATION and TEST hold the abnormal events of the splits of a generated source, TARGET
those of a generated target. No event of TRAIN is in another split: the set of anomalies is open. The reasons for the
split are in `docs/events.md`.
"""

from collections.abc import Callable

from syrfa.world.events import (
    accidents,
    belongings,
    carrying,
    crossings,
    driving,
    falls,
    fights,
    fire,
    groups,
    ordinary,
    riders,
    runners,
    traffic,
    walkers,
)
from syrfa.world.events.placement import FROM_CROSSING
from syrfa.world.events.stage import Stage
from syrfa.world.people.actors import Actor

Builder = Callable[[Stage], list[Actor]]

NORMAL: dict[str, Builder] = {
    "walk": ordinary.walk,
    "enter": ordinary.enter,
    "hurry": ordinary.hurry,
    "elder": ordinary.elder,
    "child": ordinary.child,
    "turn_round": ordinary.turn_round,
    "halt": ordinary.halt,
    "stand": ordinary.stand,
    "telephone": ordinary.telephone,
    "sit": ordinary.sit,
    "group": groups.group,
    "family": groups.family,
    "cluster": groups.cluster,
    "talk": groups.talk,
    "meet": groups.meet,
    "queue": groups.queue,
    "shelter": carrying.shelter,
    "luggage": carrying.luggage,
    "pram": carrying.pram_pushing,
    "dog": carrying.dog_walking,
}
ROAD: dict[str, Builder] = {
    "car": traffic.driving_car,
    "van": traffic.driving_van,
    "giving_way": traffic.giving_way,
    "parked": traffic.parked,
    "cycling_on_road": traffic.cycling_on_road,
    "scooting_on_road": traffic.scooting_on_road,
    "crossing": traffic.crossing,
}
TRAIN: dict[str, Builder] = {
    "cycling": riders.cycling,
    "skateboarding": riders.skateboarding,
    "driving": driving.driving,
    "car_on_walkway": driving.car_on_walkway,
    "accident": accidents.accident,
    "running": runners.running,
    "chasing": runners.chasing,
    "panic": runners.panic,
    "falling": falls.falling,
    "sleeping": falls.sleeping,
    "fighting": fights.fighting,
    "throwing": fights.throwing,
    "dancing": walkers.dancing,
    "fire": fire.fire,
}
VALIDATION: dict[str, Builder] = {
    "stealing": belongings.stealing,
    "shuffling": walkers.shuffling,
    "rotating": walkers.rotating,
    "collapsing": falls.collapsing,
    "smoke": fire.smoke,
    "kick_scooting": riders.kick_scooting,
    "loitering": crossings.loitering,
}
TEST: dict[str, Builder] = {
    "walking_injured": walkers.walking_injured,
    "walking_drunk": walkers.walking_drunk,
    "lying": falls.lying,
    "jaywalking": crossings.jaywalking,
    "hit_by_car": accidents.hit_by_car,
    "motor_scooting": riders.motor_scooting,
    "inline_skating": riders.inline_skating,
    "abandoned_bag": belongings.abandoned_bag,
    "wrong_way": crossings.wrong_way,
}
TARGET: dict[str, Builder] = {
    "kick_scooting": riders.kick_scooting,
    "inline_skating": riders.inline_skating,
    "wheelchair": riders.wheelchair_riding,
    "crawling": walkers.crawling,
    "jumping": walkers.jumping,
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
