"""Regions and tracks out of masks, on pictures drawn here, and of readers on trees of their layout."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from dataset_trees import write_official
from hypothesis import given, settings
from hypothesis import strategies as st

from syrfa.datasets import ShanghaiTech, UBnormal, UCSDPed2, VideoFolder
from syrfa.datasets.base import VideoDataset, VideoRecord
from syrfa.datasets.regions import Regions, box_of, regions_of_masks
from syrfa.errors import LabelError


def masks(*pictures):
    """Bool masks of lines of text, `#` = abnormal."""
    return [np.array([[pixel == "#" for pixel in line] for line in picture.split()]) for picture in pictures]


def rows(regions):
    return [
        (int(f), int(t), *map(int, box)) for f, t, box in zip(regions.frame, regions.track, regions.xyxy, strict=True)
    ]


def test_boxes_hold_their_first_and_last_pixels():
    found = regions_of_masks(masks(".....\n.##..\n.##..\n....#"), min_area=1)
    # corners that touch join
    assert rows(found) == [(0, 0, 1, 1, 2, 2), (0, 1, 4, 3, 4, 3)]
    assert found.size == (4, 5)
    assert rows(regions_of_masks(masks("#..\n.#.\n..#"), min_area=1)) == [(0, 0, 0, 0, 2, 2)]
    assert box_of(np.zeros((3, 3), bool)) is None


def test_specks_are_no_regions_and_carry_no_track():
    assert rows(regions_of_masks(masks("##.#", "##.#"), min_area=2)) == [(0, 0, 0, 0, 1, 0), (1, 0, 0, 0, 1, 0)]
    assert len(regions_of_masks([np.ones((3, 3), bool)])) == 0
    assert len(regions_of_masks([np.ones((2, 5), bool)])) == 1


def test_a_track_follows_what_moves_and_ends_where_it_is_gone():
    found = regions_of_masks(masks("##....", ".##...", "......", ".##..."), min_area=1)
    assert found.track.tolist() == [0, 0, 1]
    assert found.frame.tolist() == [0, 1, 3]
    jumping = regions_of_masks(masks("##....", "..##..", "....##"), min_area=1)
    assert jumping.tracks == 3


def test_where_two_meet_the_larger_share_goes_on_and_where_one_parts_a_track_begins():
    meet = regions_of_masks(masks("##.###.", "#######", "##.###."), min_area=1)
    assert rows(meet) == [
        (0, 0, 0, 0, 1, 0),
        (0, 1, 3, 0, 5, 0),
        (1, 1, 0, 0, 6, 0),
        (2, 1, 3, 0, 5, 0),
        (2, 2, 0, 0, 1, 0),
    ]


def naive_tracks(pictures, min_area):
    """The same rows by flood fill and sets of pixels."""
    found, before, count = [], [], 0
    for frame, picture in enumerate(pictures):
        left, parts = set(map(tuple, np.argwhere(picture).tolist())), []
        while left:
            part, edge = set(), [min(left)]
            while edge:
                y, x = edge.pop()
                if (y, x) in left:
                    left.remove((y, x))
                    part.add((y, x))
                    edge += [(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
            if len(part) >= min_area:
                parts.append(part)
        pairs = [(-len(p & q), i, j) for i, p in enumerate(parts) for j, (q, _) in enumerate(before) if p & q]
        tracks, taken = {}, set()
        for _, i, j in sorted(pairs):
            if i not in tracks and j not in taken:
                tracks[i] = before[j][1]
                taken.add(j)
        for i in range(len(parts)):
            if i not in tracks:
                tracks[i], count = count, count + 1
        before = [(part, tracks[i]) for i, part in enumerate(parts)]
        for i, part in enumerate(parts):
            ys, xs = zip(*part, strict=True)
            found.append((frame, tracks[i], min(xs), min(ys), max(xs), max(ys)))
    return found


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**31), st.floats(0.1, 0.6), st.integers(1, 4))
def test_random_masks_equal_flood_fill_and_sets(seed, share, min_area):
    generator = np.random.default_rng(seed)
    pictures = [generator.random((7, 9)) < share for _ in range(5)]
    found = regions_of_masks(pictures, min_area)
    expected = naive_tracks(pictures, min_area)
    # the same but for the numbers of tracks
    assert sorted((row[0], *row[2:]) for row in rows(found)) == sorted((row[0], *row[2:]) for row in expected)
    ours = {(row[0], *row[2:]): row[1] for row in rows(found)}
    theirs = {(row[0], *row[2:]): row[1] for row in expected}
    if len(ours) == len(found):  # two components may have one box
        assert len({(ours[key], theirs[key]) for key in ours}) == found.tracks == len(set(theirs.values()))


class Sparse(VideoDataset):
    """One video whose masks are given frame by frame."""

    name, splits = "sparse", ("test",)

    def __init__(self, labels, pictures):
        super().__init__("nowhere")
        self.labels, self.pictures = np.array(labels, np.uint8), pictures

    def videos(self, split):
        return [VideoRecord("a", self.root, split)]

    def frame_labels(self, record):
        return self.labels

    def pixel_mask(self, record, frame):
        return self.pictures[frame]


def test_a_frame_without_a_mask_keeps_the_numbers_of_those_behind_it():
    block = np.ones((3, 4), bool)
    dataset = Sparse([0, 1, 0, 1, 1], [None, block, None, block, block])
    found = dataset.regions(dataset.videos("test")[0])
    # nothing is seen in frame 2, so that a track ends before it
    assert rows(found) == [(1, 0, 0, 0, 3, 2), (3, 1, 0, 0, 3, 2), (4, 1, 0, 0, 3, 2)]
    assert found.size == (3, 4)


def test_an_abnormal_frame_without_a_mask_beside_others_that_have_one_is_refused():
    block = np.ones((3, 4), bool)
    for pictures, lacking in (([block, None, block], 1), ([None, block, block], 0)):
        dataset = Sparse([1, 1, 1], pictures)
        with pytest.raises(LabelError, match=f"sparse a: frame {lacking} is labelled abnormal and has no pixel mask"):
            dataset.regions(dataset.videos("test")[0])
    dataset = Sparse([0, 1, 1], [block, None, None])
    assert dataset.regions(dataset.videos("test")[0]) is None


def test_masks_of_two_sizes_are_refused():
    with pytest.raises(LabelError, match=r"mask of frame 1 is \(1, 3\), the first one \(1, 2\)"):
        regions_of_masks(masks("##", "###"))


def test_regions_that_do_not_fit_together_are_refused():
    frame, box, track = np.zeros(1, np.int64), np.zeros((1, 4)), np.zeros(1, np.int64)
    with pytest.raises(LabelError, match="shapes"):
        Regions(frame, box, np.zeros(2, np.int64))
    with pytest.raises(LabelError, match="numbered from 0"):
        Regions(frame, box, track + 1)


def test_ucsd_reads_its_masks_and_knows_nothing_of_a_video_without_them(tmp_path):
    dataset = UCSDPed2(write_official(tmp_path))
    first, second = dataset.videos("test")
    for i in range(6):  # 12 pixels instead of 6
        file = first.annotations / f"{i + 1:03d}.bmp"
        cv2.imwrite(str(file), cv2.dilate(cv2.imread(str(file), 0), np.ones((3, 1), np.uint8)))
    found = dataset.regions(first)
    assert rows(found) == [(t, 0, t, 1, t + 2, 4) for t in (2, 3, 4)]
    assert found.size == (12, 18)
    assert dataset.regions(second) is None
    assert dataset.regions(dataset.videos("train")[0]) is None
    assert "derived" in dataset.region_truth
    assert dataset.fps() == 10.0


def test_a_video_labelled_normal_has_no_regions_whatever_else_is_there(tmp_path):
    (tmp_path / "test_frame_mask").mkdir()
    (tmp_path / "clips" / "01_0014").mkdir(parents=True)
    for i in range(3):
        cv2.imwrite(str(tmp_path / "clips" / "01_0014" / f"{i}.png"), np.zeros((4, 4), np.uint8))
    np.save(tmp_path / "test_frame_mask" / "01_0014.npy", np.zeros(3, np.uint8))
    dataset = ShanghaiTech(tmp_path)
    with pytest.warns(UserWarning, match="1 of 107"):
        record = dataset.videos("test")[0]
    assert len(dataset.regions(record)) == 0
    np.save(tmp_path / "test_frame_mask" / "01_0014.npy", np.array([0, 1, 1], np.uint8))
    assert dataset.regions(record) is None
    (tmp_path / "test_pixel_mask").mkdir()
    pixels = np.zeros((3, 4, 4), bool)
    pixels[1:] = True
    np.save(tmp_path / "test_pixel_mask" / "01_0014.npy", pixels)
    assert rows(dataset.regions(dataset.videos("test")[0])) == [(1, 0, 0, 0, 3, 3), (2, 0, 0, 0, 3, 3)]


@pytest.fixture
def ubnormal(tmp_path):
    """An abnormal video of 5 frames: object 4 moves, object 7 stands."""
    name = "abnormal_scene_3_scenario_1"
    (tmp_path / "scripts").mkdir()
    for kind in ("normal", "abnormal"):
        for split in ("training", "validation", "test"):
            text = name if (kind, split) == ("abnormal", "test") else ""
            (tmp_path / "scripts" / f"{kind}_{split}_video_names.txt").write_text(text)
    folder = tmp_path / "Scene3" / f"{name}_annotations"
    folder.mkdir(parents=True)
    (tmp_path / "Scene3" / f"{name}.mp4").write_bytes(b"never opened: masks tell the length")
    for t in range(5):
        mask = np.zeros((30, 40), np.uint8)
        mask[5:10, 3 * t : 3 * t + 4] = 4
        mask[20:28, 30:35] = 7
        cv2.imwrite(str(folder / f"{name}_{t:04d}_gt.png"), mask)
    (folder / f"{name}_tracks.txt").write_text("4,1,3\n7,0,1\n4,3,4\n")
    return UBnormal(tmp_path)


def test_ubnormal_has_the_box_of_every_abnormal_object_in_every_frame_of_its_tracks(ubnormal):
    record = ubnormal.videos("test")[0]
    found = ubnormal.regions(record)
    # frame 3 stands in two lines of object 4: it counts once
    still = [(t, 0, 30, 20, 34, 27) for t in (0, 1)]
    moving = [(t, 1 if t < 4 else 2, 3 * t, 5, 3 * t + 3, 9) for t in (1, 2, 3, 4)]
    assert sorted(rows(found)) == sorted(still + moving)
    assert found.size == (30, 40)
    assert ubnormal.fps() == 30.0
    assert "derived" not in ubnormal.region_truth


def test_ubnormal_without_masks_or_tracks_knows_no_regions(ubnormal):
    record = ubnormal.videos("test")[0]
    tracks = record.annotations / f"{record.name}_tracks.txt"
    beside = record.path.parent / tracks.name
    tracks.rename(beside)
    assert len(ubnormal.regions(record)) == 6
    assert ubnormal.regions(replace(record, annotations=None)) is None
    with beside.open("wb") as file:
        np.save(file, np.array([1, 1, 0, 0, 1]))
    assert ubnormal.regions(record) is None


def test_ubnormal_refuses_a_track_that_runs_out_of_masks(ubnormal):
    record = ubnormal.videos("test")[0]
    (record.annotations / f"{record.name}_0002_gt.png").unlink()
    with pytest.raises(LabelError, match="no id mask of frame 2"):
        ubnormal.regions(record)


def test_regions_of_generated_worlds_lie_in_frames_labelled_abnormal(tiny_worlds):
    worlds = UBnormal(tiny_worlds / "demo-source"), UCSDPed2(tiny_worlds / "demo-target")
    for dataset in worlds:
        tracks = 0
        for record in dataset.videos("test"):
            found, labels = dataset.regions(record), dataset.frame_labels(record)
            assert labels[found.frame].all()
            tracks += found.tracks
        assert tracks > 0
        assert dataset.fps() is None  # each clip has its own


def test_footage_lasts_as_its_table_says(tmp_path):
    (tmp_path / "labels.csv").write_text("video,start,end\n")
    assert VideoFolder(tmp_path).fps() is None
    assert VideoFolder(tmp_path, labels=tmp_path / "labels.csv", unit="seconds", fps=12.5).fps() == 12.5
