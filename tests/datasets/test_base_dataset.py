"""What every reader offers beside videos and labels."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from dataset_trees import write_circulated
from small_run import DATA

from syrfa import datasets
from syrfa.datasets import UCSDPed2, VideoDataset, VideoRecord
from syrfa.errors import DataNotFoundError

READERS = [
    reader
    for reader in vars(datasets).values()
    if isinstance(reader, type) and issubclass(reader, VideoDataset) and reader is not VideoDataset
]
CONFIGS = sorted(DATA.glob("*.yaml"))


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


@pytest.mark.parametrize("reader", READERS)
def test_every_reader_has_a_config(reader):
    parts = [part for file in CONFIGS for part in yaml.safe_load(file.read_text())["data"].values()]
    paths = {part["dataset"]["class_path"] for part in parts if isinstance(part, dict)}
    assert f"syrfa.datasets.{reader.__name__}" in paths


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
