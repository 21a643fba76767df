"""The events by name. A builder puts one event on a stage and returns its actors.

NORMAL events happen in every clip. SOURCE events are the abnormal ones of the generated source; TARGET events are
abnormal too, and of kinds that the source never shows.
"""

from collections.abc import Callable

from syrfa.world import intrusions, novelties, ordinary
from syrfa.world.actors import Actor
from syrfa.world.stage import Stage

Builder = Callable[[Stage], list[Actor]]

NORMAL: dict[str, Builder] = {
    "walk": ordinary.walk,
    "group": ordinary.group,
    "stand": ordinary.stand,
    "talk": ordinary.talk,
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
