"""The published post-processing against loops written from docs/method.md, section 11 alone."""

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syrfa.errors import ConfigError
from syrfa.evaluation import ObjectScores, PaperProtocol
from syrfa.evaluation import paper_protocol as published


def random_video(seed: int, frames: int, height: int, width: int, count: int) -> ObjectScores:
    generator = np.random.default_rng(seed)
    corner = generator.uniform(-0.1, 0.9, (count, 2)) * [width, height]  # some hang over the border
    size = generator.uniform(0.05, 0.4, (count, 2)) * [width, height]
    return ObjectScores(
        "v",
        frames,
        height,
        width,
        generator.integers(0, frames, count).astype(np.int32),
        np.concatenate([corner, corner + size], axis=1).astype(np.float32),
        generator.uniform(-0.5, 1.5, count),  # logits leave [0, 1]
    )


def inner(objects: ObjectScores, radius: int) -> list[tuple[int, list[float], float]]:
    rows = zip(objects.object_frame, objects.object_xyxy, objects.object_score, strict=True)
    return [(int(t), [float(v) for v in b], 1 - float(s)) for t, b, s in rows if radius <= t < objects.frames - radius]


def naive_map_anomaly(objects: ObjectScores, block: int, radius: int) -> np.ndarray:
    things = inner(objects, radius)
    rows, columns, frames = round(objects.height / block), round(objects.width / block), objects.frames
    volume = np.ones((rows, columns, frames))
    for t, (x1, y1, x2, y2), n in things:
        for row in range(rows):
            for column in range(columns):
                ends = [min(max(round(v / block), 0), limit) for v, limit in ((x1, columns - 1), (x2, columns - 1))]
                sides = [min(max(round(v / block), 0), limit) for v, limit in ((y1, rows - 1), (y2, rows - 1))]
                if ends[0] <= column <= ends[1] and sides[0] <= row <= sides[1]:
                    volume[row, column, t] = min(volume[row, column, t], n)
    low = min([1.0] + [n for _, _, n in things])
    high = max([0.0] + [n for _, _, n in things])
    volume = (volume - low) / (high - low)
    padded = np.pad(volume, 2, constant_values=1.0)
    lowest = np.array(
        [
            min(
                padded[row : row + 5, column : column + 5, t : t + 5].mean()
                for row in range(rows)
                for column in range(columns)
            )
            for t in range(frames)
        ]
    )
    lowest -= lowest.min()
    return 1 - lowest / lowest.max()


def naive_shanghaitech(objects: ObjectScores, radius: int) -> np.ndarray:
    seen = [1.0] * objects.frames
    for t in range(objects.frames):
        here = [n for at, _, n in inner(objects, radius) if at == t]
        seen[t] = min(here) if here else 1.0
    others = [n for n in seen if n != 1.0]
    scaled = [n if n == 1.0 else (n - min(others)) / (max(others) - min(others)) for n in seen]
    mean = list(scaled)
    for t in range(21, objects.frames - 21):
        mean[t] = sum(scaled[t - 21 : t + 22]) / 43
    return 1 - np.array(mean)


def naive_gaussian(anomaly: np.ndarray) -> np.ndarray:
    values = [*anomaly[:24], *anomaly, *anomaly[-24:]]
    weights = [math.exp(-(((k - 24) / 20) ** 2) / 2) / (20 * math.sqrt(2 * math.pi)) for k in range(1, 50)]
    return np.array([sum(w * values[t + k] for k, w in enumerate(weights)) for t in range(len(anomaly))])


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**31), st.integers(24, 30), st.integers(4, 12), st.integers(4, 12), st.integers(2, 40))
def test_ped2_recipe(seed, frames, height, width, count):
    objects = random_video(seed, frames, height, width, count)
    if len(inner(objects, 3)) < 2:
        return
    ours = PaperProtocol("ped2").frame_scores(objects)
    expected = naive_map_anomaly(objects, 1, 3)
    np.testing.assert_allclose(ours.raw, expected, atol=1e-9)
    np.testing.assert_allclose(ours.final, naive_gaussian(expected), atol=1e-9)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 4))
def test_avenue_recipe(seed, radius):
    objects = random_video(seed, 26, 130, 170, 60)
    ours = PaperProtocol("avenue", radius).frame_scores(objects)
    expected = naive_map_anomaly(objects, 20, radius)
    np.testing.assert_allclose(ours.raw, expected, atol=1e-9)
    np.testing.assert_allclose(ours.final, naive_gaussian(expected), atol=1e-9)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.integers(24, 120), st.integers(20, 200))
def test_shanghaitech_recipe(seed, frames, count):
    objects = random_video(seed, frames, 10, 10, count)
    ours = PaperProtocol("shanghaitech").frame_scores(objects)
    expected = naive_shanghaitech(objects, 3)
    np.testing.assert_allclose(ours.raw, expected, atol=1e-9)
    np.testing.assert_allclose(ours.final, naive_gaussian(expected), atol=1e-9)


@pytest.mark.parametrize("recipe", ["ped2", "avenue", "shanghaitech"])
def test_a_video_without_spread_is_most_normal(recipe):
    empty = random_video(0, 30, 40, 40, 0)
    np.testing.assert_array_equal(PaperProtocol(recipe).frame_scores(empty).final, np.zeros(30))
    flat = random_video(0, 30, 40, 40, 50)
    object.__setattr__(flat, "object_score", np.full(50, 0.5))
    np.testing.assert_array_equal(PaperProtocol(recipe).frame_scores(flat).raw, np.zeros(30))


@pytest.mark.parametrize("recipe", ["ped2", "avenue", "shanghaitech"])
@pytest.mark.parametrize("frames", [1, 2, 3, 7, 8, 23, 43])
def test_short_videos_are_scored(recipe, frames):
    scores = PaperProtocol(recipe, 0).frame_scores(random_video(1, frames, 40, 40, 30))
    assert scores.raw.shape == scores.final.shape == (frames,)
    assert np.isfinite(scores.final).all()


def test_published_weights_sum_and_centre():
    weights = published.gaussian_weights(49, 20.0, 24)
    assert len(weights) == 49
    assert weights.sum() == pytest.approx(0.779, abs=5e-4)
    assert int(weights.argmax()) == 23  # the 24th of 49: one tap before the middle


def test_boxes_over_the_border_do_not_wrap_around():
    xyxy = np.array([[-3.0, -3.0, 0.6, 0.6]], np.float32)
    (picture,) = published.normality_maps(np.zeros(1, np.int32), xyxy, np.zeros(1), 1, (6, 6), 1)
    assert sorted(zip(*np.nonzero(picture == 0), strict=True)) == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_one_video_of_ped2_size_is_quick():
    objects = random_video(0, 180, 240, 360, 2700)
    started = time.process_time()
    PaperProtocol("ped2").frame_scores(objects)
    # twelve such videos in 20 s; measured 0.4 s
    assert time.process_time() - started < 20 / 12


def test_unknown_recipe():
    with pytest.raises(ConfigError, match=r"ped1.*shanghaitech"):
        PaperProtocol("ped1")
