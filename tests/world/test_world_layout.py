"""The camera over the ground, and where it and a road are drawn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syrfa.world.scene.camera import Camera
from syrfa.world.scene.layout import ELEVATION, LENS, Road, in_view, sample_layout

SIZES = ((160, 120), (360, 240), (640, 360))


def drawn(number, size=(640, 360), person=(15.0, 200.0), **settings):
    rng = np.random.default_rng(5)
    return [sample_layout(rng, *size, person, **settings) for _ in range(number)]


def test_cameras_are_of_every_kind():
    down, high = [], []
    for layout in drawn(200):
        camera = layout.camera
        assert ELEVATION[0] <= camera.elevation <= ELEVATION[1]
        assert LENS[0] <= camera.focal / camera.width <= LENS[1]
        down.append(np.rad2deg(np.arcsin(-camera.rotation[2, 2])))
        high.append(camera.elevation)
    assert min(down) < 10
    assert 50 < max(down) < 61
    assert min(high) < 4
    assert max(high) > 20


@pytest.mark.parametrize("size", SIZES)
def test_people_are_as_tall_as_asked(size):
    tall = []
    for layout in drawn(150, size):
        x, y = layout.path_centre
        feet, head = layout.camera.project(np.array([[x, y, 0.0], [x, y, 1.7]]))[0]
        tall.append(float(np.hypot(*(feet - head))))
        assert 0.98 * 15 <= tall[-1] <= 1.02 * min(200.0, 0.6 * size[1])
    # log-uniform: as many below the geometric mean as above
    middle = np.sqrt(15 * min(200.0, 0.6 * size[1]))
    assert 0.35 < np.mean(np.array(tall) < middle) < 0.65


def test_a_road_keeps_off_the_walkway_or_crosses_it():
    layouts = drawn(150, roads=1.0)
    found = [layout for layout in layouts if layout.road is not None]
    assert len(found) > 0.95 * len(layouts)
    kinds = {"beside": 0, "across": 0}
    for layout in found:
        road, s = layout.road, np.linspace(-60, 60, 241)
        c, d = np.cos(layout.path), np.sin(layout.path)
        cells = [(s * c - a * d, s * d + a * c) for a in np.linspace(-layout.path_half, layout.path_half, 9)]
        x = np.concatenate([layout.path_centre[0] + cell[0] for cell in cells])
        y = np.concatenate([layout.path_centre[1] + cell[1] for cell in cells])
        on = road.holds(x, y)
        kinds["across" if on.any() else "beside"] += 1
        assert road.crossed(x[on], y[on]).all()
        assert 2.5 < road.half < 4.0
        for forward in (True, False):
            assert len(in_view(layout.camera, road, road.lane(forward)[0])) * 0.5 >= 4.0  # metres of each lane in view
    assert min(kinds.values()) > 20


@pytest.mark.parametrize(("share", "low", "high"), [(0.0, 0.0, 0.0), (0.3, 0.22, 0.38)])
def test_the_share_of_scenes_with_a_road(share, low, high):
    assert low <= np.mean([layout.road is not None for layout in drawn(200, roads=share)]) <= high


def test_road_coordinates():
    road = Road(0.5, (3.0, 20.0), 3.0, crossing=4.0, crossing_half=1.0)
    x, y = road.point(4.5, 1.2)
    assert road.along(x, y) == pytest.approx(4.5)
    assert road.aside(x, y) == pytest.approx(1.2)
    assert road.holds(x, y)
    assert road.crossed(x, y)
    assert not road.crossed(*road.point(5.5, 1.2))
    assert not Road(0.5, (3.0, 20.0), 3.0).crossed(x, y)


@given(*(st.floats(*ends) for ends in ((-8, 8), (8, 40), (0.1, 0.7), (15, 100), (-0.05, 0.05), (5, 40))))
def test_ground_undoes_project(x, y, down, person, roll, distance):
    view = Camera.looking(320, 240, distance=distance, down=down, person=person, roll=roll)
    pixel, depth = view.project(np.array([x, y, 0.0]))
    if depth > 1.0:
        np.testing.assert_allclose(view.ground(pixel), [x, y], atol=1e-5)
        mapped = view.homography() @ np.array([x, y, 1.0])
        np.testing.assert_allclose(mapped[:2] / mapped[2], pixel, atol=1e-6)


def test_above_the_horizon_there_is_no_ground(camera):
    assert np.isnan(camera.ground(np.array([80.0, -400.0]))).all()
