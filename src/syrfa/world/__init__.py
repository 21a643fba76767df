"""The generated source: scenes, actors, events, renderer, and writers in the layouts of released data sets."""

from syrfa.world.generation import generate_world, identity, is_finished
from syrfa.world.presets import PRESETS, VERSION, WorldPreset, find_preset

__all__ = ["PRESETS", "VERSION", "WorldPreset", "find_preset", "generate_world", "identity", "is_finished"]
