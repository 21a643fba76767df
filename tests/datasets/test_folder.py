"""Footage of one's own: trees of videos, names, tables of intervals."""

import warnings
from functools import partial
from pathlib import Path

import pytest
import small_releases
from dataset_trees import one_line, write_frames
from hypothesis import given, settings
from hypothesis import strategies as st

from syrfa.datasets import VideoFolder
from syrfa.datasets.folder import safe_names
from syrfa.datasets.intervals import IntervalRule
from syrfa.errors import ConfigError, DataNotFoundError, LabelError

FROM_0 = {"unit": "frames", "first_frame": 0, "end_included": True}


write_video = partial(small_releases.write_video, frames=6, codec="mp4v")


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "footage"
    write_video(root / "train" / "cam 1" / "monday.mp4")
    write_frames(root / "train" / "cam 1" / "tuesday", 6, 1, ".jpg")
    write_video(root / "test" / "cam 1" / "deep" / "er" / "friday.mp4")
    write_frames(root / "test" / "sunday", 6, 0, ".png")
    return root


def table(tree, *rows, header="video,start,end"):
    file = tree.parent / "labels.csv"
    file.write_text("\n".join([header, *rows]) + "\n")
    return file


def test_splits_at_any_depth(tree):
    dataset = VideoFolder(tree)
    assert [record.name for record in dataset.videos("train")] == ["train__cam_1__monday", "train__cam_1__tuesday"]
    friday, sunday = dataset.videos("test")
    assert (friday.name, sunday.name) == ("test__cam_1__deep__er__friday", "test__sunday")
    assert dataset.frame_labels(friday) is None
    assert dataset.pixel_mask(sunday, 0) is None
    with pytest.raises(DataNotFoundError) as error:
        dataset.videos("validation")
    one_line(error, tree / "validation", "validation split")
    with pytest.raises(ConfigError):
        dataset.videos("val")
    assert "2 train, 0 validation, 2 test videos" in dataset.describe_layout()


@pytest.mark.parametrize("words", [("Training", "val", "TEST"), ("train", "validation", "testing")])
def test_other_words_for_the_splits(tmp_path, words):
    for word in words:
        write_video(tmp_path / word / "a.mp4")
    dataset = VideoFolder(tmp_path)
    assert [dataset.videos(split)[0].path.parent.name for split in dataset.splits] == list(words)


def test_without_splits_all_is_test_and_training_is_refused(tree):
    dataset = VideoFolder(tree / "test")
    assert [record.name for record in dataset.videos("test")] == ["cam_1__deep__er__friday", "sunday"]
    with pytest.raises(DataNotFoundError) as error:
        dataset.videos("train")
    one_line(error, tree / "test" / "train", "train split", "normal ones alone")


def test_the_root_itself_may_be_the_folder_of_frames(tree):
    (record,) = VideoFolder(tree / "test" / "sunday").videos("test")
    assert (record.name, record.path) == ("video", tree / "test" / "sunday")


def test_two_folders_of_one_split_and_videos_beside_the_splits(tree):
    write_video(tree / "spare.mp4")
    dataset = VideoFolder(tree)
    with pytest.warns(UserWarning, match=r"1 videos lie outside test, train .*spare\.mp4"):
        assert len(dataset.videos("test")) == 2
    (tree / "testing").mkdir()
    with pytest.raises(ConfigError) as error:
        VideoFolder(tree).videos("test")
    one_line(error, tree / "testing", "test is there too")


def test_nothing_there(tmp_path):
    for root in (tmp_path / "none", tmp_path):
        for call in (lambda root=root: VideoFolder(root).videos("test"), VideoFolder(root).describe_layout):
            with pytest.raises(DataNotFoundError) as error:
                call()
            one_line(error, root)


def test_videos_and_images_side_by_side_have_to_be_settled(tree):
    (tree / "test" / "cam 1" / "deep" / "er" / "poster.jpg").touch()
    with pytest.raises(ConfigError) as error:
        VideoFolder(tree).videos("test")
    one_line(error, "side by side", "kind=videos", "kind=images")
    assert [r.path.name for r in VideoFolder(tree, kind="videos").videos("test")] == ["friday.mp4"]
    assert [r.path.name for r in VideoFolder(tree, kind="images").videos("test")] == ["er", "sunday"]


def test_images_above_further_footage_are_refused(tree):
    (tree / "test" / "map.png").touch()
    with pytest.raises(ConfigError) as error:
        VideoFolder(tree).videos("test")
    one_line(error, tree / "test", "friday.mp4", "kind=videos")


def test_links_are_followed_but_not_round_in_a_circle(tree, tmp_path):
    write_video(tmp_path / "elsewhere" / "linked.mp4")
    (tree / "test" / "link").symlink_to(tmp_path / "elsewhere")
    (tree / "test" / "cam 1" / "up").symlink_to(tree / "test")
    for here in range(12):  # every folder leads to every other one: 12! ways through them
        (tree / "test" / "maze" / str(here)).mkdir(parents=True)
        for there in range(12):
            (tree / "test" / "maze" / str(here) / f"to{there}").symlink_to(tree / "test" / "maze" / str(there))
    names = [record.name for record in VideoFolder(tree).videos("test")]
    assert names == ["test__cam_1__deep__er__friday", "test__link__linked", "test__sunday"]


def test_a_link_to_itself_is_named(tree):
    (tree / "test" / "loop.mp4").symlink_to("loop.mp4")
    with pytest.raises(DataNotFoundError) as error:
        VideoFolder(tree).videos("test")
    one_line(error, tree / "test")


def test_a_tree_without_end(tmp_path):
    deep = tmp_path.joinpath(*["d"] * 40)
    write_video(deep / "a.mp4")
    with pytest.raises(ConfigError, match="32 folders deep"):
        VideoFolder(tmp_path).videos("test")


def test_names_that_would_be_equal(tmp_path):
    for name in ("a/b.mp4", "a__b.mp4", "A__B.mp4", "a/b.avi", "c.mp4", "ä.mp4", "ü.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    names = [record.name for record in VideoFolder(tmp_path).videos("test")]
    assert len({name.lower() for name in names}) == 7
    assert "c" in names  # nobody shares it
    (tmp_path / "later.mp4").touch()
    assert set(names) < {record.name for record in VideoFolder(tmp_path).videos("test")}


PARTS = st.text(st.characters(exclude_characters="/\0", exclude_categories=()), min_size=1, max_size=60).filter(
    lambda part: part not in (".", "..")
)


@settings(max_examples=200, deadline=None)
@given(paths=st.lists(st.lists(PARTS, min_size=1, max_size=4), unique_by=tuple, max_size=6), tmp=st.just("/data"))
def test_names_are_safe_and_unique(paths, tmp):
    found = sorted({Path(tmp, *parts) for parts in paths})
    names = safe_names(Path(tmp), found)
    assert len({name.casefold() for name in names}) == len(found)
    for name in names:
        assert name.isascii()
        assert set('/\\ \0:*?"<>|').isdisjoint(name)
        assert name[0] not in ".-"
        assert len(name) <= 140


@pytest.mark.parametrize(
    ("rule", "start", "end", "expected"),
    [
        (FROM_0, 2, 4, [0, 0, 1, 1, 1, 0]),
        ({**FROM_0, "end_included": False}, 2, 4, [0, 0, 1, 1, 0, 0]),
        ({**FROM_0, "first_frame": 1}, 2, 4, [0, 1, 1, 1, 0, 0]),
        ({**FROM_0, "first_frame": 1, "end_included": False}, 2, 4, [0, 1, 1, 0, 0, 0]),
        ({"unit": "seconds", "fps": 10.0}, 0.2, 0.4, [0, 0, 1, 1, 0, 0]),
        ({"unit": "seconds", "fps": 10.0}, 0.25, 0.41, [0, 0, 1, 1, 1, 0]),
        ({"unit": "seconds", "fps": 10.0}, 0.0, 0.6, [1, 1, 1, 1, 1, 1]),
    ],
)
def test_what_start_and_end_mean(tree, rule, start, end, expected):
    file = table(tree, f"test/cam 1/deep/er/friday.mp4,{start},{end}", "test/sunday,,")
    dataset = VideoFolder(tree, labels=file, **rule)
    assert [dataset.frame_labels(video).tolist() for video in dataset.videos("test")] == [expected, [0] * 6]


def test_a_video_by_its_path_its_stem_or_its_name(tree):
    names = ("test/cam 1/deep/er/friday.mp4", "test/cam 1/deep/er/friday", "test__cam_1__deep__er__friday")
    file = table(tree, *(f"{name},{number},{number}" for number, name in enumerate(names)), "test/sunday,,")
    dataset = VideoFolder(tree, labels=file, **FROM_0)
    assert dataset.frame_labels(dataset.videos("test")[0]).tolist() == [1, 1, 1, 0, 0, 0]
    assert dataset.frame_labels(dataset.videos("train")[0]) is None
    told = dataset.describe_layout()
    assert "3 intervals in 2 videos" in told
    assert "frames counted from 0, the end included" in told


def test_columns_in_any_order_with_a_mark_at_the_beginning(tree):
    file = tree.parent / "labels.csv"
    file.write_bytes('\ufeffwho,End, Video ,start\r\nx,3,"test/sunday",2\r\n'.encode())
    dataset = VideoFolder(tree, labels=file, unlisted="normal", **FROM_0)
    assert [dataset.frame_labels(v).tolist() for v in dataset.videos("test")] == [[0] * 6, [0, 0, 1, 1, 0, 0]]


def test_a_video_that_the_table_does_not_name(tree):
    file = table(tree, "test/sunday,1,2")
    friday = VideoFolder(tree).videos("test")[0]
    with pytest.raises(LabelError) as error:
        VideoFolder(tree, labels=file, **FROM_0).frame_labels(friday)
    one_line(error, file, "friday.mp4", "unlisted=normal", "unlisted=unlabelled")
    assert not VideoFolder(tree, labels=file, unlisted="normal", **FROM_0).frame_labels(friday).any()
    assert VideoFolder(tree, labels=file, unlisted="unlabelled", **FROM_0).frame_labels(friday) is None


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({}, "unit=frames or unit=seconds"),
        ({"unit": "frames"}, "first_frame=0"),
        ({"unit": "frames", "first_frame": 0}, "end_included=true"),
        ({"unit": "frames", "end_included": True}, "first_frame=1"),
        ({"unit": "seconds"}, "fps=25"),
        ({"unit": "seconds", "fps": 0.0}, "fps=25"),
        ({"unit": "seconds", "fps": float("nan")}, "fps=25"),
    ],
)
def test_nothing_about_the_numbers_is_guessed(tree, options, part):
    with pytest.raises(ConfigError) as error:
        VideoFolder(tree, labels=table(tree), **options)
    one_line(error, part)


def test_options_of_a_table_without_a_table(tree):
    with pytest.raises(ConfigError, match="give labels"):
        VideoFolder(tree, unit="frames")


@pytest.mark.parametrize(
    ("row", "parts"),
    [
        ("test/monday.mp4,1,2", ["line 2", "no video 'test/monday.mp4'"]),
        (",1,2", ["line 2", "no video ''"]),
        ("test/sunday", []),
        ("test/sunday,1,", ["line 2", "no interval of frames counted from 0"]),
        ("test/sunday,one,2", ["'one' to '2'"]),
        ("test/sunday,1.5,2", []),
        ("test/sunday,-1,2", []),
        ("test/sunday,3,2", []),
        ("test/sunday,nan,2", []),
        ("test/sunday,0,inf", []),
        ("test/sunday,0,1e300", []),
        ("test/sunday,0," + "9" * 5000, []),
        ("test/sunday,0,6", ["to frame 6 counted from 0", "6 frames", "first_frame"]),
        ('test/sunday,"1,2', ["not a CSV"]),
        ("test/sunday,\0,2", ["not a text file"]),
    ],
)
def test_rows_that_are_none(tree, row, parts):
    file = table(tree, row)
    dataset = VideoFolder(tree, labels=file, unlisted="normal", **FROM_0)
    if row == "test/sunday":  # short, but a row without start and end
        assert not dataset.frame_labels(dataset.videos("test")[1]).any()
        return
    with pytest.raises(LabelError) as error:
        dataset.frame_labels(dataset.videos("test")[1])
    one_line(error, file, *parts)


@pytest.mark.parametrize("header", ["", "video,start", "test/sunday,1,2", "video;start;end"])
def test_a_table_without_its_header(tree, header):
    file = table(tree, "test/sunday,1,2", header=header)
    dataset = VideoFolder(tree, labels=file, **FROM_0)
    with pytest.raises(LabelError) as error:
        dataset.frame_labels(dataset.videos("test")[1])
    one_line(error, file, "video,start,end")


def test_no_table_and_one_that_is_no_table(tree, tmp_path):
    with (tmp_path / "huge.csv").open("wb") as stream:
        stream.truncate(1 << 34)
    for file in (tmp_path / "none.csv", tmp_path, tmp_path / "huge.csv"):
        dataset = VideoFolder(tree, labels=file, **FROM_0)
        with pytest.raises(LabelError) as error:
            dataset.frame_labels(dataset.videos("test")[0])
        one_line(error, file)


def test_the_manifest_follows_table_and_rule(tree):
    file = table(tree, "test/sunday,1,2")
    dataset = VideoFolder(tree, labels=file, **FROM_0)
    hashes = {
        VideoFolder(tree).manifest_hash("test"),
        dataset.manifest_hash("test"),
        VideoFolder(tree, labels=file, unit="frames", first_frame=1, end_included=True).manifest_hash("test"),
        VideoFolder(tree, labels=file, unlisted="normal", **FROM_0).manifest_hash("test"),
    }
    assert len(hashes) == 4
    table(tree, "test/sunday,1,3")
    assert dataset.manifest_hash("test") not in hashes


@given(
    start=st.integers(0, 500),
    length=st.integers(1, 500),
    fps=st.sampled_from([1.0, 12.5, 23.976, 25.0, 29.97, 30.0, 1000 / 33]),
)
def test_seconds_of_whole_frames_are_those_frames(start, length, fps):
    """Rounding of start / fps must not add or lose a frame."""
    rule = IntervalRule(unit="seconds", fps=fps)
    assert rule.frames(start / fps, (start + length) / fps) == (start, start + length)


def test_no_warning_of_missing_videos(tree):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        VideoFolder(tree).manifest("test")
    assert VideoFolder(tree).videos_released("test") is None
