from dataclasses import replace

import numpy as np
import pytest

from syrfa.world.clip import MAX_ID, Clip, plan_clips
from syrfa.world.events.kinds import NORMAL, ROAD
from syrfa.world.people.body import sample_body
from syrfa.world.presets import PRESETS
from syrfa.world.scene.renderer import Renderer, Sensor

STILL = {"stand", "sit", "talk"}
SIZES = {"group": (2, 4), "family": (2, 4), "cluster": (5, 8), "talk": (2, 4), "meet": (2, 2), "queue": (3, 7)}


@pytest.mark.parametrize(("road", "person"), [("none", 15.0), ("none", 200.0), ("beside", 15.0), ("across", 200.0)])
@pytest.mark.parametrize("event", sorted({**NORMAL, **ROAD}))
def test_every_normal_event_builds_and_renders(make_place, event, road, person):
    seen = 0
    for seed in range(3):
        stage = make_place(road, seed, frames=24, person=person, size=(320, 340) if person > 100 else (320, 240))
        actors = {**NORMAL, **ROAD}[event](stage)
        owners = [owner for actor in actors for owner in actor.owners]
        assert len(set(owners)) == len(owners)
        assert all(actor.abnormal is None and len(actor.course) == 24 for actor in actors)
        renderer = Renderer(stage.scene, Sensor(noise=0.0), True, np.random.default_rng(0))
        masks = [renderer.frame(actors, number)[1] for number in (2, 12, 20)]
        assert set(np.unique(masks)) <= {0, *owners}
        seen += sum(int(mask.any()) for mask in masks)
    assert seen >= 1 or event in ROAD


def test_walkers_have_the_published_mean(make_place):
    speeds = [NORMAL["enter"](make_place("none", seed))[0].course.speed.mean() for seed in range(150)]
    assert np.mean(speeds) == pytest.approx(1.34, abs=0.07)
    assert np.std(speeds) == pytest.approx(0.26, abs=0.06)


@pytest.mark.parametrize("event", sorted(STILL))
def test_who_stands_or_sits_stays(make_place, event):
    for seed in range(4):
        for actor in NORMAL[event](make_place("none", seed)):
            assert np.ptp(actor.course.x) == 0
            assert np.ptp(actor.course.y) == 0


@pytest.mark.parametrize("event", sorted(SIZES))
def test_sizes_of_groups(make_place, event):
    sizes = {len(NORMAL[event](make_place("none", seed))) for seed in range(25)}
    low, high = SIZES[event]
    assert min(sizes) >= low
    assert max(sizes) <= high
    assert len(sizes) > 1 or low == high


def test_two_who_meet_come_together_and_part(make_place):
    parted = 0
    for seed in range(12):
        one, other = NORMAL["meet"](make_place("none", seed, frames=240))
        gap = np.hypot(one.course.x - other.course.x, one.course.y - other.course.y)
        assert 0.6 < gap.min() < 1.6
        still = (one.course.speed < 0.05) & (other.course.speed < 0.05)
        assert still.any()
        parted += int(gap[0] > 2 and gap[-1] > 2)
    assert parted > 2


def test_a_queue_moves_up_without_overtaking(make_place):
    moved = 0
    for seed in range(8):
        stage = make_place("none", seed, frames=200)
        actors = NORMAL["queue"](stage)
        heading = round(float(actors[0].course.heading.mean() / np.pi)) * np.pi
        along = np.array([actor.course.x * np.cos(heading) for actor in actors])
        assert (np.diff(along, axis=0) < -0.3).all()
        moved += int(np.ptp(along, axis=1).min() > 0.5)
    assert moved >= 6


def test_who_turns_round_goes_back(make_place):
    for seed in range(8):
        course = NORMAL["turn_round"](make_place("none", seed, frames=160))[0].course
        assert abs(course.heading[-1] - course.heading[0]) > 2.3
        assert course.speed.min() < 0.6 * np.median(course.speed)


def test_who_enters_was_out_of_the_picture(make_place):
    arrived = 0
    for seed in range(20):
        stage = make_place("none", seed, frames=120)
        seen = stage.visible(NORMAL["enter"](stage)[0].course, 1.4)
        arrived += int(not seen[0] and seen.any())
    assert arrived >= 17


def test_children_are_small_and_have_large_heads():
    rng = np.random.default_rng(0)
    children, adults, elders = ([sample_body(rng, 0.0, age) for _ in range(120)] for age in ("child", "adult", "elder"))
    assert all(1.0 <= body.height <= 1.5 and body.head > 1.05 and body.leg < 0.52 for body in children)
    assert np.mean([body.height for body in elders]) < np.mean([body.height for body in adults])
    assert all(body.head == 1.0 for body in adults)


def test_a_crowd_never_outgrows_the_mask():
    preset = replace(PRESETS["standard"], sizes=((160, 120),), person=(15.0, 60.0), crowd=(200, 200))
    clip = Clip(preset, plan_clips(preset)[0], 0, True)
    owners = [owner for actor in clip.actors for owner in actor.owners]
    assert len(set(owners)) == len(owners)
    assert 200 < max(owners) <= MAX_ID
