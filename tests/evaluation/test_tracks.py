"""Tracks and the averages along them, against loops that follow the definition word by word."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syrfa.errors import ConfigError
from syrfa.evaluation import ObjectScores, TrackedProtocol, link
from syrfa.evaluation.tracks import box_speed, mean_along

FRAMES = 12


def video(things, frames: int = FRAMES) -> ObjectScores:
    """Objects of (frame, left, top, width, height, score)."""
    table = np.array(things, np.float64).reshape(-1, 6)
    frame, left, top, width, height, score = table.T
    xyxy = np.stack([left, top, left + width, top + height], axis=1).astype(np.float32)
    return ObjectScores("v", frames, 20, 20, frame.astype(np.int32), xyxy, score)


# a coarse grid, so that boxes overlap, coincide and tie often
things = st.tuples(
    st.integers(0, FRAMES - 1),
    st.integers(0, 4),
    st.integers(0, 3),
    st.integers(0, 4),
    st.integers(1, 4),
    st.integers(0, 8).map(lambda eighths: eighths / 8),
)
videos = st.lists(things, max_size=25).map(video)


def overlap(a, b) -> float:
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - width * height
    return width * height / union if union else 0.0


def naive_link(objects: ObjectScores, min_iou: float, max_gap: int) -> list[int]:
    boxes = objects.object_xyxy.tolist()
    keys = [(int(f), *b, float(s)) for f, b, s in zip(objects.object_frame, boxes, objects.object_score, strict=True)]
    track: dict[int, int] = {}
    tracks: list[list[int]] = []
    for frame in range(objects.frames):
        here = sorted((i for i in range(len(keys)) if keys[i][0] == frame), key=lambda i: keys[i])
        pairs = []
        for number, members in enumerate(tracks):
            gap = frame - keys[members[-1]][0]
            for i in here:
                iou = overlap(boxes[members[-1]], boxes[i])
                if gap - 1 <= max_gap and iou >= min_iou:
                    pairs.append((-iou, gap, keys[i], number, i))
        free = set(range(len(tracks)))
        for *_, number, i in sorted(pairs):
            if i not in track and number in free:
                track[i] = number
                free.remove(number)
        for i in here:
            if i in track:
                tracks[track[i]].append(i)
            else:
                track[i] = len(tracks)
                tracks.append([i])
    return [track[i] for i in range(len(keys))]


def naive_mean(objects: ObjectScores, track, before: int, after: int) -> list[float]:
    frame, score = objects.object_frame, objects.object_score
    means = []
    for i in range(len(score)):
        along = [
            score[j]
            for j in range(len(score))
            if track[j] == track[i] and frame[i] - before <= frame[j] <= frame[i] + after
        ]
        means.append(sum(along) / len(along))
    return means


@given(videos, st.sampled_from([0.1, 0.3, 0.5, 1.0]), st.integers(0, 3))
def test_linking_equals_a_naive_loop(objects, min_iou, max_gap):
    track = link(objects, min_iou, max_gap)
    # of boxes that are equal in place and score, either may be either
    expected = naive_link(objects, min_iou, max_gap)
    boxes = objects.object_xyxy.tolist()
    kinds = [sorted(zip(t, objects.object_frame, boxes, strict=True)) for t in (track, expected)]
    assert kinds[0] == kinds[1]


@given(videos, st.integers(0, 5), st.integers(0, 5))
def test_the_mean_equals_a_naive_loop(objects, before, after):
    track = link(objects)
    averaged = mean_along(objects, track, before, after)
    np.testing.assert_allclose(averaged.object_score, naive_mean(objects, track, before, after), atol=1e-12)
    np.testing.assert_array_equal(averaged.object_xyxy, objects.object_xyxy)


@given(videos, st.randoms(use_true_random=False))
def test_the_order_of_the_objects_does_not_matter(objects, random):
    order = list(range(len(objects.object_frame)))
    random.shuffle(order)
    shuffled = replace(
        objects,
        object_frame=objects.object_frame[order],
        object_xyxy=objects.object_xyxy[order],
        object_score=objects.object_score[order],
    )
    for smoothing in ("none", "centred", "causal"):
        protocol = TrackedProtocol(1, smoothing, 3, track_window=5)
        np.testing.assert_array_equal(protocol.frame_scores(shuffled).final, protocol.frame_scores(objects).final)


@given(st.floats(0, 1), st.integers(2, 11))
def test_equal_scores_stay_exactly_as_they_are(score, count):
    still = video([(t, 2, 2, 3, 3, score) for t in range(count)])
    assert set(mean_along(still, link(still), 10, 10).object_score.tolist()) == {score}


@pytest.mark.parametrize(
    "settings", [{"track_window": 0}, {"track_window": 10}, {"min_iou": 0.0}, {"min_iou": 1.5}, {"window": 24}]
)
def test_bad_settings_are_named(settings):
    with pytest.raises(ConfigError, match=f"tracked.*{next(iter(settings))}"):
        TrackedProtocol(**settings)


def test_every_constant_is_described():
    causal = TrackedProtocol(smoothing="causal", track_window=10, min_iou=0.4)
    described = json.loads(json.dumps(causal.describe()))
    tracks = {"mean_of": "scores", "frames": "last", "window": 10, "min_iou": 0.4, "max_gap": 2}
    assert described["tracks"] == tracks
    assert (described["protocol"], described["smoothing"], described["test_statistics"]) == ("tracked", "causal", False)
    assert TrackedProtocol().describe()["tracks"]["frames"] == "centred"


def moving(pace, frames, every=1, seed=0):
    """One box of 20 by 40 that moves `pace` heights a frame to the right, in every n-th frame."""
    frame = np.arange(0, frames, every, dtype=np.int32)
    left = 5 + 40 * pace * frame
    xyxy = np.stack([left, np.full(len(frame), 10.0), left + 20, np.full(len(frame), 50.0)], axis=1)
    return ObjectScores("v", frames, 100, 900, frame, xyxy.astype(np.float32), np.zeros(len(frame)))


@pytest.mark.parametrize(("pace", "every"), [(0.0, 1), (0.03, 1), (0.2, 1), (0.03, 3), (0.02, 5)])
def test_speed_is_in_heights_a_frame(pace, every):
    objects = moving(pace, 60, every)
    speed = box_speed(objects).object_score
    known = objects.object_frame >= (4 if every == 1 else every * -(-4 // every))
    assert speed[known] == pytest.approx(pace, abs=1e-6)
    assert (speed[~known] == 0).all()
