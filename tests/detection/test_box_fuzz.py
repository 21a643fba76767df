"""Boxes on their way from a file to the filter, whatever their order, number and size."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syrfa.datasets import VideoDataset, VideoRecord
from syrfa.detection import FileDetector
from syrfa.tubes import TubeFilter
from syrfa.tubes.spec import filter_boxes, nested

FRAMES, HEIGHT, WIDTH = 5, 60, 80
FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Names(VideoDataset):
    """Videos that are nothing but names."""

    name, splits = "names", ("test",)

    def videos(self, split):
        return [VideoRecord(name, Path(name), split) for name in ("a", "b", "c")]

    def frame_labels(self, record):
        return None


BOX = st.tuples(
    st.integers(-9, WIDTH - 2),
    st.integers(-9, HEIGHT - 2),
    st.integers(10, 90),
    st.integers(10, 90),
    st.integers(0, 100),
)
ROWS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, FRAMES - 1), BOX), min_size=1, max_size=30)


@FUZZ
@given(rows=ROWS, clip=st.booleans())
def test_every_box_of_a_file_reaches_its_frame_in_order(tmp_path, rows, clip):
    boxes = np.array([[x, y, x + w, y + h, c / 100] for _, _, (x, y, w, h, c) in rows], np.float32)
    np.savez(
        tmp_path / "boxes.npz",
        boxes=boxes,
        video=np.array([video for video, _, _ in rows]),
        frame=np.array([frame for _, frame, _ in rows]),
        names=np.array(["a", "b", "c"]),
        frames_per_video=np.full(3, FRAMES),
    )
    dataset, detector = Names(tmp_path), FileDetector(tmp_path / "boxes.npz", clip=clip)
    for video, record in enumerate(dataset.videos("test")):
        detector.start(dataset, record, FRAMES, HEIGHT, WIDTH)
        for frame, found in enumerate(detector.detect(np.empty((FRAMES, 0, 0, 3), np.uint8), 0)):
            expected = boxes[[row[:2] == (video, frame) for row in rows]]
            limit = np.array([WIDTH, HEIGHT, WIDTH, HEIGHT], np.float32)
            sides = np.clip(expected[:, :4], 0, limit) if clip else expected[:, :4]
            np.testing.assert_array_equal(found.xyxy, sides)
            np.testing.assert_array_equal(found.confidence, expected[:, 4])


def columns(rows):
    ordered = sorted(rows, key=lambda row: row[:2])
    video, frame = (np.array([row[i] for row in ordered], np.int32) for i in (0, 1))
    xyxy = np.array([[x, y, x + w, y + h] for _, _, (x, y, w, h, _) in ordered], np.float32)
    return video, frame, xyxy, np.array([row[2][4] for row in ordered], np.float32) / 100


RULES = st.builds(
    TubeFilter,
    min_confidence=st.none() | st.sampled_from([0, 0.25, 0.5]),
    drop_nested=st.booleans(),
    min_side=st.sampled_from([0, 20, 60]),
)


@FUZZ
@given(rows=ROWS, rule=RULES, by=st.tuples(st.integers(-50, 50), st.integers(-50, 50)))
def test_the_filter_looks_neither_at_the_place_nor_at_other_frames(rows, rule, by):
    video, frame, xyxy, confidence = columns(rows)
    passing = filter_boxes(video, frame, xyxy, confidence, rule)
    np.testing.assert_array_equal(
        filter_boxes(video, frame, xyxy + np.array([*by, *by], np.float32), confidence, rule), passing
    )
    for place in {row[:2] for row in rows}:
        alone = np.flatnonzero((video == place[0]) & (frame == place[1]))
        mine = filter_boxes(video[alone], frame[alone], xyxy[alone], confidence[alone], rule)
        np.testing.assert_array_equal(alone[mine], np.intersect1d(passing, alone))


@FUZZ
@given(rows=ROWS, rule=RULES)
def test_filtering_what_was_kept_keeps_it(rows, rule):
    table = columns(rows)
    passing = filter_boxes(*table, rule)
    again = filter_boxes(*(column[passing] for column in table), rule)
    np.testing.assert_array_equal(again, np.arange(len(passing)))


@FUZZ
@given(rows=ROWS, cells=st.integers(1, 40))
def test_nested_boxes_are_found_in_any_number_of_goes(rows, cells):
    video, frame, xyxy, _ = columns(rows)
    whole = nested(video, frame, xyxy)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("syrfa.tubes.spec._CELLS", cells)
        np.testing.assert_array_equal(nested(video, frame, xyxy), whole)
