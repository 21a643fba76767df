"""The data card of a generated world."""

import hashlib
import json
import re
from dataclasses import replace

import pytest

from syrfa.__main__ import main
from syrfa.world import PRESETS, generate_world
from syrfa.world.data_card import FILE, abnormal_types, data_card


@pytest.fixture
def world_in():
    def build(root, preset, seed=0):
        generate_world(root, preset, seed, preset.grey, 1)
        return json.loads((root / "world.json").read_text()), (root / FILE).read_text()

    return build


def part(**events):
    rest = {"clips": 1, "frames": 40, "abnormal_frames": 9, "seconds": 2.0, "fps": [20.0, 20.0]}
    return {**rest, "events": events}


def cells(card, first):
    """The other cells of the row of a table that begins with `first`."""
    (row,) = [line for line in card.splitlines() if line.startswith(f"| {first} |")]
    return [cell.strip() for cell in row.strip("|").split("|")[1:]]


def test_the_card_says_what_world_json_says(tmp_path, small_source, world_in):
    world, card = world_in(tmp_path, small_source, seed=4)
    assert cells(card, "preset, seed, generator version") == [f"small-source, 4, {world['version']}"]
    assert cells(card, "resolutions in pixels") == ["160x120"]
    assert cells(card, "height of a person in the middle of the walkway") == ["24 to 40 pixels"]
    for split, found in world["splits"].items():
        clips, frames, abnormal, seconds, _ = cells(card, split)
        assert (int(clips), int(frames), int(abnormal)) == (
            found["clips"], found["frames"], found["abnormal_frames"],
        )  # fmt: skip
        assert float(seconds) == found["seconds"]
    assert "CC0-1.0" in card
    assert "no identity" in card
    assert "skin tones" in card
    assert "syrfa generate --preset small-source --seed 4 --out" in card


def test_seconds_and_rates_of_a_split(tmp_path, small_source, world_in):
    world, _ = world_in(tmp_path, small_source)
    train, validation = world["splits"]["train"], world["splits"]["validation"]
    low, high = train["fps"]
    assert 8 <= low <= high <= 32
    assert train["frames"] / high - 0.1 <= train["seconds"] <= train["frames"] / low + 0.1
    assert (validation["clips"], validation["seconds"], validation["fps"]) == (0, 0, None)


def test_hashes_are_those_of_the_files(tmp_path, small_target, world_in):
    world, card = world_in(tmp_path, small_target)
    listed = re.findall(r"^\| (\S+) \| ([0-9a-f]{64}) \|$", card, re.MULTILINE)
    assert dict(listed) == world["sha256"]
    assert len(listed) == 3
    for name, value in listed:
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == value


def test_equal_worlds_have_equal_cards(tmp_path, small_source, world_in):
    assert world_in(tmp_path / "one", small_source) == world_in(tmp_path / "two", small_source)
    assert world_in(tmp_path / "one", small_source)[1] != world_in(tmp_path / "three", small_source, seed=1)[1]


def test_disjoint_types_are_said_to_be():
    preset = replace(
        PRESETS["tiny"], events={"train": ("running", "driving"), "validation": ("falling",), "test": ("fighting",)}
    )
    splits = {"train": part(running=1, walk=3, driving=1), "validation": part(falling=1, walk=1), "test": part(walk=1)}
    assert "disjoint between train, validation, test: what is tested was never" in abnormal_types(
        {"splits": splits}, preset
    )


def test_shared_types_are_named():
    preset = replace(PRESETS["tiny"], events={"train": ("running", "driving"), "test": ("driving", "fighting")})
    splits = {"train": part(running=1, driving=1), "test": part(driving=2, fighting=1, walk=1)}
    assert abnormal_types({"splits": splits}, preset).endswith("not disjoint: train and test share driving.")
    splits["test"] = part(fighting=1)  # none was drawn
    assert "disjoint between train, test: as drawn" in abnormal_types({"splits": splits}, preset)


def test_a_world_with_one_abnormal_split():
    preset = PRESETS["demo-target"]
    assert "only split test" in abnormal_types({"splits": {"train": part(walk=1), "test": part(wheelchair=1)}}, preset)
    assert "no split" in abnormal_types({"splits": {"train": part(walk=1)}}, preset)


def test_colour_is_in_the_command_where_the_preset_is_grey(tmp_path, small_target, world_in):
    world, card = world_in(tmp_path, small_target)
    assert "--grey" not in card
    assert "--grey false" in data_card({**world, "grey": False}, small_target)


def test_generate_names_the_card_and_its_help_every_preset(tmp_path, small_source, monkeypatch, capsys):
    monkeypatch.setitem(PRESETS, "tiny", small_source)
    assert main(["generate", "--preset=tiny", f"--out={tmp_path / 'w'}", "--processes=1"]) == 0
    assert str(tmp_path / "w" / FILE) in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["generate", "--help"])
    words = " ".join(capsys.readouterr().out.split())
    assert all(name in words for name in PRESETS)
