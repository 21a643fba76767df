"""Statistics of tubes whose values are known."""

from dataclasses import replace

import numpy as np
import pytest

from syrfa.realism.sample import TubeSample, displacements
from syrfa.realism.statistics import compare, probe_matrix, sample_statistics
from syrfa.tubes.index import TubeIndex


def of(pictures, boxes=((0, 0, 20, 40),), moved=(0.1,)):
    """Statistics of one tube of `pictures` (T, S, S) or (T, S, S, C)."""
    tubes = np.asarray(pictures, np.uint8)
    tubes = tubes[None, ..., None] if tubes.ndim == 3 else tubes[None]
    sample = TubeSample(tubes, np.zeros(1, np.int64), np.array(boxes, np.float32), np.array(moved), {})
    return {name: float(values[0]) for name, values in sample_statistics(sample).items()}


def still(picture, frames=3):
    return np.repeat(np.asarray(picture)[None], frames, axis=0)


RAMP = 4 * np.arange(32)[None].repeat(32, axis=0)


def test_a_flat_tube_has_brightness_and_nothing_else():
    found = of(np.full((3, 32, 32), 102))
    assert found["brightness"] == pytest.approx(0.4)
    for name in ("skewness", "gradient", "noise", "motion", "flicker", "colour"):
        assert found[name] == pytest.approx(0, abs=1e-5), name


def test_direction_of_edges():
    across, down = of(still(RAMP)), of(still(RAMP.T))
    assert (across["vertical_edges"], down["vertical_edges"]) == (1, 0)
    assert across["orientation_spread"] == pytest.approx(0, abs=1e-6)
    assert across["noise"] == pytest.approx(0, abs=1e-3)  # a slope is no noise


def test_noise_is_measured_in_grey_levels():
    rng = np.random.default_rng(0)
    found = of(np.round(RAMP + 60 + rng.normal(0, 5, (5, 32, 32))))
    assert found["noise"] == pytest.approx(5, rel=0.15)
    assert found["flicker"] == pytest.approx(0.6745 * 5 * np.sqrt(2), rel=0.15)
    assert found["sharpness"] > 3 * of(still(RAMP + 60 + 40 * (RAMP > 60)))["sharpness"]


def test_a_step_is_moved():
    step = np.where(np.arange(32) < 16, 50, 200)[None].repeat(32, axis=0)
    moving = np.stack([np.roll(step, shift, axis=1) for shift in range(3)])
    assert of(still(step))["motion"] == 0
    assert of(moving)["motion"] == pytest.approx(2 * 150**2 / 32 / 75**2, rel=1e-3)
    assert of(moving)["flicker"] == 0  # most pixels stay


def test_a_dark_figure_on_a_bright_ground():
    picture = np.full((32, 32), 200)
    picture[8:24, 8:24] = 100
    assert of(still(picture))["figure"] == pytest.approx(-100 / picture.std(), rel=1e-4)


def test_colour_and_box():
    picture = np.zeros((3, 32, 32, 3))
    picture[..., 0] = 30
    found = of(picture)
    assert (found["colour"], found["aspect"], found["displacement"], found["height"]) == (30, 0.5, 0.1, 40)


def test_an_unknown_displacement_is_the_median(make_sample):
    sample = make_sample(0, videos=1, each=4)
    moved = sample_statistics(replace(sample, displacement=np.array([0.1, np.nan, 0.3, 0.2])))["displacement"]
    assert moved.tolist() == [0.1, 0.2, 0.3, 0.2]


def test_the_probe_is_not_told_the_height(make_sample):
    found = sample_statistics(make_sample(0, videos=1, each=3))
    assert probe_matrix(found).shape == (3, len(found) - 1)


def test_rows_of_the_comparison():
    same, wide = np.linspace(0, 1, 101), np.linspace(-9, 11, 101)
    real = {"a": same, "b": same, "c": np.ones(3)}
    rows = {row["statistic"]: row for row in compare(real, {"a": same + 2, "b": wide, "c": np.ones(3)})}
    assert list(rows) == ["a", "b", "c"]
    assert rows["a"]["difference"] == pytest.approx(2 / same.std())
    assert (rows["a"]["covered"], rows["b"]["covered"], rows["c"]["difference"]) == (0, 1, 0)


def test_displacement_follows_the_box_that_overlaps_most():
    video = np.array([0, 0, 0, 0, 1], np.int32)
    frame = np.array([3, 3, 5, 5, 5], np.int32)
    boxes = np.array([[0, 0, 10, 20], [50, 0, 60, 20], [2, 0, 12, 20], [80, 0, 90, 20], [50, 0, 60, 20]], np.float32)
    blank = np.zeros(5)
    index = TubeIndex(video, frame, boxes, blank, blank, blank, blank, blank, blank, blank)
    moved = displacements(index, np.arange(5), np.array([0, 1, 2]), 2)
    assert moved[0] == pytest.approx(2 / (2 * 20))
    assert np.isnan(moved[1:]).all()  # gone, and the end of the video
    assert np.isnan(displacements(index, np.array([0, 1, 3, 4]), np.array([0]), 2)).all()  # the other is not used
