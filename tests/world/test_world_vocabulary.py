import numpy as np
import pytest

from syrfa.world.events.kinds import ABNORMAL, NEEDS_ROAD, TARGET, TEST, TRAIN, VALIDATION, possible
from syrfa.world.scene.renderer import Renderer, Sensor

LOOKS_NORMAL = {"loitering", "wrong_way", "abandoned_bag", "jaywalking"}
"""A few frames of these show nothing unusual."""


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
    assert set(possible(tuple(ABNORMAL), staged(has_road=False))) == set(ABNORMAL) - NEEDS_ROAD


@pytest.mark.parametrize(
    ("event", "has_road"),
    [(event, road) for event in sorted(ABNORMAL) for road in (True, False) if road or event not in NEEDS_ROAD],
)
def test_every_event_shows_what_it_labels(staged, event, has_road):
    shown = 0
    for seed in range(3):
        stage = staged(has_road, seed=seed)
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


@pytest.mark.parametrize("event", ["cycling", "driving", "car_on_walkway", "kick_scooting", "motor_scooting"])
def test_vehicles_are_abnormal_off_the_road_only(staged, road, event):
    for seed in range(6):
        for actor, first, last in spans(ABNORMAL[event](staged(seed=seed))):
            course = actor.course
            assert not road.holds(course.x[first : last + 1], course.y[first : last + 1]).any()


def test_the_innocent_are_not_marked(staged):
    for seed in range(4):
        robbed, thief = ABNORMAL["stealing"](staged(seed=seed))
        assert robbed.abnormal is None
        assert thief.abnormal[0] > 0
        one, *others = ABNORMAL["wrong_way"](staged(seed=seed))
        assert one.abnormal == (0, 79)
        assert not spans(others)
        assert len(others) >= 7
        headings = [np.cos(actor.course.heading.mean() - one.course.heading.mean()) for actor in others]
        assert max(headings) < -0.7
        owner, bag = ABNORMAL["abandoned_bag"](staged(seed=seed))
        assert owner.abnormal is None
        first = bag.abnormal[0]
        assert np.hypot(*np.subtract(owner.place(first), bag.place(first))) > 1.5
        assert bag.place(first) == bag.place(79)


def test_the_bag_goes_from_the_robbed_one_to_the_thief(staged):
    robbed, thief = ABNORMAL["stealing"](staged(seed=1))
    counts = [[len(actor.local(frame).start) for actor in (robbed, thief)] for frame in (0, 79)]
    assert counts[0][0] - counts[1][0] == 1
    assert counts[1][1] - counts[0][1] == 1
    bags = [actor.local(frame).colour[-1] for actor, frame in ((robbed, 0), (thief, 79))]
    np.testing.assert_array_equal(*bags)
    speed = np.hypot(np.diff(thief.course.x), np.diff(thief.course.y)) * 20.0
    assert speed[0] < 2.2
    assert speed[-1] > 2.8


def test_the_pursuer_stays_behind(staged):
    for seed in range(4):
        lead, follow = ABNORMAL["chasing"](staged(seed=seed))
        gap = np.hypot(lead.course.x - follow.course.x, lead.course.y - follow.course.y)
        assert 0.6 < gap.mean() < 3.6
        ahead = (lead.course.x - follow.course.x) * np.cos(follow.course.heading)
        ahead += (lead.course.y - follow.course.y) * np.sin(follow.course.heading)
        assert (ahead > 0).mean() > 0.9
