"""Which frames are used and which boxes are kept."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from syrfa.errors import ConfigError
from syrfa.tubes import TubeFilter, TubeSpec
from syrfa.tubes.spec import filter_boxes, nested


@pytest.mark.parametrize(
    ("settings_", "split", "frames", "expected"),
    [
        ({}, "test", 10, [3, 4, 5, 6]),
        ({}, "train", 14, [6, 7]),
        ({}, "train", 12, []),
        ({"stride": 5}, "train", 30, [6, 11, 16, 21]),
        ({"margin": 4}, "train", 10, [4, 5]),
        ({"frames": 1}, "test", 3, [0, 1, 2]),
    ],
)
def test_centres(settings_, split, frames, expected):
    assert list(TubeSpec(**settings_).for_split(split).centres(frames)) == expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"frames": 6},
        {"frames": -1},
        {"size": 0},
        {"crop": "squash"},
        {"min_confidence": 1.0},
        {"min_confidence": -0.1},
        {"stride": 0},
        {"margin": 2},
        {"interval": 0.0},
        {"fps": -1, "interval": 0.1},
        {"centre_interval": -0.1, "interval": 0.1},
        {"fps": 25},
    ],
)
def test_spec_refuses(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        TubeSpec(**wrong)


@pytest.mark.parametrize(
    "wrong", [{"min_confidence": 1.5}, {"min_side": -1}, {"min_overlap": 1}, {"min_overlap": -0.1}]
)
def test_filter_refuses(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        TubeFilter(**wrong)


def naive(video, frame, xyxy, confidence, rule):
    """The rules as docs/method.md words them, a box at a time."""
    rows = [i for i in range(len(video)) if rule.min_confidence is None or confidence[i] > rule.min_confidence]
    survivors = []
    for i in rows:
        inside = False
        for j in rows:
            if (video[i], frame[i]) == (video[j], frame[j]):
                a, b = xyxy[i], xyxy[j]
                inside |= bool(a[0] > b[0] and a[1] > b[1] and a[2] < b[2] and a[3] < b[3])
        if not (inside and rule.drop_nested):
            survivors.append(i)
    return [i for i in survivors if max(xyxy[i][2] - xyxy[i][0], xyxy[i][3] - xyxy[i][1]) >= rule.min_side]


@settings(max_examples=150, deadline=None)
@given(data=st.data(), cells=st.integers(1, 40))
def test_filter_equals_naive_loops(data, cells):
    n = data.draw(st.integers(0, 25))
    place = sorted(data.draw(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), min_size=n, max_size=n)))
    video, frame = np.array(place, np.int32).reshape(n, 2).T
    numbers = data.draw(hnp.arrays(np.int64, (n, 4), elements=st.integers(0, 12)))
    xyxy = np.concatenate([np.minimum(numbers[:, :2], numbers[:, 2:]), np.maximum(numbers[:, :2], numbers[:, 2:])], 1)
    xyxy = (xyxy * data.draw(st.sampled_from([1, 2]))).astype(np.float32)
    confidence = data.draw(hnp.arrays(np.int64, n, elements=st.integers(50, 60))).astype(np.float32) / 100
    rule = TubeFilter(
        min_confidence=data.draw(st.sampled_from([None, 0.5, 0.53125])),
        drop_nested=data.draw(st.booleans()),
        min_side=data.draw(st.sampled_from([0, 5, 10])),
    )
    assert filter_boxes(video, frame, xyxy, confidence, rule).tolist() == naive(video, frame, xyxy, confidence, rule)
    whole = nested(video, frame, xyxy)
    with pytest.MonkeyPatch.context() as patch:  # boxes compared in any number of goes
        patch.setattr("syrfa.tubes.spec._CELLS", cells)
        np.testing.assert_array_equal(nested(video, frame, xyxy), whole)
