"""Footage of one's own and generated worlds, of which nothing is published; Avenue's volumes."""

import numpy as np
import pytest
from small_releases import write_ped2, write_video

from syrfa.datasets.check import examine
from syrfa.datasets.masks import open_masks
from syrfa.datasets.published import PUBLISHED
from syrfa.errors import ConfigError


def look(key, root, **options):
    return examine(key, root, workers=1, **options)


def test_a_folder_with_a_table_of_labels(tmp_path):
    write_video(tmp_path / "footage" / "a.avi", 20)
    (tmp_path / "labels.csv").write_text("video,start,end\na.avi,3,5\n")
    rule = {"labels": tmp_path / "labels.csv", "unit": "frames", "first_frame": 0, "end_included": True}
    found = look("folder", tmp_path / "footage", init_args=rule)
    assert found.problems == 0
    assert (found.splits["test"].frames, found.splits["test"].abnormal_frames) == (20, 3)
    (tmp_path / "labels.csv").write_text("video,start,end\na.avi,3,20\n")
    found = look("folder", tmp_path / "footage", init_args=rule)
    assert [f.level for f in found.findings].count("problem") == 1
    with pytest.raises(ConfigError, match="init_args"):
        look("folder", tmp_path / "footage", init_args={"labels_file": "x"})


def test_a_damaged_file_of_ones_own(tmp_path):
    write_video(tmp_path / "a.avi", 20)
    (tmp_path / "b.avi").write_bytes(b"no video at all")
    found = look("folder", tmp_path)
    assert [f for f in found.findings if f.level == "problem" and "b.avi" in str(f)]
    assert found.splits["test"].videos == 2
    assert found.splits["test"].frames is None


def test_a_generated_world_is_not_compared(tmp_path):
    root = write_ped2(tmp_path)
    (root / "training" / "frames" / "16" / "149.jpg").unlink()
    assert look("ped2", root, fast=True).problems == 1
    (root / "world.json").write_text("{}")
    found = look("ped2", root, fast=True)
    assert found.problems == 0
    assert found.splits["train"].published is None
    assert any("generated world" in str(f) for f in found.findings)


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["08", "18", "21"])
def test_avenue_table_is_that_of_the_volumes(shared_data, name):
    video = PUBLISHED["avenue"].splits["test"].per_video[name]
    file = shared_data / "avenue" / "testing_label_mask" / f"{int(name)}_label.mat"
    labels = open_masks(file, video.frames).frame_labels()
    assert int(labels.sum()) == video.abnormal
    assert int(np.argmax(labels)) == video.first


def test_a_video_is_decoded_once_though_its_labels_need_its_length(tmp_path, monkeypatch):
    write_video(tmp_path / "a.avi", 20)
    (tmp_path / "labels.csv").write_text("video,start,end\na.avi,3,5\n")
    counted = []
    monkeypatch.setattr("syrfa.datasets.base.frame_count", lambda path: counted.append(path) or 20)
    rule = {"labels": tmp_path / "labels.csv", "unit": "frames", "first_frame": 0, "end_included": True}
    assert look("folder", tmp_path, init_args=rule).splits["test"].abnormal_frames == 3
    assert counted == []
