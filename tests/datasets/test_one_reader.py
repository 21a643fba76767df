"""A generated world, a tree written as the release has it, and samples of the release: one reader, the same answers."""

import os
import re
from dataclasses import fields
from pathlib import Path

import cv2
import numpy as np
import pytest
from small_run import ROOT

from syrfa.datasets import Track, UBnormal, VideoRecord
from syrfa.datasets.video import frame_count, open_video
from syrfa.detection import AnnotationDetector
from syrfa.tubes.build import build_cache
from syrfa.tubes.index import TubeIndex
from syrfa.tubes.spec import TubeFilter, TubeSpec

# read when this file is: a fixture of the session points the variable at generated worlds
SHARED = Path(os.environ.get("SYRFA_SHARED_DATA", ROOT.parent / "shared" / "data")) / "ubnormal"
FRAMES, HEIGHT, WIDTH = 24, 48, 64
SPLITS = {"training": 1, "validation": 2, "test": 3}
MADE = ("generated", "release")


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """Two videos a split: the abnormal one in fog, its tracks with DOS line ends and numbers as floats."""
    root = tmp_path_factory.mktemp("release")
    (root / "scripts").mkdir()
    for split, scene in SPLITS.items():
        for kind, ending in (("normal", ""), ("abnormal", "_fog")):
            name = f"{kind}_scene_{scene}_scenario_2{ending}"
            (root / "scripts" / f"{kind}_{split}_video_names.txt").write_bytes(f"{name}\r\n".encode())
            annotations = root / f"Scene{scene}" / f"{name}_annotations"
            annotations.mkdir(parents=True)
            writer = cv2.VideoWriter(
                str(annotations.parent / f"{name}.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 30, (WIDTH, HEIGHT)
            )
            for number in range(FRAMES):
                mask = np.zeros((HEIGHT, WIDTH), np.uint8)
                mask[8:40, 4 + number : 20 + number] = 3
                cv2.imwrite(str(annotations / f"{name}_{number:04d}_gt.png"), mask)
                writer.write(np.dstack([60 + 40 * mask, 50 + 30 * mask, 40 + 20 * mask]))
            writer.release()
            if kind == "abnormal":
                (annotations / f"{name}_tracks.txt").write_bytes(b"3.000000000000000000e+00,8.0e+00,1.5e+01\r\n")
    return root


@pytest.fixture
def released():
    """What is at hand of the release; skips where that is nothing."""
    if not SHARED.is_dir():
        pytest.skip(f"not found: {SHARED}; set SYRFA_SHARED_DATA")
    return SHARED


@pytest.fixture
def samples(released, tmp_path):
    """The videos of the release that are at hand, in its layout, all in every split."""
    (tmp_path / "scripts").mkdir()
    clips = sorted((released / "videos").glob("*.mp4"))
    for kind in ("normal", "abnormal"):
        listed = "".join(f"{clip.stem}\n" for clip in clips if clip.stem.startswith(kind))
        for split in SPLITS:
            (tmp_path / "scripts" / f"{kind}_{split}_video_names.txt").write_text(listed)
    for clip in clips:
        folder = tmp_path / f"Scene{clip.stem.split('_')[2]}"
        folder.mkdir(exist_ok=True)
        (folder / clip.name).symlink_to(clip)
    (tmp_path / "gt").symlink_to(released / "gt")
    return tmp_path


@pytest.fixture
def tree(request, tiny_worlds):
    if request.param == "generated":
        return tiny_worlds / "demo-source"
    return request.getfixturevalue(request.param)


def check_video(dataset, record):
    """What every caller relies on, whoever made the video; returns whether it has masks, and how many tracks."""
    assert type(record) is VideoRecord
    frames = frame_count(record.path)
    labels, tracks = dataset.frame_labels(record), dataset.tracks(record)
    assert (labels.dtype, labels.shape) == (np.uint8, (frames,))
    covered = np.zeros(frames, np.uint8)
    for track in tracks:
        assert type(track) is Track
        assert all(type(getattr(track, field.name)) is int for field in fields(track))
        covered[track.start : track.end + 1] = 1
    assert labels.any() == record.name.startswith("abnormal")
    if tracks:
        np.testing.assert_array_equal(labels, covered)
    assert dataset.pixel_mask(record, 0) is None
    masks = [dataset.id_mask(record, number) for number in range(frames)]
    assert dataset.id_mask(record, frames) is None
    if record.annotations is None:
        assert masks == [None] * frames
        return False, len(tracks)
    (shape,) = {frame.shape[:2] for frame in open_video(record.path)}
    assert {(mask.dtype.name, mask.shape) for mask in masks} == {("int32", shape)}
    for track in tracks:
        assert (masks[track.start] == track.object_id).any()
        assert (masks[track.end] == track.object_id).any()
    return True, len(tracks)


@pytest.mark.parametrize("tree", MADE, indirect=True)
@pytest.mark.parametrize("split", UBnormal.splits)
def test_generated_and_released_layout_answer_alike(tree, split):
    dataset = UBnormal(tree)
    videos = dataset.videos(split)
    assert {video.name.split("_")[0] for video in videos} == {"normal", "abnormal"}
    for video in videos:
        masks, tracks = check_video(dataset, video)
        assert masks
        assert bool(tracks) == video.name.startswith("abnormal")
    manifest = dataset.manifest(split)
    assert manifest.keys() == {"dataset", "split", "videos", "labels"}
    assert (manifest["dataset"], manifest["split"]) == ("ubnormal", split)
    assert [video["name"] for video in manifest["videos"]] == [video.name for video in videos]
    assert set(manifest["labels"]) == {video.name for video in videos if video.name.startswith("abnormal")}


@pytest.mark.real_data
def test_samples_of_the_release_answer_alike(samples):
    dataset = UBnormal(samples)
    videos = dataset.videos("train")
    assert {video.name.split("_")[0] for video in videos} == {"normal", "abnormal"}
    found = [check_video(dataset, video) for video in videos]
    assert not any(masks for masks, _ in found)  # they are not at hand
    assert any(tracks for _, tracks in found)


def test_tubes_of_both_are_cut_by_the_same_code(tiny_worlds, release, tmp_path):
    columns = []
    for root in (tiny_worlds / "demo-source", release):
        cache = build_cache(
            UBnormal(root), "train", AnnotationDetector(), TubeSpec(size=16), str(tmp_path / root.name), 1
        )
        kinds = set(cache.labels(np.arange(len(cache)), TubeFilter(min_overlap=0.1)).tolist())
        assert kinds == {0, 1}
        columns.append({field.name: getattr(cache.index, field.name).dtype for field in fields(TubeIndex)})
        columns[-1]["identity"] = sorted(cache.manifest["identity"])
        columns[-1]["tubes"] = cache.read(np.arange(2)).shape[:4]
    assert columns[0] == columns[1]


@pytest.mark.real_data
def test_names_of_files_are_those_of_the_release(tiny_worlds, released):
    world = tiny_worlds / "demo-source"
    lists = {path.name for path in (world / "scripts").iterdir()}
    assert lists <= {path.name for path in (released / "scripts").iterdir()}
    name = re.compile(r"(normal|abnormal)_scene_\d+_scenario_\d+(_fog|_fire|_smoke)?")
    for folder, least in ((world, 1.0), (released, 0.95)):  # the release has a few others: normal_scene_1_scenario1_10
        named = [line for path in sorted(lists) for line in (folder / "scripts" / path).read_text().split()]
        assert np.mean([name.fullmatch(line) is not None for line in named]) >= least
