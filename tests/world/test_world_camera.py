import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syrfa.world.scene.camera import Camera


def test_a_person_where_the_camera_looks_has_the_asked_height(camera):
    feet, head = camera.project(np.array([[0, 20, 0], [0, 20, 1.7]], float))[0]
    # the view from above shortens the vertical; `person` is the height to first order in 1.7 m / distance
    assert feet[1] - head[1] == pytest.approx(36.0, rel=0.05)
    assert feet == pytest.approx([(160 - 1) / 2, 0.55 * 119])


@given(
    st.floats(-8, 8),
    st.floats(8, 40),
    st.floats(0.1, 0.7),
    st.floats(15, 100),
    st.floats(-0.05, 0.05),
    st.floats(5, 40),
)
def test_ground_undoes_project(x, y, down, person, roll, distance):
    view = Camera.looking(320, 240, distance=distance, down=down, person=person, roll=roll)
    pixel, depth = view.project(np.array([x, y, 0.0]))
    if depth > 1.0:
        np.testing.assert_allclose(view.ground(pixel), [x, y], atol=1e-5)
        mapped = view.homography() @ np.array([x, y, 1.0])
        np.testing.assert_allclose(mapped[:2] / mapped[2], pixel, atol=1e-6)


def test_above_the_horizon_there_is_no_ground(camera):
    assert np.isnan(camera.ground(np.array([80.0, -400.0]))).all()


def test_farther_is_smaller_and_higher_in_the_picture(camera):
    heights, rows = [], []
    for y in (12.0, 18.0, 24.0, 30.0):
        feet, head = camera.project(np.array([[0, y, 0], [0, y, 1.75]], float))[0]
        heights.append(feet[1] - head[1])
        rows.append(feet[1])
    assert heights == sorted(heights, reverse=True)
    assert rows == sorted(rows, reverse=True)
    # two people at distances in ratio 1 : 2 along the axis are in ratio 2 : 1 in the picture
    assert camera.scale(0, 12) / camera.scale(0, 30) == pytest.approx(
        camera.project(np.array([0, 30.0, 0]))[1] / camera.project(np.array([0, 12.0, 0]))[1]
    )
