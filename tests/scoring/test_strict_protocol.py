import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syrfa.errors import ConfigError
from syrfa.scoring import (
    FrameScores,
    ObjectScores,
    PaperProtocol,
    StrictProtocol,
    box_width,
    chance,
    protocol_from_name,
)


def one_a_frame(scores, start: int = 0, frames: int | None = None) -> ObjectScores:
    count = len(scores)
    return ObjectScores(
        "v",
        frames or count + start,
        20,
        20,
        np.arange(start, start + count, dtype=np.int32),
        np.tile(np.array([1, 1, 5, 9], np.float32), (count, 1)),
        np.array(scores, np.float64),
    )


def naive(objects: ObjectScores, radius: int, smoothing: str, window: int, floor: float) -> FrameScores:
    n = objects.frames
    highest = [floor] * n
    for frame, score in zip(objects.object_frame, objects.object_score, strict=True):
        highest[frame] = max(highest[frame], score)
    scored = n > 2 * radius
    raw = [highest[min(max(t, radius), n - radius - 1)] if scored else floor for t in range(n)]
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
    st.floats(-0.5, 0.5),
)
def test_equals_a_naive_loop(video, radius, smoothing, window, floor):
    frames, things = video
    objects = ObjectScores(
        "v",
        frames,
        10,
        10,
        np.array([t[0] for t in things], np.int32),
        np.tile(np.array([0, 0, 2, 2], np.float32), (len(things), 1)),
        np.array([t[1] for t in things], np.float64),
    )
    ours = StrictProtocol(radius, smoothing, window, floor).frame_scores(objects)
    expected = naive(objects, radius, smoothing, window, floor)
    np.testing.assert_array_equal(ours.raw, expected.raw)
    np.testing.assert_allclose(ours.final, expected.final, atol=1e-12)


@given(st.integers(3, 50), st.integers(0, 2**31))
def test_causal_smoothing_does_not_see_what_comes_later(cut, seed):
    before = np.random.default_rng(seed).random(60)
    after = before.copy()
    after[cut + 1 :] += 1
    protocol = StrictProtocol(3, "causal", 7)
    first, second = (protocol.frame_scores(one_a_frame(s)).final for s in (before, after))
    np.testing.assert_array_equal(first[: cut + 1], second[: cut + 1])


def test_a_video_is_scored_the_same_whatever_other_videos_hold():
    protocol = StrictProtocol()
    alone = protocol.frame_scores(one_a_frame(np.linspace(0, 1, 40))).final
    protocol.frame_scores(one_a_frame(np.full(40, 9.0)))
    np.testing.assert_array_equal(protocol.frame_scores(one_a_frame(np.linspace(0, 1, 40))).final, alone)


def test_scaling_the_scores_scales_the_result():
    # nothing is normalised by the video: half the scores give half the result
    scores = np.random.default_rng(0).random(50)
    whole, half = (StrictProtocol().frame_scores(one_a_frame(s)).final for s in (scores, scores / 2))
    np.testing.assert_allclose(half, whole / 2)


def test_equal_windows_tie_exactly():
    scores = np.concatenate([[0.9, 0.3, 0.7], np.zeros(60), [0.1, 0.6]])
    final = StrictProtocol(0, "centred", 5).frame_scores(one_a_frame(scores)).final
    assert set(final[6:55]) == {0.0}


def test_empty_video_is_most_normal():
    empty = one_a_frame([], frames=9)
    for protocol in (StrictProtocol(floor=0.25), StrictProtocol(floor=0.25, smoothing="causal")):
        np.testing.assert_array_equal(protocol.frame_scores(empty).final, np.full(9, 0.25))


@pytest.mark.parametrize(
    "settings",
    [
        {"temporal_radius": -1},
        {"window": 0},
        {"window": 24},
        {"smoothing": "median"},
        {"floor": float("nan")},
        {"colour": "red"},
    ],
)
def test_bad_settings_are_named(settings):
    with pytest.raises(ConfigError, match=f"strict.*{next(iter(settings))}|{next(iter(settings))}"):
        protocol_from_name("strict", **settings)


def test_protocols_by_name_say_whether_they_use_test_statistics():
    strict = protocol_from_name("strict", smoothing="causal", window=10)
    paper = protocol_from_name("paper", recipe="avenue")
    assert isinstance(strict, StrictProtocol)
    assert isinstance(paper, PaperProtocol)
    assert strict.describe()["test_statistics"] is False
    assert paper.describe()["test_statistics"] is True
    assert (strict.describe()["smoothing"], strict.describe()["window"]) == ("causal", 10)
    assert paper.describe()["recipe"] == "avenue"
    json.dumps([strict.describe(), paper.describe()])
    with pytest.raises(ConfigError, match=r"'fair'.*paper.*strict"):
        protocol_from_name("fair")


def test_box_width_is_the_share_of_the_frame():
    objects = one_a_frame([0.9, 0.1])
    widths = box_width(objects)
    np.testing.assert_array_equal(widths.object_score, [0.2, 0.2])
    np.testing.assert_array_equal(objects.object_score, [0.9, 0.1])


def test_chance_is_seeded_and_uniform():
    first, again, other = chance([3000, 2000], 1), chance([3000, 2000], 1), chance([3000, 2000], 2)
    assert [len(video.final) for video in first] == [3000, 2000]
    np.testing.assert_array_equal(first[0].final, again[0].final)
    assert not np.array_equal(first[0].final, other[0].final)
    assert abs(first[0].raw.mean() - 0.5) < 0.03
    assert not np.array_equal(first[0].final[:2000], first[1].final)
