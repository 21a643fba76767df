"""UCSD Ped2 in the official and in the circulated layout, written small."""

import shutil

import numpy as np
import pytest
from dataset_trees import SCRIPT, one_line, write_cells, write_circulated, write_official
from scipy.io import savemat

from syrfa.datasets import UCSDPed2
from syrfa.datasets.video import frame_count
from syrfa.errors import ConfigError, DataNotFoundError, LabelError, VideoError


@pytest.mark.parametrize("inner", ["", "UCSDped2"])
def test_official_layout(tmp_path, inner):
    dataset = UCSDPed2(write_official(tmp_path) / inner)
    assert [v.name for v in dataset.videos("train")] == ["Train001", "Train002"]
    first, second = dataset.videos("test")
    assert (first.name, second.name) == ("Test001", "Test002")
    assert dataset.frame_labels(first).tolist() == [0, 0, 1, 1, 1, 0]
    assert dataset.frame_labels(second).tolist() == [1, 1, 0, 0, 0, 1]
    assert dataset.frame_labels(dataset.videos("train")[0]) is None
    assert dataset.pixel_mask(first, 2).sum() == 6
    assert not dataset.pixel_mask(first, 0).any()
    assert dataset.pixel_mask(second, 0) is None
    assert dataset.id_mask(first, 2) is None
    assert dataset.tracks(first) == []
    assert frame_count(first.path) == 6


@pytest.mark.parametrize("first", [0, 1])
def test_circulated_layout(tmp_path, first):
    dataset = UCSDPed2(write_circulated(tmp_path, first))
    assert [v.name for v in dataset.videos("train")] == ["01", "02"]
    assert [dataset.frame_labels(v).tolist() for v in dataset.videos("test")] == [
        [0, 0, 1, 1, 1, 0],
        [1, 1, 0, 0, 0, 1],
    ]


def test_missing_root_and_empty_split(tmp_path):
    with pytest.raises(DataNotFoundError) as error:
        UCSDPed2(tmp_path / "none").videos("train")
    one_line(error, tmp_path / "none", "Train001")
    (tmp_path / "training" / "frames").mkdir(parents=True)
    (tmp_path / "testing" / "frames").mkdir(parents=True)
    with pytest.raises(DataNotFoundError) as error:
        UCSDPed2(tmp_path).videos("train")
    one_line(error, tmp_path / "training" / "frames")
    with pytest.raises(ConfigError):
        UCSDPed2(tmp_path).videos("validation")


def test_zero_frames_in_a_folder(tmp_path):
    dataset = UCSDPed2(write_circulated(tmp_path))
    record = dataset.videos("test")[0]
    for file in record.path.iterdir():
        file.rename(file.with_suffix(".dat"))
    with pytest.raises(VideoError) as error:
        dataset.frame_labels(record)
    one_line(error, record.path, ".tif")


def test_no_label_file(tmp_path):
    dataset = UCSDPed2(write_circulated(tmp_path))
    (tmp_path / "ped2.mat").unlink()
    with pytest.raises(DataNotFoundError) as error:
        dataset.frame_labels(dataset.videos("test")[0])
    one_line(error, tmp_path / "ped2.mat")


@pytest.mark.parametrize(
    "script",
    [
        "nothing here",
        SCRIPT + "TestVideoFile{end+1}.gt_frame = [1:2];\n",  # more videos than there are
        "TestVideoFile{end+1}.gt_frame = [3:5];\n",  # fewer
        SCRIPT.replace("3:5", "3:7"),  # beyond the end
        SCRIPT.replace("3:5", "0:5"),  # 0-based
        SCRIPT.replace("3:5", "5:3"),
        SCRIPT.replace("3:5", "system('x')"),
    ],
)
def test_bad_scripts(tmp_path, script):
    dataset = UCSDPed2(write_official(tmp_path))
    file = tmp_path / "UCSDped2" / "Test" / "UCSDped2.m"
    file.write_text(script)
    with pytest.raises(LabelError) as error:
        dataset.frame_labels(dataset.videos("test")[0])
    one_line(error, file)


@pytest.mark.parametrize("case", ["damaged", "other key", "one row", "too long"])
def test_bad_mat_files(tmp_path, case):
    dataset = UCSDPed2(write_circulated(tmp_path))
    file = tmp_path / "ped2.mat"
    if case == "damaged":
        file.write_bytes(file.read_bytes()[:150])
    elif case == "other key":
        savemat(file, {"labels": np.zeros(3)})
    else:
        write_cells(file, [[[3, 5]] if case == "one row" else [[3], [7]]] * 2)
    with pytest.raises(LabelError) as error:
        dataset.frame_labels(dataset.videos("test")[0])
    one_line(error, file)


def test_masks_that_do_not_fit(tmp_path):
    dataset = UCSDPed2(write_official(tmp_path))
    record = dataset.videos("test")[0]
    (record.annotations / "006.bmp").unlink()
    with pytest.raises(LabelError) as error:
        dataset.pixel_mask(record, 0)
    one_line(error, record.annotations, "5 masks", "6 frames")


def test_equal_copies_have_equal_manifests(tmp_path):
    write_circulated(tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    a, b = UCSDPed2(tmp_path / "a"), UCSDPed2(tmp_path / "b")
    assert a.manifest_hash("test") == b.manifest_hash("test") != a.manifest_hash("train")
    write_cells(tmp_path / "b" / "ped2.mat", [[[3], [4]], [[1], [2]]])
    assert a.manifest_hash("test") != b.manifest_hash("test")
    assert a.manifest_hash("train") == b.manifest_hash("train")
