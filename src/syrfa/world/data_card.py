"""`DATA_CARD.md`, which a generated world carries: what it is, how it was made, what it is for and what it is not."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import jinja2

from syrfa.world.presets import WorldPreset

FILE = "DATA_CARD.md"

World = Mapping[str, Any]


def data_card(world: World, preset: WorldPreset) -> str:
    """The card as Markdown of a world, given as the content of its world.json, made from `preset`."""
    environment = jinja2.Environment(loader=jinja2.PackageLoader(__package__), keep_trailing_newline=True)
    card = environment.get_template("data_card.md")
    return card.render(world=world, preset=preset, types=abnormal_types(world, preset))


def abnormal_types(world: World, preset: WorldPreset) -> str:
    """Which splits share types of abnormal events; disjoint ones are an open-set test."""
    shown = {
        split: sorted(set(preset.events[split]) & set(part["events"]))
        for split, part in world["splits"].items()
        if preset.events.get(split)
    }
    if len(shown) < 2:
        only = "".join(f"only split {split} has abnormal events: {', '.join(names)}" for split, names in shown.items())
        return f"Abnormal types: {only or 'no split has abnormal events'}."
    shared = [(a, b, sorted(set(shown[a]) & set(shown[b]))) for a, b in combinations(shown, 2)]
    if common := "; ".join(f"{a} and {b} share {', '.join(names)}" for a, b, names in shared if names):
        return f"Abnormal types are not disjoint: {common}."
    by_luck = any(set(preset.events[a]) & set(preset.events[b]) for a, b in combinations(shown, 2))
    way = "as drawn, though the preset lets them meet" if by_luck else "what is tested was never trained on"
    return f"Abnormal types are disjoint between {', '.join(shown)}: {way}."
