"""Object labels of boxes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from syrfa.errors import LabelError
from syrfa.tubes import TubeIndex, VideoInfo
from syrfa.tubes.labels import covered, label_video, to_labels

BOXES = np.array([[0, 0, 10, 10], [23, 0, 33, 10], [40, 5, 50, 15]], np.float32)


def record_of(dataset, name, split="train"):
    return next(record for record in dataset.videos(split) if record.name == name)


def overlaps(dataset, tools, name, frame):
    """Of the three boxes in one frame of the video of 20 or 25 frames."""
    length = {"v0": 20, "v1": 25}[name]
    info = VideoInfo(name, length, tools.height, tools.width, 1, 3, 3, 0, "")
    zeros = np.zeros(3, np.int32)
    index = TubeIndex(zeros, zeros + frame, BOXES, np.ones(3, np.float32), zeros.astype(np.int16), np.arange(3))
    return label_video(dataset, record_of(dataset, name), info, index).overlap


@settings(max_examples=60, deadline=None)
@given(mask=hnp.arrays(bool, (6, 9)), corners=hnp.arrays(np.int64, (2, 2), elements=st.integers(-8, 60)))
def test_share_equals_counting_small_squares(mask, corners):
    low, high = corners.min(0) / 4, corners.max(0) / 4  # corners on quarter pixels: 4x4 squares a pixel are exact
    fine = np.zeros((17 * 4, 17 * 4), bool)
    fine[8 : 8 + 24, 8 : 8 + 36] = np.kron(mask, np.ones((4, 4), bool))
    x0, y0, x1, y1 = (np.concatenate([low, high]) * 4 + 8).astype(int)
    inside = fine[y0:y1, x0:x1]
    expected = inside.mean() if inside.size else 0
    box = np.concatenate([low, high]).astype(np.float32)[None]
    assert covered(mask, box)[0] == pytest.approx(expected, abs=1e-6)


def test_only_objects_abnormal_in_that_frame_count(dataset, tools):
    # v1: object 7, the left half of 56 columns, is abnormal from frame 8 to 16; object 8 never
    for name, frame, expected in (
        ("v1", 8, [1, 0.5, 0]),
        ("v1", 16, [1, 0.5, 0]),
        ("v1", 7, [0] * 3),
        ("v0", 3, [0] * 3),
    ):
        np.testing.assert_allclose(overlaps(dataset, tools, name, frame), expected)


def test_tracked_frame_without_mask_is_unknown(dataset, tools):
    del dataset.masks["v1", 9]
    assert np.isnan(overlaps(dataset, tools, "v1", 9)).all()


def test_abnormal_frame_without_tracks_is_unknown_and_normal_frame_zero(dataset, tools):
    dataset.track_lists.clear()
    assert np.isnan(overlaps(dataset, tools, "v1", 9)).all()
    assert overlaps(dataset, tools, "v1", 7).tolist() == [0, 0, 0]


def test_without_any_label_unknown_but_zero_where_masks_say_who_is_there(dataset, tools):
    dataset.labels.clear()
    dataset.track_lists.clear()
    assert np.isnan(overlaps(dataset, tools, "v0", 9)).all()
    assert overlaps(dataset, tools, "v1", 9).tolist() == [0, 0, 0]


def test_mask_of_another_size_is_refused(dataset, tools):
    dataset.masks["v1", 9] = np.zeros((10, 10), np.int32)
    with pytest.raises(LabelError, match="frame 9 is 10x10, the video 56x40"):
        overlaps(dataset, tools, "v1", 9)


def test_to_labels():
    overlap = np.array([0, 0.1, 0.5, np.nan], np.float32)
    assert to_labels(overlap, 0.0).tolist() == [0, 1, 1, -1]
    assert to_labels(overlap, 0.1).tolist() == [0, int(np.float32(0.1) > 0.1), 1, -1]
    assert to_labels(overlap, 0.5).tolist() == [0, 0, 0, -1]
