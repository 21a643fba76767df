"""Scores against reference scores: loops as the golden side, what they promise, and what they must not depend on."""

from dataclasses import replace
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syrfa.errors import ConfigError
from syrfa.evaluation import ObjectScores, Reference, box_width
from syrfa.evaluation.reference import called_abnormal, places, survival
from syrfa.evaluation.tracks import box_speed

METHODS = ("local", "fused", "fisher")
GEOMETRY = {"fused": ("width",), "fisher": ("width", "speed")}


def scene(count: int, seed: int, name: str = "v", frames: int = 40) -> ObjectScores:
    """Boxes at places of their own, whose scores grow from left to right."""
    generator = np.random.default_rng(seed)
    foot = generator.random((count, 2)) * [200, 60] + [0, 40]
    height = foot[:, 1] * 0.4 * np.exp(generator.normal(0, 0.1, count))
    width = height * 0.4 * np.exp(generator.normal(0, 0.1, count))
    xyxy = np.stack([foot[:, 0] - width / 2, foot[:, 1] - height, foot[:, 0] + width / 2, foot[:, 1]], axis=1)
    score = 0.4 * foot[:, 0] / 200 + 0.3 * generator.random(count)
    frame = np.sort(generator.integers(0, frames, count)).astype(np.int32)
    return ObjectScores(name, frames, 100, 200, frame, xyxy.astype(np.float32), score)


def naive_tails(normals: list[ObjectScores], objects: ObjectScores, method: str, neighbours: int) -> list[float]:
    def rows(video):
        found = []
        measured = zip(video.object_xyxy.tolist(), video.object_score, box_speed(video).object_score, strict=True)
        for (left, top, right, bottom), score, speed in measured:
            place = ((left + right) / 2 / video.width, bottom / video.height, log((bottom - top) / video.height))
            shape = (*place, log((right - left) / video.height))
            other = shape if method == "fisher" else place
            values = {"score": score, "width": (right - left) / video.width, "speed": speed}
            found.append(({"score": other, "width": place, "speed": other}, values))
        return found

    known = [row for video in normals for row in rows(video)]
    tails = []
    for where, values in rows(objects):

        def tail(what, where=where, values=values):
            everywhere = (1 + sum(other[what] >= values[what] for _, other in known)) / (1 + len(known))
            near = sorted(
                known, key=lambda row: sum((a - b) ** 2 for a, b in zip(row[0][what], where[what], strict=True))
            )
            near = near[:neighbours]
            return -log((everywhere + sum(other[what] >= values[what] for _, other in near)) / (1 + len(near)))

        parts = [tail(what) for what in ("score", *GEOMETRY.get(method, ()))]
        tails.append(sum(parts) if method == "fisher" else max(parts))
    return tails


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("neighbours", [1, 7, 500])
def test_equals_a_naive_loop(method, neighbours):
    normals = [scene(60, 1), scene(0, 2), scene(45, 3, "w")]
    objects = scene(30, 4)
    found = Reference(normals, method, neighbours).apply(objects)
    np.testing.assert_allclose(found.object_score, naive_tails(normals, objects, method, neighbours), atol=1e-12)
    np.testing.assert_array_equal(found.object_xyxy, objects.object_xyxy)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.lists(st.floats(-1, 2), max_size=20))
def test_survival_counts_and_falls(normals, scores):
    found = survival(np.array(normals), np.array(scores, np.float64))
    expected = [(1 + sum(normal >= score for normal in normals)) / (1 + len(normals)) for score in scores]
    np.testing.assert_allclose(found, expected, rtol=1e-15)
    assert (np.diff(found[np.argsort(scores)]) <= 0).all()


@pytest.mark.parametrize(("seed", "tolerance"), [(6, 0.03), (7, 0.025)], ids=["the normals themselves", "new ones"])
def test_shares_are_uniform_on_normals_of_the_scene(seed, tolerance):
    shares = np.exp(-Reference([scene(4000, 6)], "local", 50).apply(scene(4000, seed)).object_score)
    for level in (0.05, 0.1, 0.25, 0.5, 0.75):
        assert np.mean(shares <= level) == pytest.approx(level, abs=tolerance)


def test_geometry_alone_does_not_see_the_score():
    normals, objects = [scene(300, 19)], scene(60, 20)
    other = replace(objects, object_score=objects.object_score[::-1])
    width = Reference([box_width(v) for v in normals], "local").apply(box_width(objects)).object_score
    for method in ("fused", "fisher"):
        alone = [Reference(normals, method).apply(video, scored=False).object_score for video in (objects, other)]
        np.testing.assert_array_equal(*alone)
        assert method == "fisher" or alone[0].tolist() == width.tolist()


@pytest.mark.parametrize("method", METHODS[:2])  # speed is that of the object's own track
def test_an_object_scores_the_same_whatever_others_there_are(method):
    normals, objects = [scene(300, 13), scene(200, 14, "w")], scene(100, 15)
    reference = Reference(normals, method, 20)
    whole = reference.apply(objects).object_score
    order = np.random.default_rng(0).permutation(100)[:40]
    part = replace(
        objects,
        object_frame=objects.object_frame[order],
        object_xyxy=objects.object_xyxy[order],
        object_score=objects.object_score[order],
    )
    np.testing.assert_array_equal(reference.apply(part).object_score, whole[order])
    swapped = Reference(normals[::-1], method, 20)
    np.testing.assert_allclose(swapped.apply(objects).object_score, whole, atol=1e-12)


def test_places_are_shares_of_the_frame_and_of_a_pixel_at_least():
    flat = replace(scene(2, 0), object_xyxy=np.array([[20, 30, 60, 80], [0, 50, 10, 50]], np.float32))
    np.testing.assert_allclose(places(flat), [[0.2, 0.8, np.log(0.5)], [0.025, 0.5, np.log(0.01)]])


@pytest.mark.parametrize("method", METHODS)
def test_a_video_without_objects_stays_without(method):
    assert Reference([scene(10, 18)], method).apply(scene(0, 19)).object_score.shape == (0,)


def test_bad_settings_are_named():
    with pytest.raises(ConfigError, match=r"'quantile'.*local.*fused.*fisher"):
        Reference([scene(5, 0)], "quantile")
    with pytest.raises(ConfigError, match="no object to compare with"):
        Reference([scene(0, 0)], "fused")


def test_every_constant_is_described():
    local = Reference([scene(30, 0), scene(20, 1)], "local", 200).describe()
    assert local == {"reference": "local", "neighbours": 50, "normal_objects": 50, "training_normals": True}


def scored(*boxes: tuple[float, float, float]) -> ObjectScores:
    """A video of boxes (width, height, score)."""
    xyxy = np.array([[10, 10, 10 + width, 10 + height] for width, height, _ in boxes], np.float32).reshape(-1, 4)
    score = np.array([score for _, _, score in boxes], np.float64)
    return ObjectScores("v", 10, 240, 360, np.zeros(len(boxes), np.int32), xyxy, score)


def test_normals_called_abnormal_are_counted_over_all_videos():
    videos = [scored((5, 9, 0.2), (9, 5, 0.95), (9, 5, 0.5)), scored(), scored((6, 6, 0.91), (7, 6, 0.6))]
    assert called_abnormal(videos) == {
        "objects": 5,
        "above": {"0.5": 3 / 5, "0.9": 2 / 5},
        "wide": {"objects": 3, "above": {"0.5": 2 / 3, "0.9": 1 / 3}},
    }
    assert called_abnormal([scored((5, 9, 0.2))])["wide"] == {"objects": 0, "above": {"0.5": None, "0.9": None}}
