"""Worlds on disk: their layouts, their card, their resumption. Two small ones are built once for all tests."""

import hashlib
import json
import re
from dataclasses import replace

import cv2
import numpy as np
import pytest

from syrfa.__main__ import main
from syrfa.errors import ConfigError
from syrfa.verbs.generate import generate, noisy_boxes
from syrfa.world import PRESETS, generate_world, is_finished, ubnormal_writer
from syrfa.world.clip import Clip, plan_clips
from syrfa.world.data_card import FILE, abnormal_types, data_card
from syrfa.world.ubnormal_writer import find_tracks, video_name
from syrfa.world.ucsd_writer import intervals


def build(root, preset, seed=0, processes=1):
    generate_world(root, preset, seed, preset.grey, noisy_boxes, processes)
    return root


def digest(root):
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def source(tmp_path_factory, small_source):
    return build(tmp_path_factory.mktemp("worlds") / "source", small_source)


@pytest.fixture(scope="module")
def target(tmp_path_factory, small_target):
    return build(tmp_path_factory.mktemp("worlds") / "target", small_target)


def frames_of(path):
    reader, frames = cv2.VideoCapture(str(path)), []
    while (read := reader.read())[0]:
        frames.append(read[1])
    return frames


def test_same_seed_same_bytes_for_any_number_of_processes(source, small_source, tmp_path):
    assert digest(build(tmp_path / "two", small_source, processes=2)) == digest(source)


def test_ubnormal_layout_is_complete(source, small_source):
    listed = {}
    for path in (source / "scripts").iterdir():
        kind, word = re.fullmatch(r"(normal|abnormal)_(training|validation|test)_video_names.txt", path.name).groups()
        for name in path.read_text().split():
            listed[name] = (kind, word)
    assert len(list((source / "scripts").iterdir())) == 6
    assert set(listed) == {video_name(plan) for plan in plan_clips(small_source)}
    for name, (kind, _) in listed.items():
        scene = re.fullmatch(rf"{kind}_scene_(\d+)_scenario_\d+", name)[1]
        movie = source / f"Scene{scene}" / f"{name}.mp4"
        notes = source / f"Scene{scene}" / f"{name}_annotations"
        frames = frames_of(movie)
        assert 10 <= len(frames) <= 12
        for number, frame in enumerate(frames):
            mask = cv2.imread(str(notes / f"{name}_{number:04d}_gt.png"), cv2.IMREAD_UNCHANGED)
            assert mask.dtype == np.uint8
            assert mask.shape == frame.shape[:2]
        assert len(list(notes.glob("*.png"))) == len(frames)
        assert (notes / f"{name}_tracks.txt").exists() == (kind == "abnormal")


def test_tracks_and_masks_agree(source):
    tracked = 0
    for path in source.rglob("*_tracks.txt"):
        for line in path.read_text().split():
            owner, start, end = map(int, line.split(","))
            masks = [cv2.imread(str(path.with_name(path.name.replace("tracks.txt", f"{n:04d}_gt.png"))), 0)
                     for n in range(start, end + 1)]  # fmt: skip
            present = [bool((mask == owner).any()) for mask in masks]
            assert present[0]
            assert present[-1]
            assert np.mean(present) > 0.7
            tracked += 1
    assert tracked >= 2


def test_the_video_shows_what_was_rendered(source, small_source):
    plan = plan_clips(small_source)[1]
    frames = frames_of(source / f"Scene{plan.scene}" / f"{video_name(plan)}.mp4")
    for (image, _), frame in zip(Clip(small_source, plan, 0, True).render(), frames, strict=True):
        assert np.abs(frame[..., 0].astype(float) - image).mean() < 6.0
        np.testing.assert_array_equal(frame[..., 0], frame[..., 2])  # grey stays grey


def test_ucsd_layout_is_complete(target):
    test = target / "UCSDped2" / "Test"
    spans = re.findall(r"TestVideoFile\{end\+1\}\.gt_frame = \[(.*)\];", (test / "UCSDped2.m").read_text())
    assert len(spans) == 2
    abnormal = 0
    for number, span in enumerate(spans, start=1):
        images = sorted((test / f"Test{number:03d}").iterdir())
        masks = sorted((test / f"Test{number:03d}_gt").iterdir())
        assert [path.name for path in images] == [f"{i + 1:03d}.tif" for i in range(len(images))]
        assert [path.stem for path in masks] == [path.stem for path in images]
        labels = np.zeros(len(images), bool)
        for start, end in re.findall(r"(\d+):(\d+)", span):
            labels[int(start) - 1 : int(end)] = True
        for path, label in zip(masks, labels, strict=True):
            mask = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
            assert mask.ndim == 2
            assert set(np.unique(mask)) <= {0, 255}
            assert bool(mask.any()) == label
        assert cv2.imread(str(images[0]), cv2.IMREAD_UNCHANGED).shape == (120, 160)
        assert labels.mean() < 1
        abnormal += int(labels.sum())
    assert abnormal > 10
    assert len(list((target / "UCSDped2" / "Train").iterdir())) == 1


def test_boxes_are_those_of_a_detector(target):
    for split, clips in (("train", 1), ("test", 2)):
        with np.load(target / "detections" / f"{split}.npz") as found:
            assert found["boxes"].dtype == np.float32
            assert found["boxes"].shape == (len(found["video"]), 5)
            assert len(found["names"]) == len(found["frames_per_video"]) == clips
            assert found["frame"].max() < found["frames_per_video"].max()
            assert (found["boxes"][:, 2:4] > found["boxes"][:, :2]).all()
            assert found["names"][0] == f"{split.title()}001"


class Killed(BaseException):
    """Stands for the end of the process."""


def test_a_killed_run_is_resumed(source, small_source, tmp_path, monkeypatch):
    root, write, made = tmp_path / "resumed", ubnormal_writer.write_clip, []

    def fails_at_the_second(folder, preset, plan, *settings):
        if made:
            (folder / "Scene1" / f".{video_name(plan)}_annotations.1.tmp").mkdir(parents=True)
            raise Killed
        made.append(plan.index)
        return write(folder, preset, plan, *settings)

    monkeypatch.setattr(ubnormal_writer, "write_clip", fails_at_the_second)
    with pytest.raises(Killed):
        build(root, small_source)
    assert not (root / "world.json").exists()
    assert not is_finished(root, small_source, 0, True)

    def notes(folder, preset, plan, *settings):
        made.append(plan.index)
        return write(folder, preset, plan, *settings)

    monkeypatch.setattr(ubnormal_writer, "write_clip", notes)
    build(root, small_source)
    assert made == [0, 1, 2]  # the first clip was not made again
    assert digest(root) == digest(source)


def test_a_finished_world_is_left_alone(source, tmp_path, capsys, monkeypatch, small_source):
    monkeypatch.setitem(PRESETS, "tiny", small_source)
    assert main(["generate", "--preset=tiny", f"--out={tmp_path / 'w'}", "--processes=1"]) == 0
    assert str(tmp_path / "w" / FILE) in capsys.readouterr().out
    assert digest(tmp_path / "w") == digest(source)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "w").rglob("*")}
    generate("tiny", tmp_path / "w", processes=1)
    assert "nothing to do" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "w").rglob("*")} == before
    with pytest.raises(ConfigError, match="another world"):
        generate("tiny", tmp_path / "w", seed=1, processes=1)
    generate("tiny", tmp_path / "w", seed=1, processes=1, overwrite=True)
    assert is_finished(tmp_path / "w", small_source, 1, True)
    other = digest(tmp_path / "w")
    assert not [name for name, value in digest(source).items() if other.get(name) == value and name.endswith(".mp4")]
    assert other[FILE] != digest(source)[FILE]


def test_foreign_files_are_never_overwritten(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ConfigError, match="no generated world"):
        generate("tiny", tmp_path, overwrite=True)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


@pytest.mark.parametrize("wrong", [{"preset": "tinny"}, {"seed": -1}, {"processes": 0}])
def test_wrong_settings_are_refused(tmp_path, wrong):
    with pytest.raises(ConfigError):
        generate(**{"preset": "tiny", "out": tmp_path / "w", **wrong})
    assert not (tmp_path / "w").exists()


def test_tracks_bridge_short_gaps_only():
    seen = np.zeros(40, bool)
    seen[[3, 4, 8, 20, 21]] = True
    assert find_tracks({7: seen}, 40) == [(7, 3, 8), (7, 20, 21)]


def test_intervals_are_one_based_and_inclusive():
    assert intervals([0, 1, 1, 0, 1]) == "2:3, 5:5"
    assert intervals([0, 0]) == ""


def test_presets_name_known_events_and_fit_their_layout():
    for preset in PRESETS.values():
        assert set(preset.clips) <= {"train", "validation", "test"}
        assert all(preset.events[split] for split, (_, abnormal) in preset.clips.items() if abnormal)


def part(**events):
    rest = {"clips": 1, "frames": 40, "abnormal_frames": 9, "seconds": 2.0, "fps": [20.0, 20.0]}
    return {**rest, "events": events}


def test_the_card_holds_what_world_json_holds(source, target, small_target):
    world, card = json.loads((source / "world.json").read_text()), (source / FILE).read_text()
    rows = {cells[1].strip(): [c.strip() for c in cells[2:-1]] for line in card.splitlines()
            if len(cells := line.split("|")) > 3}  # fmt: skip
    assert rows["preset, seed, generator version"] == [f"small-source, 0, {world['version']}"]
    assert rows["resolutions in pixels"] == ["160x120"]
    assert rows["height of a person in the middle of the walkway"] == ["24 to 40 pixels"]
    for split, found in world["splits"].items():
        assert rows[split][:3] == [str(found[key]) for key in ("clips", "frames", "abnormal_frames")]
        assert float(rows[split][3]) == found["seconds"]
    for text in ("CC0-1.0", "no identity", "skin tones", "syrfa generate --preset small-source --seed 0 --out"):
        assert text in card
    train, validation = world["splits"]["train"], world["splits"]["validation"]
    low, high = train["fps"]
    assert 8 <= low <= high <= 32
    assert train["frames"] / high - 0.1 <= train["seconds"] <= train["frames"] / low + 0.1
    assert (validation["clips"], validation["seconds"], validation["fps"]) == (0, 0, None)
    world, card = json.loads((target / "world.json").read_text()), (target / FILE).read_text()
    listed = dict(re.findall(r"^\| (\S+) \| ([0-9a-f]{64}) \|$", card, re.MULTILINE))
    assert listed == world["sha256"] == {name: digest(target)[name] for name in listed}
    assert len(listed) == 3
    assert "--grey" not in card
    assert "--grey false" in data_card({**world, "grey": False}, small_target)


@pytest.mark.parametrize(
    ("events", "drawn", "text"),
    [
        (
            {"train": ("running", "driving"), "validation": ("falling",), "test": ("fighting",)},
            {"train": part(running=1, walk=3, driving=1), "validation": part(falling=1), "test": part(walk=1)},
            "disjoint between train, validation, test: what is tested was never",
        ),
        (
            {"train": ("running", "driving"), "test": ("driving", "fighting")},
            {"train": part(running=1, driving=1), "test": part(driving=2, fighting=1, walk=1)},
            "not disjoint: train and test share driving.",
        ),
        (
            {"train": ("running", "driving"), "test": ("driving", "fighting")},
            {"train": part(running=1, driving=1), "test": part(fighting=1)},  # driving was not drawn
            "disjoint between train, test: as drawn",
        ),
        ({"test": ("wheelchair",)}, {"train": part(walk=1), "test": part(wheelchair=1)}, "only split test"),
        ({"test": ("wheelchair",)}, {"train": part(walk=1)}, "no split"),
    ],
)
def test_the_card_says_which_splits_share_abnormal_types(events, drawn, text):
    assert text in abnormal_types({"splits": drawn}, replace(PRESETS["tiny"], events=events))


def test_the_help_names_every_preset(capsys):
    with pytest.raises(SystemExit):
        main(["generate", "--help"])
    words = " ".join(capsys.readouterr().out.split())
    assert all(name in words for name in PRESETS)
