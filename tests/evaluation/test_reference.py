"""Scores against reference scores: loops as the golden side, what they promise, and what they must not depend on."""

from dataclasses import replace
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syrfa.errors import ConfigError
from syrfa.evaluation import ObjectScores, Reference, box_width
from syrfa.evaluation.reference import called_abnormal, local_survival, places, survival
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


@given(st.integers(0, 2**31), st.integers(1, 12), st.lists(st.floats(0, 1), min_size=2, max_size=20))
def test_at_one_place_a_higher_score_is_never_more_normal(seed, neighbours, scores):
    generator = np.random.default_rng(seed)
    normals = generator.random(20)
    near = np.tile(generator.choice(20, neighbours, replace=False), (len(scores), 1))
    found = local_survival(normals, near, np.sort(scores))
    assert ((found > 0) & (found <= 1)).all()
    assert (np.diff(found) <= 0).all()


@pytest.mark.parametrize(("seed", "tolerance"), [(6, 0.03), (7, 0.025)], ids=["the normals themselves", "new ones"])
def test_shares_are_uniform_on_normals_of_the_scene(seed, tolerance):
    shares = np.exp(-Reference([scene(4000, 6)], "local", 50).apply(scene(4000, seed)).object_score)
    for level in (0.05, 0.1, 0.25, 0.5, 0.75):
        assert np.mean(shares <= level) == pytest.approx(level, abs=tolerance)


def test_a_place_that_always_scores_high_alarms_no_more_than_another():
    normals, fresh = [scene(4000, 8)], scene(4000, 9)
    right = fresh.object_xyxy[:, 2] > 150
    everywhere = survival(normals[0].object_score, fresh.object_score)
    local = np.exp(-Reference(normals, "local", 50).apply(fresh).object_score)
    alarms = [[np.mean(shares[side] < 0.1) for side in (right, ~right)] for shares in (everywhere, local)]
    assert alarms[0][0] > 5 * max(alarms[0][1], 0.001)
    assert alarms[1] == pytest.approx([0.1, 0.1], abs=0.05)


def test_fusion_adds_what_is_too_wide_for_its_place():
    normals, fresh = [scene(1000, 10)], scene(200, 11)
    cart = fresh.object_xyxy.copy()
    cart[0, 2] = cart[0, 0] + 4 * (cart[0, 2] - cart[0, 0])
    wide = replace(fresh, object_xyxy=cart, object_score=np.zeros(200))
    local, fused = (Reference(normals, method).apply(wide).object_score for method in ("local", "fused"))
    assert local[0] == 0
    assert fused[0] > log(200)
    assert (fused >= local).all()


def walkers(pace: list[float], frames: int = 30) -> ObjectScores:
    """People of 20 by 50 pixels side by side, who walk down so many heights a frame, all with the score 0.5."""
    frame = np.repeat(np.arange(frames, dtype=np.int32), len(pace))
    left = np.tile(30.0 * np.arange(len(pace)), frames)
    top = 20 + 50 * np.tile(pace, frames) * frame
    xyxy = np.stack([left, top, left + 20, top + 50], axis=1).astype(np.float32)
    return ObjectScores("v", frames, 400, 400, frame, xyxy, np.full(len(frame), 0.5))


def test_fisher_adds_what_is_too_fast():
    normals = walkers([0.02, 0.025, 0.03, 0.035] * 3)
    test = walkers([0.02, 0.03, 0.11])
    tails = {m: Reference([normals], m).apply(test).object_score.reshape(-1, 3) for m in ("fused", "fisher")}
    assert (tails["fused"] == 0).all()
    assert (tails["fisher"][8:, 2] > 4).all()
    assert (tails["fisher"][:, :2] < 2).all()
    assert (tails["fisher"][:4] == 0).all()  # nobody knows yet


def test_geometry_alone_does_not_see_the_score():
    normals, objects = [scene(300, 19)], scene(60, 20)
    other = replace(objects, object_score=objects.object_score[::-1])
    width = Reference([box_width(v) for v in normals], "local").apply(box_width(objects)).object_score
    for method in ("fused", "fisher"):
        alone = [Reference(normals, method).apply(video, scored=False).object_score for video in (objects, other)]
        np.testing.assert_array_equal(*alone)
        assert method == "fisher" or alone[0].tolist() == width.tolist()


def test_fisher_compares_scores_of_one_shape():
    """Boxes of feet, wide and low, always score high: one more is normal, and a person who scores so is not."""
    people = scene(400, 21)
    low = people.object_xyxy.copy()
    low[:, 0], low[:, 2] = low[:, 0] - 10, low[:, 2] + 10
    feet = replace(people, name="w", object_xyxy=low, object_score=np.random.default_rng(0).uniform(0.85, 0.95, 400))
    people = replace(people, object_score=0.2 * people.object_score)
    reference = Reference([people, feet], "fisher", 50)
    more = {}
    for name, boxes in (("people", people), ("feet", feet)):
        high = replace(boxes, object_score=np.full(400, 0.9))
        before, after = (reference.apply(v).object_score for v in (boxes, high))
        more[name] = np.median(after - before)
    assert more["people"] > 2
    assert abs(more["feet"]) < 0.5


def test_fisher_counts_what_is_a_little_rare_in_everything():
    """One as high as 5 % of the normals in score and width alike, and one as high as 2 % in its score alone."""
    normals = scene(2000, 18)
    box = np.repeat(normals.object_xyxy[:1], 2000, axis=0)
    box[:, 2] += np.linspace(0, 5, 2000)
    crowd = replace(normals, object_xyxy=box, object_score=np.linspace(0, 1, 2000))
    test = replace(scene(2, 18), object_xyxy=np.stack([box[1900], box[0]]), object_score=np.array([0.95, 0.98]))
    found = {m: Reference([crowd], m, 2000).apply(test).object_score for m in ("fused", "fisher")}
    assert found["fused"][0] < found["fused"][1]
    assert found["fisher"][0] > found["fisher"][1]


def test_above_all_neighbours_is_not_yet_above_all_normals():
    normals = scene(1000, 12)
    here = replace(normals, object_score=np.where(normals.object_xyxy[:, 0] > 100, 0.8, 0.2))
    at = int(np.argmin(normals.object_xyxy[:, 0]))
    reference = Reference([here], "local", 50)
    tails = []
    for score in (0.5, 0.9):
        scores = here.object_score.copy()
        scores[at] = score
        tails.append(reference.apply(replace(here, object_score=scores)).object_score[at])
    assert log(51) < tails[0] < tails[1]
    assert tails[1] == pytest.approx(log(51) + log(1001))


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


@pytest.mark.parametrize("method", METHODS)
def test_only_ranks_count(method):
    """Any rising function of the scores, such as the logit, gives the same tails."""
    normals, objects = scene(300, 16), scene(100, 17)
    logits = [replace(v, object_score=np.log(v.object_score / (1 - v.object_score))) for v in (normals, objects)]
    np.testing.assert_array_equal(
        Reference([logits[0]], method).apply(logits[1]).object_score,
        Reference([normals], method).apply(objects).object_score,
    )


def test_places_are_shares_of_the_frame_and_of_a_pixel_at_least():
    flat = replace(scene(2, 0), object_xyxy=np.array([[20, 30, 60, 80], [0, 50, 10, 50]], np.float32))
    np.testing.assert_allclose(places(flat), [[0.2, 0.8, np.log(0.5)], [0.025, 0.5, np.log(0.01)]])


@pytest.mark.parametrize("method", METHODS)
def test_a_video_without_objects_stays_without(method):
    assert Reference([scene(10, 18)], method).apply(scene(0, 19)).object_score.shape == (0,)


def test_bad_settings_are_named():
    with pytest.raises(ConfigError, match=r"'quantile'.*local.*fused.*fisher"):
        Reference([scene(5, 0)], "quantile")
    with pytest.raises(ConfigError, match="neighbours is 0"):
        Reference([scene(5, 0)], "local", 0)
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
