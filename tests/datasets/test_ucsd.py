"""UCSD Ped1 and Ped2 in the official and the circulated layout, written small; masks and label vectors of all kinds."""

import shutil

import cv2
import numpy as np
import pytest
from dataset_trees import SCRIPT, one_line, write_cells, write_circulated, write_frames, write_official
from scipy.io import savemat

from syrfa.datasets import UCSDPed1, UCSDPed2
from syrfa.errors import ConfigError, DataNotFoundError, LabelError, VideoError

LABELS = [[0, 0, 1, 1, 1, 0], [1, 1, 0, 0, 0, 1]]
MASKS = np.zeros((6, 12, 18), np.uint8)
MASKS[2:5, 2:4, 3:6] = 255


def write_ped1(root):
    """The release: Ped1 has masks of some test videos alone."""
    write_official(root / "x")
    (root / "x" / "UCSDped2").rename(root / "UCSDped1")
    (root / "UCSDped1" / "Test" / "UCSDped2.m").rename(root / "UCSDped1" / "Test" / "UCSDped1.m")
    return root


@pytest.mark.parametrize(("write", "reader"), [(write_ped1, UCSDPed1), (write_official, UCSDPed2)])
@pytest.mark.parametrize("inside", [False, True])
def test_official_layout(tmp_path, write, reader, inside):
    name = f"UCSDped{reader.number}"
    dataset = reader(write(tmp_path) / (name if inside else ""))
    assert [v.name for v in dataset.videos("train")] == ["Train001", "Train002"]
    first, second = dataset.videos("test")
    assert (first.name, second.name, first.length()) == ("Test001", "Test002", 6)
    assert [dataset.frame_labels(v).tolist() for v in (first, second)] == LABELS
    assert dataset.frame_labels(dataset.videos("train")[0]) is None
    assert [dataset.pixel_mask(first, frame).sum() for frame in (0, 2)] == [0, 6]
    assert dataset.pixel_mask(second, 2) is None
    assert (dataset.id_mask(first, 2), dataset.tracks(first)) == (None, [])
    text = dataset.describe_layout()
    assert str(tmp_path / name / "Test" / f"{name}.m") in text
    assert "pixel masks: of 1 of 2" in text
    assert dataset.manifest("test")["dataset"] == f"ped{reader.number}"


@pytest.mark.parametrize("first", [0, 1])
def test_circulated_layout(tmp_path, first):
    dataset = UCSDPed2(write_circulated(tmp_path, first))
    assert [v.name for v in dataset.videos("train")] == ["01", "02"]
    assert [dataset.frame_labels(v).tolist() for v in dataset.videos("test")] == LABELS


@pytest.mark.parametrize("place", ["UCSD_Anomaly_Dataset.v1p2/UCSDped1", "ped1"])
def test_the_archive_s_own_folder_and_a_short_name(tmp_path, place):
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (write_ped1(tmp_path / "made") / "UCSDped1").rename(tmp_path / place)
    assert len(UCSDPed1(tmp_path).videos("test")) == 2


@pytest.mark.parametrize("frames", ["/frames", ""])
@pytest.mark.parametrize("names", ["01 02", "Test001 Test002"])
def test_repacks(tmp_path, frames, names):
    for split, prefix in (("training", "Train"), ("testing", "Test")):
        for name in names.replace("Test", prefix).split():
            write_frames(tmp_path / f"{split}{frames}" / name, 6, 0, ".jpg")
    write_cells(tmp_path / "ped1.mat", [[[3], [5]], [[1, 6], [2, 6]]])
    dataset = UCSDPed1(tmp_path)
    assert [v.name for v in dataset.videos("test")] == names.split()
    assert [dataset.frame_labels(v).tolist() for v in dataset.videos("test")] == LABELS


def test_the_other_walkway_is_noticed(tmp_path):
    for write, reader, wanted in ((write_ped1, UCSDPed2, "UCSDPed1"), (write_official, UCSDPed1, "UCSDPed2")):
        folder = tmp_path / wanted
        folder.mkdir()
        write(folder)
        with pytest.raises(DataNotFoundError) as error:
            reader(folder / wanted.replace("P", "p")).videos("test")
        one_line(error, f"syrfa.datasets.{wanted}")


def save_masks(parent, name, kind):
    if kind == ".npy":
        np.save(parent / f"{name}.npy", MASKS)
    elif kind == ".mat":
        cells = np.empty((1, 6), object)
        cells[0] = [*MASKS]
        savemat(parent / f"{name}.mat", {"volLabel": cells})
    else:
        (parent / name).mkdir()
        for number, mask in enumerate(MASKS, start=1):
            cv2.imwrite(str(parent / name / f"{number:03d}{kind}"), mask)


@pytest.mark.parametrize("kind", [".bmp", ".png", ".npy", ".mat"])
@pytest.mark.parametrize("place", ["01_gt", "01_GT", "../test_pixel_mask/01", "../masks/01_gt"])
def test_masks_of_every_kind_and_name(tmp_path, kind, place):
    root = write_circulated(tmp_path)
    parent = (root / "testing" / "frames" / place).parent
    parent.mkdir(exist_ok=True)
    save_masks(parent, place.split("/")[-1], kind)
    dataset = UCSDPed2(root)
    first, second = dataset.videos("test")
    assert [v.name for v in (first, second)] == ["01", "02"]  # the folder of masks is no video
    for frame in (0, 2, 4):
        assert np.array_equal(dataset.pixel_mask(first, frame), MASKS[frame] > 0)
    assert dataset.pixel_mask(second, 0) is None


def test_labels_of_masks_where_there_is_no_label_file(tmp_path):
    root = write_circulated(tmp_path)
    (root / "ped2.mat").unlink()
    save_masks(root / "testing" / "frames", "01_gt", ".png")
    with pytest.raises(DataNotFoundError):  # the other video has neither
        UCSDPed2(root).frame_labels(UCSDPed2(root).videos("test")[0])
    save_masks(root / "testing" / "frames", "02_gt", ".npy")
    dataset = UCSDPed2(root)
    with pytest.warns(UserWarning, match="no label file") as told:
        labels = [dataset.frame_labels(video).tolist() for video in dataset.videos("test")]
    assert labels == [LABELS[0]] * 2
    assert len(told) == 1
    before = dataset.manifest_hash("test")
    np.save(root / "testing" / "frames" / "02_gt.npy", MASKS[::-1])
    assert dataset.manifest_hash("test") != before


def write_vector(root, labels, lengths):
    for split, numbers in (("training", [1]), ("testing", range(1, len(lengths) + 1))):
        for number in numbers:
            folder = root / split / "frames" / f"{number:02d}"
            folder.mkdir(parents=True)
            for frame in range(lengths[number - 1]):
                (folder / f"{frame:04d}.jpg").touch()  # only their number matters
    np.save(root / "frame_labels_ped2.npy", labels)


@pytest.mark.parametrize("inverted", [False, True])
def test_a_circulated_vector_of_ped2_is_proved_by_its_sum(tmp_path, inverted):
    truth = (np.arange(2010) < 1648).astype(np.uint8)
    write_vector(tmp_path, 1 - truth[None] if inverted else truth, [1600, 410])
    dataset = UCSDPed2(tmp_path)
    second = dataset.videos("test")[1]
    if inverted:
        with pytest.warns(UserWarning, match="inverted, proved: 362 of 2,010"):
            labels = dataset.frame_labels(second)
    else:
        labels = dataset.frame_labels(second)
    assert labels.tolist() == truth[1600:].tolist()
    assert "proved" in dataset.describe_layout()


def test_a_vector_shifted_by_a_frame_an_interval_is_refused(tmp_path):
    """The usual slip, start:end for start-1:end, loses the first frame of each of the twelve intervals."""
    write_vector(tmp_path, np.arange(2010) < 1636, [1600, 410])
    record = UCSDPed2(tmp_path).videos("test")[0]
    with pytest.raises(LabelError) as error:
        UCSDPed2(tmp_path).frame_labels(record)
    one_line(error, "frame_labels_ped2.npy", "1,636 of 2,010", "1,648", "shifted by a frame", "one_means=abnormal")
    told = UCSDPed2(tmp_path, one_means="abnormal")
    assert told.frame_labels(record).sum() == 1600
    assert told.manifest("test")["one_means"] == "abnormal"


def test_a_vector_of_another_length(tmp_path):
    write_vector(tmp_path, np.zeros(2009), [1600, 410])
    with pytest.raises(LabelError) as error:
        UCSDPed2(tmp_path).frame_labels(UCSDPed2(tmp_path).videos("test")[0])
    one_line(error, "2009 labels", "2010 frames")


def test_the_file_that_is_not_read_is_named(tmp_path):
    root = write_circulated(tmp_path)
    (root / "UCSDped2.m").write_text(SCRIPT)
    assert "there too and not read: UCSDped2.m" in UCSDPed2(root).describe_layout()


def test_a_normal_video_has_an_empty_cell(tmp_path):
    root = write_circulated(tmp_path)
    write_cells(root / "ped2.mat", [[[3], [5]], []])
    dataset = UCSDPed2(root)
    assert dataset.frame_labels(dataset.videos("test")[1]).tolist() == [0] * 6


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
