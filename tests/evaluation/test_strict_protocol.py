import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syrfa.errors import ConfigError
from syrfa.evaluation import ObjectScores, PaperProtocol, StrictProtocol, TrackedProtocol, box_width
from syrfa.evaluation.protocols import FrameScores


def one_a_frame(scores, start: int = 0, frames: int | None = None) -> ObjectScores:
    at = np.arange(start, start + len(scores), dtype=np.int32)
    xyxy = np.tile(np.array([1, 1, 5, 9], np.float32), (len(scores), 1))
    return ObjectScores("v", frames or len(scores) + start, 20, 20, at, xyxy, np.array(scores, np.float64))


def naive(objects: ObjectScores, radius: int, smoothing: str, window: int) -> FrameScores:
    n = objects.frames
    highest = [0.0] * n
    for frame, score in zip(objects.object_frame, objects.object_score, strict=True):
        highest[frame] = max(highest[frame], score)
    scored = n > 2 * radius
    raw = [highest[min(max(t, radius), n - radius - 1)] if scored else 0.0 for t in range(n)]
    final = []
    for t in range(n):
        around = {
            "none": [t],
            "centred": range(t - window // 2, t + window // 2 + 1),
            "causal": range(t - window + 1, t + 1),
        }[smoothing]
        final.append(sum(raw[min(max(k, 0), n - 1)] for k in around) / len(around))
    return FrameScores(np.array(raw), np.array(final))


@given(
    st.integers(1, 30).flatmap(
        lambda n: st.tuples(st.just(n), st.lists(st.tuples(st.integers(0, n - 1), st.floats(-1, 1)), max_size=20))
    ),
    st.integers(0, 4),
    st.sampled_from(["none", "centred", "causal"]),
    st.sampled_from([1, 3, 7, 25]),
)
def test_equals_a_naive_loop(video, radius, smoothing, window):
    frames, things = video
    at, score = np.array([t[0] for t in things], np.int32), np.array([t[1] for t in things], np.float64)
    xyxy = np.tile(np.array([0, 0, 2, 2], np.float32), (len(things), 1))
    objects = ObjectScores("v", frames, 10, 10, at, xyxy, score)
    ours = StrictProtocol(radius, smoothing, window).frame_scores(objects)
    expected = naive(objects, radius, smoothing, window)
    np.testing.assert_array_equal(ours.raw, expected.raw)
    np.testing.assert_allclose(ours.final, expected.final, atol=1e-12)


LENGTH = 40
things = st.lists(st.tuples(st.integers(0, LENGTH - 1), st.integers(0, 9), st.floats(0, 1)), max_size=40)


def video_of(things, frames: int = LENGTH) -> ObjectScores:
    known = sorted(thing for thing in things if thing[0] < frames)
    at, scores = np.array([t for t, _, _ in known], np.int32), np.array([s for _, _, s in known], np.float64)
    xyxy = np.array([[x, 1, x + 5, 9] for _, x, _ in known], np.float32).reshape(-1, 4)
    return ObjectScores("v", frames, 20, 20, at, xyxy, scores)


causal_protocols = st.builds(
    lambda kind, radius, window: kind(radius, "causal", window),
    st.sampled_from([StrictProtocol, TrackedProtocol]),
    st.integers(0, 4),
    st.sampled_from([1, 4, 7, 25]),
)


@given(things, things, st.integers(0, LENGTH - 1), causal_protocols)
def test_causal_scores_do_not_change_with_any_later_object(before, other, cut, protocol):
    """The first frames wait for the first tube; from then on a score is final when its frame has been scored."""
    changed = [thing for thing in before if thing[0] <= cut] + [thing for thing in other if thing[0] > cut]
    first, second = (protocol.frame_scores(video_of(objects)) for objects in (before, changed))
    if cut >= protocol.temporal_radius:
        np.testing.assert_array_equal(first.raw[: cut + 1], second.raw[: cut + 1])
        np.testing.assert_array_equal(first.final[: cut + 1], second.final[: cut + 1])


def test_equal_windows_tie_exactly():
    scores = np.concatenate([[0.9, 0.3, 0.7], np.zeros(60), [0.1, 0.6]])
    final = StrictProtocol(0, "centred", 5).frame_scores(one_a_frame(scores)).final
    assert set(final[6:55]) == {0.0}


@pytest.mark.parametrize("settings", [{"temporal_radius": -1}, {"window": 0}, {"window": 24}, {"smoothing": "median"}])
def test_bad_settings_are_named(settings):
    with pytest.raises(ConfigError, match=f"strict.*{next(iter(settings))}|{next(iter(settings))}"):
        StrictProtocol(**settings)


def test_protocols_say_whether_they_use_test_statistics():
    strict, paper = StrictProtocol(smoothing="causal", window=10).describe(), PaperProtocol("avenue").describe()
    assert (strict["test_statistics"], strict["smoothing"], strict["window"]) == (False, "causal", 10)
    assert (paper["test_statistics"], paper["constants"]) == (True, "avenue")
    json.dumps([strict, paper])


def test_box_width_is_the_share_of_the_frame():
    objects = one_a_frame([0.9, 0.1])
    widths = box_width(objects)
    np.testing.assert_array_equal(widths.object_score, [0.2, 0.2])
    np.testing.assert_array_equal(objects.object_score, [0.9, 0.1])
