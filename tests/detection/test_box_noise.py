"""Boxes out of id masks, exact and with the faults of a detector."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from syrfa.detection import BoxNoise
from syrfa.detection.noise import (
    COVERS,
    LEVELS,
    ODD,
    WHOLE,
    contrasts,
    object_boxes,
    odd_confidences,
    whole_confidences,
)
from syrfa.errors import ConfigError, DetectionError

NONE = BoxNoise.none()


def rng(seed=0):
    return np.random.default_rng(seed)


def person(height=130, width=240, top=50, left=100, tall=60, wide=24, number=1):
    mask = np.zeros((height, width), np.int32)
    mask[top : top + tall, left : left + wide] = number
    return mask


def draw(noise, mask, times=1000):
    generator = rng()
    return [noise.apply(mask, generator) for _ in range(times)]


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(
        np.int32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.sampled_from([0, 1, 2, 7, 70000])
    )
)
def test_exact_boxes_are_the_extent_of_each_id(mask):
    found = NONE.apply(mask, rng())
    naive = []
    for number in sorted(set(mask.ravel()) - {0}):
        rows, columns = np.nonzero(mask == number)
        naive.append([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
    assert found.xyxy.tolist() == naive
    assert (found.confidence == 1).all()
    assert (found.class_id == -1).all()
    assert (found.xyxy.dtype, found.confidence.dtype, found.class_id.dtype) == (np.float32, np.float32, np.int16)


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(np.int32, st.tuples(st.integers(1, 40), st.integers(1, 40)), elements=st.integers(0, 3)),
    st.integers(0, 2**32),
)
def test_noisy_boxes_are_valid_and_repeatable(mask, seed):
    wild = BoxNoise(jitter=0.5, duplicate=0.5, union=0.5, torso=0.3, cut=0.3, strip=0.5, background=2, min_pixels=1)
    found, again = wild.apply(mask, rng(seed)), wild.apply(mask, rng(seed))
    height, width = mask.shape
    assert (found.xyxy[:, :2] >= 0).all()
    assert (found.xyxy[:, 2] <= width).all()
    assert (found.xyxy[:, 3] <= height).all()
    assert (found.xyxy[:, 2:] - found.xyxy[:, :2] >= wild.min_side).all()
    assert ((found.confidence > 0) & (found.confidence <= 1)).all()
    assert np.array_equal(found.xyxy, again.xyxy)
    assert np.array_equal(found.confidence, again.confidence)


def test_hidden_share_counts_other_objects():
    mask = person()
    mask[50:80, 100:124] = 2  # the upper half
    boxes, visible, hidden = object_boxes(mask)
    assert boxes.tolist() == [[100, 80, 124, 110], [100, 50, 124, 80]]
    assert visible.tolist() == [720, 720]
    assert hidden.tolist() == [0, 0]
    mask[109, 100] = mask[50, 100] = 1  # now the first reaches around the second
    assert object_boxes(mask)[2][0] == pytest.approx((720 - 1) / (60 * 24))


def test_jitter_is_relative_to_the_size():
    noise = replace(NONE, jitter=0.05, jitter_height=0.02)
    boxes = np.concatenate([d.xyxy for d in draw(noise, person())])
    assert boxes.mean(axis=0) == pytest.approx([100, 50, 124, 110], abs=0.3)
    assert boxes.std(axis=0) == pytest.approx([0.05 * 24, 0.02 * 60] * 2, rel=0.1)


@pytest.mark.parametrize(
    ("noise", "mask", "expected"),
    [
        (replace(NONE, miss=0.25), person(), 0.75),
        (replace(NONE, miss_small=0.4, small_side=24), person(tall=12), 0.8),
        (replace(NONE, miss_small=0.4, small_side=24), person(tall=30), 1.0),
        (replace(NONE, duplicate=0.2), person(), 1.2),
        (replace(NONE, strip=0.3), person(), 1.3),
        (replace(NONE, background=0.5), person(), 1.5),
        (replace(NONE, torso=0.3, cut=0.3), person(), 1.0),
    ],
)
def test_boxes_per_frame(noise, mask, expected):
    assert np.mean([len(d) for d in draw(noise, mask)]) == pytest.approx(expected, abs=0.05)


def test_hidden_objects_are_missed_more():
    mask = person(number=1)
    mask[52:108, 102:122] = 2
    boxes = [d.xyxy for d in draw(replace(NONE, miss_hidden=0.6), mask)]
    back = np.mean([any(b[0] == 100 for b in found) for found in boxes])
    front = np.mean([any(b[0] == 102 for b in found) for found in boxes])
    assert back == pytest.approx(1 - 0.6 * (56 * 20) / (60 * 24), abs=0.04)
    assert front == 1


def test_neighbours_get_a_joint_box_beside_or_instead_of_their_own():
    mask = person() + person(left=126, number=2)  # 2 pixels apart
    joint = [100, 50, 150, 110]
    for found in draw(replace(NONE, union=1.0), mask, 20):
        assert sorted(found.xyxy.tolist()) == sorted([joint, [100, 50, 124, 110], [126, 50, 150, 110]])
    for found in draw(replace(NONE, union=1.0, union_only=1.0), mask, 20):
        assert found.xyxy.tolist() == [joint]
    apart = person() + person(left=200, number=2)
    assert all(len(d) == 2 for d in draw(replace(NONE, union=1.0, neighbour_gap=0.15), apart, 20))


def test_shortened_boxes_keep_the_head():
    for share, noise in (((0.45, 0.65), replace(NONE, torso=1.0)), ((0.65, 0.9), replace(NONE, cut=1.0))):
        boxes = np.concatenate([d.xyxy for d in draw(noise, person(), 300)])
        assert (boxes[:, :3] == [100, 50, 124]).all()
        height = (boxes[:, 3] - 50) / 60
        assert share[0] - 1e-6 <= height.min() < height.max() <= share[1] + 1e-6


def test_strips_are_thin_and_at_the_feet():
    boxes = np.concatenate([d.xyxy[1:] for d in draw(replace(NONE, strip=1.0), person(), 300)])
    assert (np.abs(boxes[:, 3] - 110) <= 0.06 * 60).all()
    assert ((boxes[:, 3] - boxes[:, 1]) <= 0.25 * 60).all()
    assert ((boxes[:, 2] - boxes[:, 0]) / 24).mean() == pytest.approx(1.0, abs=0.03)


def test_background_boxes_hold_no_object():
    mask = person()
    seen = 0
    for found in draw(replace(NONE, background=1.0), mask, 300):
        for left, top, right, bottom in found.xyxy[1:].astype(int):
            assert not mask[top : bottom + 1, left : right + 1].any()
            seen += 1
    assert seen > 100
    crowded = np.ones((50, 60), np.int32)
    assert len(replace(NONE, background=20.0).apply(crowded, rng())) == 1, "no place, no box"
    assert len(replace(NONE, background=20.0).apply(np.zeros((50, 60), np.int32), rng())) > 5


def certain(mask, **settings):
    """Confidences of the boxes that `settings` alone make; a jitter of nearly nothing, because exact boxes are sure."""
    noise = replace(NONE, **{"jitter": 1e-6, "small_doubt": BoxNoise().small_doubt, "small_side": 24.0, **settings})
    return np.concatenate([d.confidence for d in draw(noise, mask, 400)])


def test_smaller_boxes_are_less_certain():
    means = [certain(person(tall=tall), small_doubt=3.4).mean() for tall in (6, 10, 14, 18, 24)]
    assert means == sorted(means)
    assert means[-1] > means[0] + 0.2
    assert certain(person(tall=24)).mean() == pytest.approx(certain(person(tall=70)).mean(), abs=0.01)
    without = [certain(person(tall=tall), small_doubt=0.0).mean() for tall in (6, 24)]
    assert without[0] == pytest.approx(without[1], abs=0.01)


def test_hidden_boxes_are_less_certain():
    means = []
    for rows in (0, 3, 8, 15, 30):  # of the lower ones, behind somebody who stands nearer
        mask = person()
        mask[110 - rows : 125, 101:124] = 2
        boxes, confidence = zip(
            *((d.xyxy, d.confidence) for d in draw(replace(NONE, jitter=1e-6), mask, 400)), strict=True
        )
        means.append(np.mean([c[b[:, 1].argmin()] for b, c in zip(boxes, confidence, strict=True)]))
    assert means == sorted(means, reverse=True)
    assert means[-1] < means[0] - 0.2


def test_a_bicycle_does_not_make_its_rider_doubtful():
    mask = person()
    rider = certain(mask).mean()
    mask[108:112, 90:134] = 2  # wheels across the rider's box and around it, over few pixels
    mask[80:82, 90:134] = 2
    noise = replace(NONE, jitter=1e-6)
    found = np.mean([d.confidence[d.xyxy[:, 1].argmin()] for d in draw(noise, mask, 400)])
    assert found > rider - 0.12


@pytest.mark.parametrize("kind", sorted(ODD))
def test_odd_boxes_are_as_certain_as_measured(kind):
    values = odd_confidences(kind, 20000, rng())
    assert values.min() >= 0.3
    assert values.max() < 1
    for level, value in zip(LEVELS[1:-1], ODD[kind][1:-1], strict=True):
        deviation = np.sqrt(level * (1 - level) / len(values))
        assert (values <= value).mean() == pytest.approx(level, abs=5 * deviation)
    mask = person() + person(left=126, number=2) if kind == "union" else person()
    first = {"strip": 1, "duplicate": 1, "background": 1}.get(kind, 0)
    only = {"union_only": 1.0} if kind == "union" else {}
    drawn = np.concatenate([d.confidence[first:] for d in draw(replace(NONE, **{kind: 1.0}, **only), mask, 300)])
    assert len(drawn) > 200
    assert drawn.mean() == pytest.approx(values.mean(), abs=5 * values.std() / np.sqrt(len(drawn)))


def test_whole_boxes_are_as_certain_as_measured():
    for covered, row in zip(COVERS, WHOLE, strict=True):
        values = whole_confidences(np.full(20000, covered), np.zeros(20000), rng())
        assert (values > 0).all()
        assert (values < 1).all()
        for level, value in zip(LEVELS[1:-1], row[1:-1], strict=True):
            deviation = np.sqrt(level * (1 - level) / len(values))
            assert (values <= value).mean() == pytest.approx(level, abs=5 * deviation)


def test_defaults_are_those_of_the_committed_measurement():
    path = Path(__file__).parents[2] / "experiments" / "studies" / "boxes" / "results" / "box_noise.json"
    measured, noise = json.loads(path.read_text()), BoxNoise()
    for name, value in measured["fit"].items():
        assert getattr(noise, name) == pytest.approx(value, rel=0.1, abs=0.002), name
    published = measured["published"]
    for kind, quantiles in ODD.items():
        assert quantiles[1:-1] == pytest.approx(published["confidence"][kind]["quantiles"], abs=0.006), kind
    for row, wanted in zip(published["confidence_whole_by_cover"], WHOLE, strict=True):
        assert wanted[1:-1] == pytest.approx(row["quantiles"], abs=0.006)


def test_contrast_is_the_distance_from_what_is_around():
    mask = person(tall=40, wide=16)
    mask[60:70, 160:170] = 3
    picture = np.full(mask.shape, 90, np.uint8)
    picture[mask == 1] = 120
    picture[60:70, 160:170] = 90
    picture[60:65, 160:170] = 50

    def contrast(image, ids):
        return contrasts(image, ids, object_boxes(ids)[0])

    assert contrast(picture, mask) == pytest.approx([30.0, 40 / np.sqrt(2)])
    assert contrast(np.full((4, 4), 7, np.uint8), np.ones((4, 4), np.int32)).tolist() == [np.inf]
    assert contrast(picture, np.zeros_like(mask)).shape == (0,)


@pytest.mark.parametrize("contrast", [0, 35, 70, 120])
def test_faint_objects_are_missed_as_a_parabola(contrast):
    mask = person()
    picture = (60 + contrast * (mask > 0)).astype(np.uint8)
    noise, generator = replace(NONE, miss_faint=0.9, faint=70.0), rng()
    found = np.mean([len(noise.apply(mask, generator, picture)) for _ in range(1000)])
    assert 1 - found == pytest.approx(0.9 * max(1 - contrast / 70, 0) ** 2, abs=0.05)
    assert len(noise.apply(mask, generator)) == 1


def test_few_visible_pixels_give_no_box():
    mask = person(tall=5, wide=2)
    assert len(replace(NONE, min_pixels=11).apply(mask, rng())) == 0
    assert len(replace(NONE, min_pixels=10).apply(mask, rng())) == 1


@pytest.mark.parametrize(
    "setting",
    [
        {"miss": 1.5},
        {"jitter": -0.1},
        {"union_only": 2.0},
        {"jitter_height": -1.0},
        {"small_doubt": float("inf")},
        {"union": float("nan")},
        {"background": -1},
    ],
)
def test_settings_out_of_range(setting):
    with pytest.raises(ConfigError, match=next(iter(setting))) as error:
        BoxNoise(**setting)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("mask", [np.full((4, 4), -1, np.int32), np.zeros((4, 4, 3), np.int32), np.zeros((4, 4))])
def test_no_id_mask(mask):
    with pytest.raises(DetectionError):
        BoxNoise().apply(mask, rng())
