"""`DATA_CARD.md`, which a generated world carries: what it is, how it was made, what it is for and what it is not."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from syrfa.world.presets import WorldPreset

FILE = "DATA_CARD.md"

World = Mapping[str, Any]

_LICENCE = """\
CC0-1.0 (<https://creativecommons.org/publicdomain/zero/1.0/>): frames, masks, labels and boxes of this world are
dedicated to the public domain. The program that made them has a licence of its own, Apache-2.0."""
_HOW = """\
Everything is computed: people are jointed bodies of solid parts under an animated gait, seen by a pinhole camera
over a ground plane, with light, shadow, sensor noise and blur. No photograph, scan, motion capture, texture file or
trained network enters. Each clip draws its scene, light, people and events from generators seeded by the world's
seed and the clip's number, so the command above gives the same files again. Labels follow from the scene and are not
annotated by hand: an object is abnormal while its event lasts, a frame is when such an object is seen in it."""
_USE = """\
- For: training and testing detectors of unusual behaviour where no labelled footage can be had, and research into the
  step from synthetic to real video. Judge a model on real footage: scores on generated clips do not follow it.
- Not for: recognising or re-identifying anybody, counting people by group, or deciding about a person."""
_LIMITS = """\
- Every person is synthetic; nobody is depicted and there is no identity to protect or to find.
- Proportions, build, clothes and skin tones are drawn from plain ranges, not from a census: no population is
  represented, and equal error rates between groups of people cannot be concluded from this data.
- "Abnormal" means one of the events listed here, in a place where the program does not expect it: a convention of
  this data, and no judgement on wheelchairs, skates or whoever uses them.
- Bodies are simpler than people, and how they move and gather follows no one place's customs.
- Frame rate and viewpoint are drawn at random, wider than any one camera's."""


def data_card(world: World, preset: WorldPreset) -> str:
    """The card as Markdown of a world, given as the content of its world.json, made from `preset`."""
    option = "" if world["grey"] == preset.grey else f" --grey {str(world['grey']).lower()}"
    command = f"syrfa generate --preset {world['preset']} --seed {world['seed']}{option} --out FOLDER"
    parts = [
        f"# Generated world `{world['preset']}`",
        "Rendered video of people in public places, with labels of unusual events, to train and test video anomaly\n"
        "detectors. No real person, place or recording is in it.",
        _table(("", ""), _facts(world, preset)),
        f"Made by\n\n    {command}",
        "## Splits",
        _table(("split", "clips", "frames", "abnormal frames", "seconds", "frames a second"), _splits(world)),
        "Events, and how many actors of each:",
        "\n".join(
            f"- {split}: {', '.join(f'{name} {number}' for name, number in part['events'].items()) or 'none'}"
            for split, part in world["splits"].items()
        ),
        abnormal_types(world, preset),
        "## How it was made\n\n" + _HOW,
        "## Use\n\n" + _USE,
        "## Limits\n\n" + _LIMITS,
        "## Licence\n\n" + _LICENCE,
        "## Citation\n\nCite the software by its CITATION.cff, and name preset, seed and version: "
        f"`{world['preset']}`, {world['seed']}, {world['version']}.",
        "## Files\n\n`world.json` holds the same numbers for programs. What is read is decided by these files:",
        _table(("file", "SHA-256"), sorted(world["sha256"].items())),
    ]
    return "\n\n".join(parts) + "\n"


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


def _facts(world: World, preset: WorldPreset) -> list[tuple[str, str]]:
    sizes = ", ".join(f"{width}x{height}" for width, height in sorted(set(preset.sizes)))
    layout = "UBnormal (`syrfa.datasets.UBnormal`)" if world["layout"] == "ubnormal" else "UCSD Ped2 (`UCSDPed2`)"
    return [
        ("preset, seed, generator version", f"{world['preset']}, {world['seed']}, {world['version']}"),
        ("settings, SHA-256", str(world["settings"])),
        ("layout", layout),
        ("resolutions in pixels", sizes),
        ("channels", "1 (grey)" if world["grey"] else "3 (colour)"),
        ("scenes", str(preset.scenes)),
        ("height of a person in the middle of the walkway", f"{preset.person[0]:g} to {preset.person[1]:g} pixels"),
        ("frame rates the preset draws from", f"{preset.fps[0]:g} to {preset.fps[1]:g} frames a second"),
    ]


def _splits(world: World) -> list[tuple[str, ...]]:
    rows = []
    for split, part in world["splits"].items():
        low, high = part["fps"] or (0.0, 0.0)
        numbers = [f"{part[key]:,}" for key in ("clips", "frames", "abnormal_frames")]
        rows.append((split, *numbers, f"{part['seconds']:,.1f}", f"{low:g} to {high:g}" if part["fps"] else "-"))
    return rows


def _table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [columns, ("---",) * len(columns), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
