from dataclasses import replace

import numpy as np
import pytest

from syrfa.world.events import ABNORMAL, NEEDS_ROAD, TARGET, TEST, TRAIN, VALIDATION, possible
from syrfa.world.renderer import Renderer, Sensor
from syrfa.world.road import Road

ROAD = Road(angle=0.1, centre=(0.0, 26.5), half=3.0)
LOOKS_NORMAL = {"loitering", "wrong_way", "abandoned_bag", "jaywalking"}
"""A few frames of these show nothing unusual."""


@pytest.fixture
def staged(make_stage):
    """A stage, with a road behind the walkway or without one."""

    def make(road=True, **settings):
        stage = make_stage(**{"frames": 80, "onset": (0.2, 0.4), **settings})
        stage.scene = replace(stage.scene, road=ROAD if road else None)
        return stage

    return make


def spans(actors):
    return [(actor, *actor.abnormal) for actor in actors if actor.abnormal]


def test_splits_share_no_anomaly_with_the_training_split():
    for other in (VALIDATION, TEST, TARGET):
        assert not set(TRAIN) & set(other)
    assert not set(VALIDATION) & set(TEST)
    assert set(ABNORMAL) == set(TRAIN) | set(VALIDATION) | set(TEST) | set(TARGET)
    assert not LOOKS_NORMAL & set(TRAIN)


def test_only_a_road_makes_road_events_possible(staged):
    assert set(possible(tuple(ABNORMAL), staged())) == set(ABNORMAL)
    assert set(possible(tuple(ABNORMAL), staged(road=False))) == set(ABNORMAL) - NEEDS_ROAD


@pytest.mark.parametrize(
    ("event", "road"),
    [(event, road) for event in sorted(ABNORMAL) for road in (True, False) if road or event not in NEEDS_ROAD],
)
def test_every_event_shows_what_it_labels(staged, event, road):
    shown = 0
    for seed in range(3):
        stage = staged(road, seed=seed)
        actors = ABNORMAL[event](stage)
        owners = [owner for actor in actors for owner in actor.owners]
        assert len(set(owners)) == len(owners)
        assert max(owners) <= 40
        assert spans(actors)
        renderer = Renderer(stage.scene, Sensor(noise=0.0), True, np.random.default_rng(0))
        for actor, first, last in spans(actors):
            assert 0 <= first <= last < stage.frames
            assert {len(actor.course.x), len(actor.course.heading), len(actor.course.speed)} == {stage.frames}
        for frame in range(4, stage.frames, 8):
            _, mask = renderer.frame(actors, frame)
            now = [o for actor, first, last in spans(actors) if first <= frame <= last for o in actor.owners]
            shown += int(np.isin(mask, now).sum() >= 6)
    assert shown >= 5
