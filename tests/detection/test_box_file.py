"""Files of boxes: what is written is read, what is malformed is refused in little memory."""

import hashlib
import struct
import tracemalloc
import warnings
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from syrfa.detection import FileDetector
from syrfa.detection.box_file import BoxFile, Origin, read_boxes, write_boxes
from syrfa.errors import DetectionError

SIZES = [(60, 80), (60, 80)]


def content(path, dataset=None, **changes):
    manifest = "0" * 64 if dataset is None else dataset.manifest_hash("test")
    made = BoxFile(
        path=path,
        boxes=np.array([[-1.5, 4, 14, 61.5, 0.4], [5, 6, 15, 26, 0.7], [1, 2, 11, 22, 0.9]], np.float32),
        class_id=np.array([0, 2, -1], np.int16),
        video=np.array([0, 0, 1]),
        frame=np.array([3, 3, 7]),
        row=np.arange(3),
        names=["Test001", "Test002"],
        frames_per_video=[8, 8],
        frame_sizes=SIZES,
        origin=Origin({"detector": "fake", "confidence": 0.25}, "memory", "test", manifest),
    )
    return replace(made, **changes)


def columns(path):
    with np.load(path) as file:
        return dict(file)


def start(path, dataset, height=60, width=80, split="test"):
    detector = FileDetector(path)
    detector.start(dataset, dataset.videos(split)[0], 8, height, width)
    return detector.detect(np.zeros((8, 0, 0, 3), np.uint8), 0)


@pytest.fixture
def dataset(make_dataset, tmp_path):
    made = make_dataset()
    for name in made.names:
        (tmp_path / name).write_bytes(b"frames")
    return made


def test_what_is_written_is_read(tmp_path):
    made = content(tmp_path / "boxes.npz")
    write_boxes(made)
    read = read_boxes(made.path)
    for name in ("boxes", "class_id", "video", "frame", "row"):
        assert np.array_equal(getattr(read, name), getattr(made, name))
        assert name == "row" or getattr(read, name).dtype == getattr(made, name).dtype
    assert (read.names, read.frames_per_video, read.frame_sizes) == (made.names, [8, 8], SIZES)
    assert read.origin == made.origin
    again = replace(made, path=tmp_path / "again.npz")
    write_boxes(again)
    assert again.path.read_bytes() == made.path.read_bytes()


def test_identity_of_a_file_is_what_it_always_was(tmp_path):
    """Keys of existing caches hash it."""
    path = tmp_path / "boxes.npz"
    path.write_bytes(b"any bytes")
    digest = hashlib.sha256(b"any bytes").hexdigest()
    assert FileDetector(path).identity() == {"detector": "file", "clip": False, "sha256": {"boxes.npz": digest}}


def test_a_file_names_the_detector_that_made_it(tmp_path):
    detector = FileDetector(tmp_path / "boxes_{split}.npz")
    made = content(tmp_path / "boxes_test.npz")
    write_boxes(made)
    assert detector.found_by() == made.origin.detector
    write_boxes(replace(made, path=tmp_path / "boxes_train.npz"))
    assert detector.found_by() == made.origin.detector
    write_boxes(replace(made, path=tmp_path / "boxes_train.npz", origin=replace(made.origin, detector={"other": 1})))
    assert detector.found_by() == detector.identity(), "made by two detectors"
    change(made.path, schema=None)
    assert detector.found_by() == detector.identity(), "a file like the published ones"


def test_a_file_that_fits_is_read_in_silence(tmp_path, dataset):
    write_boxes(content(tmp_path / "boxes.npz", dataset))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [len(found) for found in start(tmp_path / "boxes.npz", dataset)] == [0, 0, 0, 2, 0, 0, 0, 0]


def test_another_copy_is_warned_of_once(tmp_path, dataset):
    write_boxes(content(tmp_path / "boxes.npz", dataset))
    (tmp_path / "Test001").write_bytes(b"frames, packed anew")
    detector = FileDetector(tmp_path / "boxes.npz")
    first, second = dataset.videos("test")
    with pytest.warns(UserWarning, match="another copy") as record:
        detector.start(dataset, first, 8, 60, 80)
    assert "\n" not in str(record[0].message)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        detector.start(dataset, second, 8, 60, 80)


def test_another_split_and_another_size_are_refused(tmp_path, dataset):
    path = tmp_path / "boxes.npz"
    write_boxes(content(path, dataset))
    with pytest.raises(DetectionError, match="split test, asked for those of train"):
        start(path, dataset, split="train")
    with pytest.raises(DetectionError, match="is 80x60 there"):
        start(path, dataset, height=120, width=160)


def change(path, **changes):
    arrays = columns(path) | changes
    np.savez(path, **{key: value for key, value in arrays.items() if value is not None})
    return path


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"schema": np.array(2)}, "schema 2, this version of syrfa reads 1; update syrfa"),
        ({"schema": np.array(2), "boxes": None, "names": None}, "update syrfa"),
        ({"schema": np.array(1.0)}, "schema is float64"),
        ({"schema": np.array([1])}, "schema is int64"),
        ({"manifest": None}, "lacks manifest"),
        ({"class_id": None}, "lacks class_id"),
        ({"class_id": np.array([0, 70_000, 0])}, "16 bits"),
        ({"detector": np.array("{")}, "JSON"),
        ({"detector": np.array("[1]")}, "JSON"),
        ({"detector": np.array("[" * 9_000)}, "JSON"),
        ({"detector": np.array(1)}, "expected one text"),
        ({"dataset": np.array(["a", "b"])}, "expected one text"),
        ({"frame_sizes": np.array([[60, 80]])}, "frame_sizes"),
        ({"frame_sizes": np.array([[60.0, 80], [60, 80]])}, "frame_sizes"),
        ({"names": np.array("Test001")}, "expected a list of texts"),
        ({"names": np.array([["Test001", "Test002"]])}, "expected a list of texts"),
        ({"frames_per_video": np.array([8.0, np.nan])}, "frames_per_video"),
        ({"frames_per_video": np.array(8)}, "frames_per_video"),
        ({"boxes": np.array([["a"] * 5] * 3)}, "expected numbers"),
        ({"boxes": np.full((3, 5), 1j)}, "expected numbers"),
        ({"boxes": np.full((3, 5), 1e300)}, "not finite"),
        ({"video": np.array([0, 0, 2**63], np.uint64)}, "no such video"),
        ({"frame": np.array([-1, 3, 7])}, "beyond the end"),
        ({"boxes": np.array([[{}] * 5] * 3)}, "ValueError"),
    ],
)
def test_malformed_columns(tmp_path, changes, said):
    path = tmp_path / "boxes.npz"
    write_boxes(content(path))
    with pytest.raises(DetectionError) as error:
        read_boxes(change(path, **changes))
    assert said in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def npy(shape, dtype="<f4", data=b"", version=1):
    """An .npy file whose header may lie."""
    text = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape!r}, }}\n".encode()
    return b"\x93NUMPY" + bytes([version, 0]) + len(text).to_bytes(2 if version == 1 else 4, "little") + text + data


def archive(path, members, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as file:
        for name, data in members.items():
            file.writestr(f"{name}.npy", data)
    return path


def refused_in_little_memory(path, limit=4 << 20):
    tracemalloc.start()
    try:
        with pytest.raises(DetectionError) as error:
            read_boxes(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < limit, f"{peak:,} bytes"
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_bomb_that_hides_its_size(tmp_path):
    """The archive declares few bytes for what unpacks to many: no more are unpacked than it declares."""
    rows = 4_000_000
    path = archive(tmp_path / "boxes.npz", {"boxes": npy((rows, 5), data=bytes(20 * rows))})
    data, real = path.read_bytes(), len(npy((rows, 5))) + 20 * rows
    path.write_bytes(data.replace(struct.pack("<I", real), struct.pack("<I", 4_000)))
    refused_in_little_memory(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_not_unpacked(tmp_path, method):
    data = npy((1_000_000, 5), data=bytes(20_000_000))
    refused_in_little_memory(archive(tmp_path / "boxes.npz", {"boxes": data}, method))
