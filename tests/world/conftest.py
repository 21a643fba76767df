from dataclasses import replace

import numpy as np
import pytest

from syrfa.world.events.scenario import Stage
from syrfa.world.presets import PRESETS
from syrfa.world.scene.camera import Camera
from syrfa.world.scene.layout import Road
from syrfa.world.scene.scene import Scene

ROADS = {
    "none": None,
    "beside": Road(0.0, (0.0, 27.5), 3.0, crossing=2.0, crossing_half=1.8),
    "across": Road(np.pi / 2, (-6.0, 20.0), 3.0, crossing=0.0, crossing_half=4.2),
}


@pytest.fixture
def camera():
    return Camera.looking(160, 120, distance=20.0, down=0.3, person=36.0, row=0.55)


def _stage(camera, back, clothes, road, fps, frames, seed, **settings):
    """A plain grey walkway from left to right, 8 m wide, looked at from the side."""
    background = np.full((camera.height, camera.width, 3), 150, np.uint8)
    scene = Scene(camera=camera, background=background, path=0.0, path_centre=(0.0, 20.0), path_half=4.0, back=back,
                  clothes=clothes, road=road)  # fmt: skip
    return Stage(scene, fps, frames, np.random.default_rng(seed), **settings)


@pytest.fixture
def make_stage(camera):
    """A small place without a road."""

    def make(fps=20.0, frames=40, seed=0, **settings):
        return _stage(camera, 30.0, -0.8, None, fps, frames, seed, **settings)

    return make


@pytest.fixture
def make_place():
    """A larger one, with a road of choice."""

    def make(road="beside", seed=0, frames=60, fps=15.0, person=40.0, size=(320, 240), **settings):
        camera = Camera.looking(*size, distance=20.0, down=0.35, person=person, row=0.6)
        return _stage(camera, 60.0, -0.5, ROADS[road], fps, frames, seed, **settings)

    return make


@pytest.fixture(scope="session")
def small_source():
    """Three clips in the UBnormal layout, half a second to render."""
    clips = {"train": (1, 1), "validation": (0, 0), "test": (0, 1)}
    return replace(PRESETS["tiny"], name="small-source", clips=clips, frames=(10, 12), scenes=2)


@pytest.fixture(scope="session")
def small_target():
    """Three clips in the UCSD layout."""
    clips = {"train": (1, 0), "test": (0, 2)}
    return replace(PRESETS["target-tiny"], name="small-target", clips=clips, frames=(36, 40))


@pytest.fixture
def road():
    """A road behind the walkway of `make_stage`."""
    return Road(angle=0.1, centre=(0.0, 26.5), half=3.0)


@pytest.fixture
def staged(make_stage, road):
    """A stage of four seconds, with a road behind the walkway or without one."""

    def make(has_road=True, **settings):
        stage = make_stage(**{"frames": 80, "onset": (0.2, 0.4), **settings})
        stage.scene = replace(stage.scene, road=road if has_road else None)
        return stage

    return make
