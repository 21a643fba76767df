"""ShanghaiTech in the layout of the release and as loose clips, written small."""

import warnings
from functools import partial

import cv2
import numpy as np
import pytest
import small_releases
from dataset_trees import one_line
from scipy.io import savemat

from syrfa.datasets import ShanghaiTech, VideoRecord
from syrfa.errors import ConfigError, DataNotFoundError, LabelError, VideoError

LABELS = {"01_0014": [0, 0, 1, 1, 1, 0], "12_0175": [1, 1, 1, 1, 1, 1]}


write_frames = partial(small_releases.write_frames, frames=6, size=(64, 48))


def write_masks(folder):
    folder.mkdir(parents=True)
    for name, labels in LABELS.items():
        np.save(folder / f"{name}.npy", np.array(labels, np.uint8))


def write_release(root):
    for name in ("01_001", "01_002"):
        small_releases.write_video(root / "training" / "videos" / f"{name}.avi", 6)
    for name in LABELS:
        write_frames(root / "testing" / "frames" / name)
    write_masks(root / "testing" / "test_frame_mask")
    return root


def write_clips(root):
    small_releases.write_video(root / "clips" / "01_0014.mp4", 6, codec="mp4v")
    write_frames(root / "clips" / "12_0175")
    write_masks(root / "test_frame_mask")
    return root


@pytest.fixture
def clips(tmp_path):
    return write_clips(tmp_path)


def quiet(dataset, split="test"):
    """The clips of a small copy, without the warning that they are few."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return dataset.videos(split)


@pytest.mark.parametrize("write", [write_release, write_clips])
def test_test_clips_and_their_labels(tmp_path, write):
    dataset = ShanghaiTech(write(tmp_path))
    records = quiet(dataset)
    assert [record.name for record in records] == ["01_0014", "12_0175"]
    for record in records:
        labels = dataset.frame_labels(record)
        assert labels.dtype == np.uint8
        assert labels.tolist() == LABELS[record.name]


def test_training_videos_are_normal(tmp_path):
    dataset = ShanghaiTech(write_release(tmp_path))
    records = quiet(dataset, "train")
    assert [record.path.name for record in records] == ["01_001.avi", "01_002.avi"]
    assert dataset.frame_labels(records[0]) is None


def test_missing_clips_are_stated_once_a_split(tmp_path):
    dataset = ShanghaiTech(write_release(tmp_path))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        dataset.manifest("test")
        for split in ("test", "train", "train"):
            dataset.videos(split)
    test, train = (str(warning.message) for warning in told)
    assert "\n" not in test
    assert f"{tmp_path / 'testing' / 'frames'}: 2 of 107 clips" in test
    assert "105 are missing" in test
    assert f"{tmp_path / 'training' / 'videos'}: 2 of 330 clips" in train


def test_a_whole_split_is_read_in_silence(tmp_path):
    for number in range(107):
        (tmp_path / "clips" / f"01_{number:04d}").mkdir(parents=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(ShanghaiTech(tmp_path).videos("test")) == 107


def test_other_files_are_no_clips(clips):
    for name in ("01_0015.npy", "notes.mp4", "01_015.mp4"):
        (clips / "clips" / name).write_bytes(b"x")
    (clips / "clips" / "01_0016.old").mkdir()
    assert len(quiet(ShanghaiTech(clips))) == 2


def test_no_training_split(clips):
    with pytest.raises(DataNotFoundError) as error:
        ShanghaiTech(clips).videos("train")
    one_line(error, clips, "train split", "training/videos/01_001.avi")


def test_no_clip_and_no_such_split(tmp_path):
    (tmp_path / "testing" / "frames").mkdir(parents=True)
    with pytest.raises(DataNotFoundError) as error:
        ShanghaiTech(tmp_path).videos("test")
    one_line(error, tmp_path, "test split", "testing/frames/01_0014/000.jpg")
    with pytest.raises(ConfigError):
        ShanghaiTech(tmp_path).videos("validation")


def test_a_clip_that_is_there_twice(clips):
    write_frames(clips / "clips" / "01_0014")
    with pytest.raises(ConfigError) as error:
        ShanghaiTech(clips).videos("test")
    one_line(error, clips / "clips", "01_0014.mp4")


@pytest.mark.parametrize("name", LABELS)
@pytest.mark.parametrize("frames", [5, 7])
def test_labels_of_another_length_than_the_decoded_clip(clips, name, frames):
    dataset = ShanghaiTech(clips)
    record = next(record for record in quiet(dataset) if record.name == name)
    file = clips / "test_frame_mask" / f"{name}.npy"
    np.save(file, np.ones(frames, np.uint8))
    with pytest.raises(LabelError) as error:
        dataset.frame_labels(record)
    one_line(error, file, f"{frames} labels", "6 frames")


def test_a_clip_without_a_mask(clips):
    dataset = ShanghaiTech(clips)
    (clips / "test_frame_mask" / "01_0014.npy").unlink()
    record = quiet(dataset)[0]
    for call in (lambda: dataset.frame_labels(record), lambda: dataset.manifest("test")):
        with pytest.raises(DataNotFoundError) as error:
            call()
        one_line(error, "01_0014.npy", clips / "test_frame_mask")


@pytest.mark.parametrize(
    "content",
    [np.array([0, 1, 2, 0, 0, 0]), np.zeros((6, 1)), np.array([0, 1, None, 0, 0, 0]), np.array(list("010100"))],
)
def test_masks_that_are_none(clips, content):
    file = clips / "test_frame_mask" / "01_0014.npy"
    np.save(file, content, allow_pickle=True)
    dataset = ShanghaiTech(clips)
    with pytest.raises(LabelError) as error:
        dataset.frame_labels(quiet(dataset)[0])
    one_line(error, file)


def test_a_damaged_video(clips):
    file = clips / "clips" / "01_0014.mp4"
    file.write_bytes(file.read_bytes()[:100])
    dataset = ShanghaiTech(clips)
    with pytest.raises(VideoError) as error:
        dataset.frame_labels(quiet(dataset)[0])
    one_line(error, file)


def write_all_masks(root, inverted):
    """107 masks with the published sum, that of the first clip of six frames."""
    folder = root / "testing" / "test_frame_mask"
    folder.mkdir(parents=True)
    lengths = [6, *[385] * 105, 360]
    truth = np.arange(sum(lengths)) % 40_791 < 17_326
    for number, labels in enumerate(np.split(truth != inverted, np.cumsum(lengths)[:-1])):
        np.save(folder / f"01_{number:04d}.npy", labels.astype(np.uint8))
    write_frames(root / "testing" / "frames" / "01_0000")
    return ShanghaiTech(root), VideoRecord("01_0000", root / "testing" / "frames" / "01_0000", "test")


def test_all_masks_have_the_published_sum(tmp_path):
    dataset, record = write_all_masks(tmp_path, inverted=False)
    assert dataset.frame_labels(record).tolist() == [1] * 6


def test_inverted_masks_are_turned_round_and_stated_once(tmp_path):
    dataset, record = write_all_masks(tmp_path, inverted=True)
    with pytest.warns(UserWarning, match="inverted, proved: 23,465 of 40,791") as told:
        assert [dataset.frame_labels(record).tolist() for _ in range(2)] == [[1] * 6] * 2
    assert len(told) == 1
    assert str(tmp_path / "testing" / "test_frame_mask") in str(told[0].message)


def test_masks_of_neither_sum_are_refused_until_somebody_says_what_1_means(tmp_path):
    dataset, record = write_all_masks(tmp_path, inverted=True)
    np.save(tmp_path / "testing" / "test_frame_mask" / "01_0001.npy", np.ones(385, np.uint8))
    for _ in range(2):
        with pytest.raises(LabelError) as error:
            dataset.frame_labels(record)
        one_line(error, tmp_path, "of 40,791", "17,326", "one_means=")
    for meaning, label in (("normal", 1), ("abnormal", 0)):
        assert ShanghaiTech(tmp_path, one_means=meaning).frame_labels(record).tolist() == [label] * 6


def test_a_part_of_the_masks_is_read_as_released_or_as_told(clips):
    assert "not proved" in describe(ShanghaiTech(clips))
    record = quiet(ShanghaiTech(clips))[0]
    told = ShanghaiTech(clips, one_means="normal")
    assert told.frame_labels(record).tolist() == [1, 1, 0, 0, 0, 1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert told.manifest_hash("test") != ShanghaiTech(clips).manifest_hash("test")


def describe(dataset):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return dataset.describe_layout()


PIXELS = np.zeros((6, 48, 64), bool)
PIXELS[2:5, 10:20, 5:12] = True


def write_pixel_masks(folder, kind):
    folder.mkdir(parents=True)
    file = folder / "01_0014"
    if kind == "npy":
        np.save(f"{file}.npy", PIXELS)
    elif kind == "npy by plane":
        np.save(f"{file}.npy", np.moveaxis(PIXELS, 0, 2))
    elif kind == "mat":
        savemat(f"{file}.mat", {"masks": np.moveaxis(PIXELS, 0, 2).astype(np.uint8)}, do_compression=True)
    elif kind == "npy a frame":
        file.mkdir()
        for number, mask in enumerate(PIXELS):
            np.save(file / f"{number}.npy", mask)
    else:
        file.mkdir()
        for number, mask in enumerate(PIXELS):
            cv2.imwrite(str(file / f"{number:03d}{kind}"), mask.astype(np.uint8) * 255)


@pytest.mark.parametrize("kind", ["npy", "npy by plane", "mat", "npy a frame", ".png", ".bmp"])
@pytest.mark.parametrize("place", ["testing/test_pixel_mask", "test_pixel_mask"])
def test_pixel_masks_of_every_kind(clips, kind, place):
    write_pixel_masks(clips / place, kind)
    dataset = ShanghaiTech(clips)
    masked, other = quiet(dataset)
    assert [dataset.pixel_mask(masked, frame).tolist() for frame in (1, 2, 4, 5)] == PIXELS[[1, 2, 4, 5]].tolist()
    assert dataset.pixel_mask(masked, 2).dtype == bool
    assert dataset.pixel_mask(other, 2) is None
    assert "pixel masks: of 1 of 2" in describe(dataset)


def test_frame_labels_of_pixel_masks_alone_are_stated(tmp_path):
    write_pixel_masks(tmp_path / "testing" / "test_pixel_mask", "npy")
    write_frames(tmp_path / "testing" / "frames" / "01_0014")
    dataset = ShanghaiTech(tmp_path)
    record = quiet(dataset)[0]
    with pytest.warns(UserWarning, match="no frame masks"):
        assert dataset.frame_labels(record).tolist() == LABELS["01_0014"]
    assert dataset.manifest("test")["labels"].keys() == {"01_0014"}


def test_all_labels_in_one_vector(tmp_path):
    for name in LABELS:
        write_frames(tmp_path / "testing" / "frames" / name)
    np.save(tmp_path / "frame_labels_shanghai.npy", np.array([[1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]]))
    unsure = ShanghaiTech(tmp_path)
    records = quiet(unsure)
    with pytest.raises(LabelError) as error:
        unsure.frame_labels(records[0])
    one_line(error, "frame_labels_shanghai.npy", "3 of 12", "one_means=abnormal")
    told = ShanghaiTech(tmp_path, one_means="normal")
    quiet(told)
    assert [told.frame_labels(record).tolist() for record in records] == list(LABELS.values())
    assert "1 = normal, as one_means says" in describe(told)


def test_scenes_are_counted_and_a_missing_split_is_said(clips):
    told = describe(ShanghaiTech(clips))
    assert "train: none" in told
    assert "2 of 107 clips, 2 of 13 scenes" in told


@pytest.mark.parametrize("place", ["training", "training/frames"])
def test_training_frames_without_the_folder_frames(tmp_path, place):
    write_frames(tmp_path / place / "13_001")
    assert [record.name for record in quiet(ShanghaiTech(tmp_path), "train")] == ["13_001"]


def test_the_manifest_follows_the_masks(tmp_path):
    a, b = ShanghaiTech(write_release(tmp_path / "a")), ShanghaiTech(write_release(tmp_path / "b"))
    for dataset in (a, b):
        for split in ("train", "test"):
            quiet(dataset, split)
    assert a.manifest_hash("test") == b.manifest_hash("test") != a.manifest_hash("train")
    np.save(tmp_path / "b" / "testing" / "test_frame_mask" / "01_0014.npy", np.array([0, 0, 1, 1, 0, 0], np.uint8))
    assert a.manifest_hash("test") != b.manifest_hash("test")
    assert a.manifest_hash("train") == b.manifest_hash("train")
