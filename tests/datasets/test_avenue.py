"""CUHK Avenue as released and as repacked, written small."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from dataset_trees import one_line, write_cells, write_frames
from scipy.io import savemat
from small_releases import write_video

from syrfa.datasets import Avenue
from syrfa.errors import ConfigError, DataNotFoundError, LabelError

LABELS = {"01": [0, 0, 1, 1, 1, 0], "02": [1, 1, 0, 0, 0, 1]}
INTERVALS = [[[3], [5]], [[1, 6], [2, 6]]]
MASKS = {name: np.zeros((6, 12, 18), np.uint8) for name in LABELS}
for _name, _labels in LABELS.items():
    MASKS[_name][np.flatnonzero(_labels), 2:4, 3:6] = 1


def write_videos(folder, names=("01", "02")):
    for name in names:
        write_video(folder / f"{name}.avi", 6)


def write_label_masks(folder):
    folder.mkdir(parents=True)
    for name, masks in MASKS.items():
        cells = np.empty((1, len(masks)), object)
        cells[0] = [*masks]
        savemat(folder / f"{int(name)}_label.mat", {"volLabel": cells}, do_compression=True)


def write_release(root):
    write_videos(root / "training_videos")
    write_videos(root / "testing_videos")
    write_label_masks(root / "ground_truth_demo" / "testing_label_mask")
    return root


def write_repack(root, first=0):
    for name in ("training/frames/01", "testing/frames/01", "testing/frames/02"):
        write_frames(root / name, 6, first, ".jpg")
    return root


def quiet(call):
    """Without the warning that a small copy lacks videos."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".* are missing; results are of those")
        return call()


def labels_of(dataset):
    records = quiet(lambda: dataset.videos("test"))
    return {record.name: quiet(lambda record=record: dataset.frame_labels(record)).tolist() for record in records}


@pytest.mark.parametrize("inner", ["", "Avenue Dataset", "Avenue"])
def test_the_release(tmp_path, inner):
    write_release(tmp_path / inner)
    dataset = Avenue(tmp_path)
    train, test = (quiet(lambda split=split: dataset.videos(split)) for split in dataset.splits)
    assert [record.path.name for record in (*train, *test)] == ["01.avi", "02.avi"] * 2
    assert dataset.frame_labels(train[0]) is None
    assert labels_of(dataset) == LABELS
    for record in test:
        for frame in (0, 2, 5):
            assert np.array_equal(dataset.pixel_mask(record, frame), MASKS[record.name][frame] > 0)
    told = quiet(dataset.describe_layout)
    assert "labels: masks" in told
    assert "2 of 21 videos" in told
    assert "pixel masks: of 2 of 2" in told


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("kind", ["masks", "intervals", "vectors", "flat"])
def test_the_repack_with_labels_of_every_kind(tmp_path, first, kind):
    root = write_repack(tmp_path, first)
    if kind == "masks":
        write_label_masks(root / "testing_label_mask")
    elif kind == "intervals":
        write_cells(root / "avenue.mat", INTERVALS)
    elif kind == "vectors":
        (root / "testing" / "test_frame_mask").mkdir()
        for name, labels in LABELS.items():
            np.save(root / "testing" / "test_frame_mask" / f"{name}.npy", np.array(labels))
    else:
        np.save(root / "frame_labels_avenue.npy", np.concatenate([*LABELS.values()])[None])
    dataset = Avenue(root, one_means="abnormal")
    assert labels_of(dataset) == LABELS
    assert f"labels: {'vectors' if kind == 'flat' else kind}" in quiet(dataset.describe_layout)
    if kind in ("vectors", "flat"):
        with pytest.raises(LabelError) as error:
            labels_of(Avenue(root))
        one_line(error, "6 of 12 frames are 1", "3,712 or 3,867 of 15,324", "one_means=")
        inverted = labels_of(Avenue(root, one_means="normal"))
        assert inverted == {name: [1 - label for label in labels] for name, labels in LABELS.items()}


@pytest.mark.parametrize(("abnormal", "inverted"), [(3712, False), (3867, False), (3712, True)])
def test_a_whole_split_proves_its_polarity(tmp_path, abnormal, inverted):
    truth = np.arange(15_324) < abnormal
    (tmp_path / "test_frame_mask").mkdir()
    parts = np.array_split(truth != inverted, 21)
    for number, labels in enumerate(parts, start=1):
        (tmp_path / "testing" / "frames" / f"{number:02d}").mkdir(parents=True)
        np.save(tmp_path / "test_frame_mask" / f"{number:02d}.npy", labels)
    dataset = Avenue(tmp_path)
    record = replace(dataset.videos("test")[0], frames=len(parts[0]))
    if inverted:
        with pytest.warns(UserWarning, match="inverted, proved"):
            labels = dataset.frame_labels(record)
    else:
        labels = dataset.frame_labels(record)
    assert labels.all()


def test_two_annotations_at_once_are_stated_and_settled(tmp_path):
    root = write_release(tmp_path)
    write_cells(root / "avenue.mat", [[[1], [1]], [[2], [2]]])
    dataset = Avenue(root)
    with pytest.warns(UserWarning, match="masks and intervals are there.*labels_from=masks"):
        assert labels_of(dataset) == LABELS
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=".* are missing; results are of those")
        assert labels_of(Avenue(root, labels_from="masks")) == LABELS
        told = Avenue(root, labels_from="intervals")
        assert labels_of(told) == {"01": [1, 0, 0, 0, 0, 0], "02": [0, 1, 0, 0, 0, 0]}
        assert "there too and not read: masks" in told.describe_layout()
        masks = Avenue(root, labels_from="masks")
        assert masks.manifest_hash("test") != told.manifest_hash("test")
        assert masks.manifest_hash("train") == told.manifest_hash("train")


def test_intervals_of_the_whole_split_go_by_numbers(tmp_path):
    """A copy that lacks video 01 must not give its labels to 02."""
    write_frames(tmp_path / "testing" / "frames" / "02", 6, 0, ".jpg")
    write_cells(tmp_path / "avenue.mat", [INTERVALS[0], INTERVALS[1], *[[]] * 19])
    assert labels_of(Avenue(tmp_path)) == {"02": LABELS["02"]}


def test_intervals_of_another_number_of_videos(tmp_path):
    write_cells(write_repack(tmp_path) / "avenue.mat", INTERVALS[:1])
    with pytest.raises(LabelError) as error:
        labels_of(Avenue(tmp_path))
    one_line(error, "avenue.mat", "1 videos", "has 2")


def test_no_labels_no_videos_no_such_split_and_a_video_twice(tmp_path):
    with pytest.raises(DataNotFoundError) as error:
        Avenue(tmp_path).videos("test")
    one_line(error, tmp_path, "test split", "testing_videos/01.avi")
    root = write_repack(tmp_path)
    with pytest.raises(DataNotFoundError) as error:
        labels_of(Avenue(root))
    one_line(error, root, "testing_label_mask/1_label.mat", "avenue.mat")
    with pytest.raises(DataNotFoundError) as error:
        labels_of(Avenue(root, labels_from="masks"))
    one_line(error, "no masks of test video 01")
    with pytest.raises(ConfigError):
        Avenue(root).videos("validation")
    write_videos(root / "testing_videos", ["1", "01"])
    with pytest.raises(ConfigError) as error:
        Avenue(root).videos("test")
    one_line(error, "1.avi", "01.avi", "leave one")


@pytest.mark.parametrize("count", [5, 7])
def test_masks_of_another_length(tmp_path, count):
    root = write_release(tmp_path)
    cells = np.empty((1, count), object)
    cells[0] = [np.zeros((12, 18), np.uint8)] * count
    file = root / "ground_truth_demo" / "testing_label_mask" / "1_label.mat"
    savemat(file, {"volLabel": cells})
    with pytest.raises(LabelError) as error:
        labels_of(Avenue(root))
    one_line(error, file, f"{count} masks", "6 frames")


def test_masks_that_differ_in_size(tmp_path):
    root = write_release(tmp_path)
    cells = np.empty((1, 6), object)
    cells[0] = [np.zeros((12, 18 + number % 2), np.uint8) for number in range(6)]
    savemat(root / "ground_truth_demo" / "testing_label_mask" / "1_label.mat", {"volLabel": cells})
    dataset = Avenue(root)
    with pytest.raises(LabelError, match="differ in size"):
        dataset.pixel_mask(quiet(lambda: dataset.videos("test"))[0], 0)


def test_a_changed_mask_is_noticed(tmp_path):
    root = write_release(tmp_path)
    dataset = Avenue(root)
    before, train = (quiet(lambda split=split: dataset.manifest_hash(split)) for split in ("test", "train"))
    file = root / "ground_truth_demo" / "testing_label_mask" / "1_label.mat"
    file.write_bytes(file.with_name("2_label.mat").read_bytes())
    assert dataset.manifest_hash("test") != before
    assert dataset.manifest_hash("train") == train
