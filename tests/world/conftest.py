from dataclasses import replace

import numpy as np
import pytest

from syrfa.world.camera import Camera
from syrfa.world.clip import plan_clips
from syrfa.world.presets import PRESETS
from syrfa.world.scene import Scene
from syrfa.world.stage import Stage


@pytest.fixture
def camera():
    return Camera.looking(160, 120, distance=20.0, down=0.3, person=36.0, row=0.55)


@pytest.fixture
def make_stage(camera):
    """A plain grey place, looked at from the side."""

    def make(fps=20.0, frames=40, seed=0, **settings):
        scene = Scene(
            camera=camera,
            background=np.full((120, 160, 3), 150, np.uint8),
            path=0.0,
            path_centre=(0.0, 20.0),
            path_half=4.0,
            back=30.0,
            clothes=-0.8,
        )
        return Stage(scene, fps, frames, np.random.default_rng(seed), **settings)

    return make


@pytest.fixture
def small_source():
    """Three clips in the UBnormal layout, half a second to render."""
    clips = {"train": (1, 1), "validation": (0, 0), "test": (0, 1)}
    return replace(PRESETS["tiny"], name="small-source", clips=clips, frames=(10, 12), scenes=2)


@pytest.fixture
def small_target():
    """Three clips in the UCSD layout."""
    clips = {"train": (1, 0), "test": (0, 2)}
    return replace(PRESETS["target-tiny"], name="small-target", clips=clips, frames=(36, 40))


@pytest.fixture
def plans_of():
    return plan_clips
