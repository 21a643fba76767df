"""Boxes of a file reach the video they belong to, or nobody."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syrfa.detection import Detector, FileDetector
from syrfa.errors import DetectionError


def arrays(**changes):
    content = {
        "boxes": np.array(
            [[1, 2, 11, 22, 0.9], [-1.5, 4, 14, 61.5, 0.4], [5, 6, 15, 26, 0.7], [7, 8, 17, 28, 1.0]], np.float32
        ),
        "video": np.array([1, 0, 0, 1], np.int16),
        "frame": np.array([7, 3, 3, 0], np.int16),
        "names": np.array(["01", "02"]),
        "frames_per_video": np.array([8, 8], np.int16),
    }
    content.update(changes)
    return {key: value for key, value in content.items() if value is not None}


def write(tmp_path, **changes):
    path = tmp_path / "boxes_test.npz"
    np.savez(path, **arrays(**changes))
    return path


def start(detector, dataset, number=0, frames=8, height=60, width=80):
    detector.start(dataset, dataset.videos("test")[number], frames, height, width)
    return detector.detect(np.zeros((frames, 0, 0, 3), np.uint8), 0)


def refused(path, dataset, number=0, **place):
    with pytest.raises(DetectionError) as error:
        start(FileDetector(path), dataset, number, **place)
    text = str(error.value)
    assert "\n" not in text
    assert str(path) in text
    return text


def test_boxes_by_name(tmp_path, make_dataset):
    detector: Detector = FileDetector(write(tmp_path))
    assert not detector.needs_frames
    dataset = make_dataset(("02", "01"))  # the order is not the file's
    second = start(detector, dataset, 0)
    assert [len(d) for d in second] == [1, 0, 0, 0, 0, 0, 0, 1]
    assert second[7].xyxy.tolist() == [[1, 2, 11, 22]]
    first = start(detector, dataset, 1)
    assert [len(d) for d in first] == [0, 0, 0, 2, 0, 0, 0, 0]
    assert first[3].xyxy.tolist() == [[-1.5, 4, 14, 61.5], [5, 6, 15, 26]], "order and overshoot kept"
    assert first[3].confidence == pytest.approx([0.4, 0.7])
    assert first[3].class_id.tolist() == [-1, -1]
    assert len(detector.detect(np.zeros((2, 0, 0, 3), np.uint8), 3)[0]) == 2


def test_clipping_is_a_choice_and_part_of_the_identity(tmp_path, make_dataset):
    path = write(tmp_path)
    clipped = start(FileDetector(path, clip=True), make_dataset(("01", "02")))
    assert clipped[3].xyxy.tolist() == [[0, 4, 14, 60], [5, 6, 15, 26]]
    assert FileDetector(path, clip=True).identity() != FileDetector(path).identity()


BOX = st.tuples(*[st.integers(-9, 58)] * 2, *[st.integers(10, 90)] * 2, st.integers(0, 100))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 7), BOX), min_size=1, max_size=30))
def test_every_box_of_a_file_reaches_its_frame_in_order(tmp_path, make_dataset, rows):
    boxes = np.array([[x, y, x + w, y + h, c / 100] for _, _, (x, y, w, h, c) in rows], np.float32)
    video, frame = (np.array([row[i] for row in rows]) for i in (0, 1))
    detector = FileDetector(write(tmp_path, boxes=boxes, video=video, frame=frame))
    for number in range(2):
        for place, found in enumerate(start(detector, make_dataset(("01", "02")), number)):
            expected = boxes[(video == number) & (frame == place)]
            np.testing.assert_array_equal(found.xyxy, expected[:, :4])
            np.testing.assert_array_equal(found.confidence, expected[:, 4])


def test_classes_are_kept(tmp_path, make_dataset):
    found = start(FileDetector(write(tmp_path, class_id=np.array([5, 1, 2, 0]))), make_dataset(("01", "02")))
    assert found[3].class_id.tolist() == [1, 2]
    assert found[3].class_id.dtype == np.int16


def test_split_in_the_path(tmp_path, make_dataset):
    write(tmp_path)
    detector = FileDetector(tmp_path / "boxes_{split}.npz")
    assert len(start(detector, make_dataset(("01", "02")))[3]) == 2
    assert list(detector.identity()["sha256"]) == ["boxes_test.npz"]


def test_other_names_are_matched_by_position_when_all_else_agrees(tmp_path, make_dataset):
    detector = FileDetector(write(tmp_path))
    assert len(start(detector, make_dataset(("Test001", "Test002")), 0)[3]) == 2
    assert len(start(detector, make_dataset(("Test001", "Test002")), 1)[7]) == 1


@pytest.mark.parametrize(
    "names", [("Test001", "Test002", "Test003"), ("Test001",), ("03", "02"), ("Test002", "Test003")]
)
def test_videos_are_never_guessed(tmp_path, make_dataset, names):
    path = write(tmp_path)
    assert names[0] in refused(path, make_dataset(names), 0)


def test_other_length(tmp_path, make_dataset):
    text = refused(write(tmp_path), make_dataset(("01", "02")), frames=9)
    assert "8 frames" in text
    assert "has 9" in text


def with_box(row, values):
    boxes = arrays()["boxes"]
    boxes[row] = values
    return boxes


@pytest.mark.parametrize(
    ("changes", "row"),
    [
        ({"boxes": with_box(2, [np.nan, 6, 15, 26, 0.7])}, 2),
        ({"boxes": with_box(0, [1, 2, np.inf, 22, 0.7])}, 0),
        ({"boxes": with_box(1, [15, 6, 15, 26, 0.7])}, 1),
        ({"boxes": with_box(1, [5, 26, 15, 6, 0.7])}, 1),
        ({"boxes": with_box(3, [5, 6, 15, 26, 1.2])}, 3),
        ({"boxes": with_box(3, [5, 6, 15, 26, np.nan])}, 3),
        ({"boxes": with_box(2, [80, 6, 95, 26, 0.7])}, 2),
        ({"boxes": with_box(2, [-9, 6, -1, 26, 0.7])}, 2),
        ({"boxes": with_box(1, [5, 60, 15, 70, 0.7])}, 1),
        ({"frame": np.array([7, 3, 8, 0])}, 2),
        ({"frame": np.array([-1, 3, 3, 0])}, 0),
        ({"video": np.array([1, 0, 2, 1])}, 2),
        ({"video": np.array([1, 0, 0, -1])}, 3),
    ],
)
def test_bad_rows_are_named(tmp_path, make_dataset, changes, row):
    assert f"row {row}:" in refused(write(tmp_path, **changes), make_dataset(("01", "02")))


@pytest.mark.parametrize(
    "changes",
    [
        {"boxes": None},
        {"boxes": np.zeros((0, 5), np.float32), "video": np.zeros(0, int), "frame": np.zeros(0, int)},
        {"boxes": np.ones((4, 4), np.float32)},
        {"video": np.array([1, 0, 0])},
        {"frame": np.array([7.0, 3, 3, 0])},
        {"names": np.array(["01", "01"])},
        {"names": np.array(["01"])},
        {"names": np.array(["01", {}], dtype=object)},  # would need a pickle
    ],
)
def test_bad_files(tmp_path, make_dataset, changes):
    refused(write(tmp_path, **changes), make_dataset(("01", "02")))


def test_missing_and_damaged_files(tmp_path, make_dataset):
    path = tmp_path / "boxes_test.npz"
    refused(path, make_dataset())
    with pytest.raises(DetectionError, match="no such file"):
        FileDetector(path).identity()
    with pytest.raises(DetectionError, match="no such file"):
        FileDetector(tmp_path / "boxes_{split}.npz").identity()
    write(tmp_path)
    path.write_bytes(path.read_bytes()[:200])
    refused(path, make_dataset())
