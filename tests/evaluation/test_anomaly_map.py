import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from syrfa.evaluation import ObjectScores, anomaly_map, max_per_frame, pixel_boxes

HEIGHT, WIDTH, FRAMES = 7, 9, 4
side = st.floats(-5, 14, width=32)
box = st.tuples(side, side, side, side).map(
    lambda s: (min(s[0], s[1]), min(s[2], s[3]), max(s[0], s[1]), max(s[2], s[3]))
)
thing = st.tuples(st.integers(0, FRAMES - 1), box, st.floats(-2, 2, width=32))


def made_of(things) -> ObjectScores:
    at, score = np.array([t[0] for t in things], np.int32), np.array([t[2] for t in things], np.float64)
    xyxy = np.array([t[1] for t in things], np.float32).reshape(-1, 4)
    return ObjectScores("v", FRAMES, HEIGHT, WIDTH, at, xyxy, score)


@given(st.lists(thing, max_size=8))
def test_maximum_without_rendering_equals_the_rendered_one(things):
    objects = made_of(things)
    rendered = [anomaly_map(objects, frame).max() for frame in range(FRAMES)]
    np.testing.assert_array_equal(max_per_frame(objects).astype(np.float32), rendered)


@given(st.lists(thing, max_size=6))
def test_map_equals_a_loop_over_pixels(things):
    objects = made_of(things)
    boxes = pixel_boxes(objects.object_xyxy, HEIGHT, WIDTH)
    for frame in range(FRAMES):
        expected = np.zeros((HEIGHT, WIDTH), np.float32)
        for row in range(HEIGHT):
            for column in range(WIDTH):
                for (left, top, right, bottom), (at, _, score) in zip(boxes, things, strict=True):
                    if at == frame and left <= column < right and top <= row < bottom:
                        expected[row, column] = max(expected[row, column], np.float32(score))
        np.testing.assert_array_equal(anomaly_map(objects, frame), expected)


@given(hnp.arrays(np.float32, (3, 2), elements=st.floats(0, 6, width=32)))
def test_every_pixel_a_box_touches_is_filled(corners):
    xyxy = np.concatenate([corners, corners + np.float32(0.75)], axis=1)
    for (left, top, right, bottom), (x1, y1, x2, y2) in zip(pixel_boxes(xyxy, HEIGHT, WIDTH), xyxy, strict=True):
        touched = [
            (r, c) for r in range(HEIGHT) for c in range(WIDTH) if c < x2 and c + 1 > x1 and r < y2 and r + 1 > y1
        ]
        assert touched == [(r, c) for r in range(top, bottom) for c in range(left, right)]


def test_no_such_frame():
    with pytest.raises(IndexError, match="frames 0 to 3"):
        anomaly_map(made_of([]), 4)


@pytest.mark.parametrize(
    ("frame", "xyxy", "score", "message"),
    [
        ([4], [[0, 0, 1, 1]], [0.5], "outside frames"),
        ([-1], [[0, 0, 1, 1]], [0.5], "outside frames"),
        ([0], [[0, 0, 1, 1]], [np.nan], "not finite"),
        ([0], [[0, 0, np.inf, 1]], [0.5], "not finite"),
        ([0, 1], [[0, 0, 1, 1]], [0.5, 0.5], "shapes"),
    ],
)
def test_objects_that_cannot_be_are_refused(frame, xyxy, score, message):
    arrays = np.array(frame, np.int32), np.array(xyxy, np.float32), np.array(score, float)
    with pytest.raises(ValueError, match=message):
        ObjectScores("v", FRAMES, HEIGHT, WIDTH, *arrays)
