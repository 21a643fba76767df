"""What every reader offers beside videos and labels."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from dataset_trees import write_circulated

from syrfa import datasets
from syrfa.datasets import UCSDPed2, VideoDataset, VideoRecord
from syrfa.errors import ConfigError, DataNotFoundError

READERS = [
    reader
    for reader in vars(datasets).values()
    if isinstance(reader, type) and issubclass(reader, VideoDataset) and reader is not VideoDataset
]


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_tells_its_tree_terms_and_counts(reader):
    text = reader.__doc__ or ""
    assert text.count("```") >= 2
    assert "<root>/" in text
    if reader.name == "folder":
        assert "Licence, citation, counts: yours" in text
    else:
        assert "Cite: " in text
        assert "Licence: " in text or "Terms: " in text
    assert set(reader.released) in (set(), set(reader.splits))
    for count in reader.released.values():
        assert str(count) in text or reader.name == "ubnormal"  # whose counts are of normal and abnormal videos


@pytest.mark.parametrize("reader", READERS)
def test_nothing_to_describe(reader, tmp_path):
    with pytest.raises(DataNotFoundError) as error:
        reader(tmp_path / "none").describe_layout()
    assert str(tmp_path / "none") in str(error.value)
    assert "\n" not in str(error.value)


def test_names_are_unique():
    names = [reader.name for reader in READERS]
    assert sorted(names) == ["avenue", "folder", "ped1", "ped2", "shanghaitech", "ubnormal"]


@pytest.mark.parametrize("root", [".", "UCSDped2"])
def test_a_generated_world_has_no_release(tmp_path, root):
    (tmp_path / "UCSDped2").mkdir()
    dataset = UCSDPed2(tmp_path / root)
    assert (dataset.videos_released("train"), dataset.videos_released("test")) == (16, 12)
    (tmp_path / "world.json").touch()
    assert dataset.videos_released("test") is None
    (tmp_path / "link").symlink_to(tmp_path / root)
    assert UCSDPed2(tmp_path / "link").videos_released("test") is None


def test_a_known_length_is_believed_and_another_one_decoded(tmp_path):
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.zeros((4, 4), np.uint8))
    record = VideoRecord("a", tmp_path, "test")
    assert record.length() == 3
    known = replace(record, frames=7)
    assert known.length() == 7
    assert known == record


def test_folders_among_frames_and_files_that_are_gone(tmp_path):
    dataset = UCSDPed2(write_circulated(tmp_path))
    before = dataset.manifest_hash("train")
    frames: Path = tmp_path / "training" / "frames" / "01"
    (frames / "thumbnails").mkdir()
    assert dataset.manifest_hash("train") == before
    (frames / "000.jpg").unlink()
    (frames / "000.jpg").symlink_to("nowhere")
    with pytest.raises(DataNotFoundError, match=r"000\.jpg: cannot be read"):
        dataset.manifest("train")


def test_a_split_is_a_sequence_of_videos(tmp_path):
    root = write_circulated(tmp_path)
    dataset = UCSDPed2(root, "test")
    records = dataset.videos("test")
    assert [video.name for video in dataset] == [record.name for record in records]
    assert len(dataset) == len(records) == 2
    video = dataset[0]
    frames = video.frames
    assert (frames.dtype, frames.ndim, len(frames)) == (np.uint8, 4, len(video))
    np.testing.assert_array_equal(np.stack(list(video)), frames)
    np.testing.assert_array_equal(video.labels, dataset.frame_labels(records[0]))
    assert dataset[-1].name == records[-1].name
    assert UCSDPed2(root, "train")[0].labels is None
    with pytest.raises(IndexError):
        dataset[2]


def test_indexing_needs_a_split_that_there_is(tmp_path):
    dataset = UCSDPed2(write_circulated(tmp_path))
    assert dataset  # although it has no length
    with pytest.raises(ConfigError, match=r"UCSDPed2: name a split to index or iterate it, e\.g\. UCSDPed2"):
        len(dataset)
    with pytest.raises(ConfigError, match="split 'exam'"):
        UCSDPed2(tmp_path, "exam")


def test_labels_and_videos_have_hashes_of_their_own(tmp_path):
    dataset = UCSDPed2(write_circulated(tmp_path))

    def hashes():
        return dataset.manifest_hash("test"), dataset.videos_hash("test"), dataset.labels_hash("test")

    whole, videos, labels = hashes()
    np.save(tmp_path / "frame_labels_ped2.npy", np.zeros(3))  # not read: a better file is there
    assert hashes() == (whole, videos, labels)
    for file in [*tmp_path.rglob("ped2.mat"), *tmp_path.rglob("UCSDped2.m")]:
        file.write_bytes(file.read_bytes() + b" ")
    corrected = hashes()
    assert corrected[1] == videos
    assert corrected[0] != whole
    assert corrected[2] != labels
    frame = next((tmp_path / "testing" / "frames" / "01").iterdir())
    frame.write_bytes(frame.read_bytes() + b" ")
    assert [now == before for now, before in zip(hashes(), corrected, strict=True)] == [False, False, True]
