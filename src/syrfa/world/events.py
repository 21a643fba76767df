"""The events by name. A builder puts one event on a stage and returns its actors.

NORMAL events happen in every clip, ROAD events in those that have a road: there they are normal too, for it is the
event that is abnormal and never the kind of object. The builder of a ROAD event returns no actors where there is no
road, or no room on it. SOURCE events are the abnormal ones of the generated source; TARGET events are
abnormal too, and of kinds that the source never shows.
"""

from collections.abc import Callable

from syrfa.world import carrying, groups, intrusions, novelties, ordinary, traffic
from syrfa.world.actors import Actor
from syrfa.world.stage import Stage

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
    "parked": traffic.parked,
    "cycling_on_road": traffic.cycling_on_road,
    "scooting_on_road": traffic.scooting_on_road,
    "crossing": traffic.crossing,
}
SOURCE: dict[str, Builder] = {
    "cycling": intrusions.cycling,
    "running": intrusions.running,
    "skateboarding": intrusions.skateboarding,
    "driving": intrusions.driving,
    "falling": intrusions.falling,
    "fighting": intrusions.fighting,
}
TARGET: dict[str, Builder] = {
    "kick_scooting": novelties.kick_scooting,
    "inline_skating": novelties.inline_skating,
    "wheelchair": novelties.wheelchair_riding,
    "crawling": novelties.crawling,
    "jumping": novelties.jumping,
    "trolley": novelties.trolley_pushing,
    "motor_scooting": novelties.motor_scooting,
}
EVENTS: dict[str, Builder] = {**NORMAL, **SOURCE, **TARGET}
