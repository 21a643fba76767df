import numpy as np
import pytest

from syrfa.world.events.kinds import ABNORMAL, EVENTS, NEEDS_ROAD, TARGET, TEST, TRAIN, VALIDATION
from syrfa.world.events.trajectory import standing
from syrfa.world.people.actors import Actor
from syrfa.world.people.shapes import cuboid, wheel
from syrfa.world.scene.renderer import Renderer, Sensor

LOOKS_NORMAL = {"loitering", "wrong_way", "abandoned_bag", "jaywalking"}  # in a few frames


def spans(actors):
    return [(actor, *actor.abnormal) for actor in actors if actor.abnormal]


def test_splits_share_no_anomaly_with_the_training_split():
    for other in (VALIDATION, TEST, TARGET):
        assert not set(TRAIN) & set(other)
    assert not set(VALIDATION) & set(TEST)
    assert set(ABNORMAL) == set(TRAIN) | set(VALIDATION) | set(TEST) | set(TARGET)
    assert not LOOKS_NORMAL & set(TRAIN)


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


def draw(stage, actors, number, grey=True):
    return Renderer(stage.scene, Sensor(noise=0.0), grey, np.random.default_rng(0)).frame(actors, number)


def shown(stage, actors):
    """Every actor brought to the middle of the view in frame 20."""
    for actor in actors:
        course = actor.course
        shift = (course.x[20] - actors[0].course.x[20], course.y[20] - actors[0].course.y[20])
        actor.course.x[:] = course.x - course.x[20] + shift[0] * 0.5
        actor.course.y[:] = course.y - course.y[20] + 20.0 + shift[1] * 0.5
    return actors


@pytest.mark.parametrize("event", sorted(set(EVENTS) - NEEDS_ROAD))
def test_every_event_renders_all_its_ids(make_stage, event):
    stage = make_stage(onset=(0.2, 0.3))
    actors = shown(stage, EVENTS[event](stage)[:2])
    image, mask = draw(stage, actors, 20)
    assert image.shape == mask.shape == (120, 160)
    for owner in (owner for actor in actors for owner in actor.owners):
        assert (mask == owner).sum() >= 8
    empty, _ = draw(stage, [], 20)
    painted = mask > 0
    assert np.abs(image.astype(int) - empty)[painted].mean() > 10


@pytest.mark.parametrize("event", ["cycling", "kick_scooting", "wheelchair", "motor_scooting"])
def test_arrivals_begin_out_of_the_picture(make_stage, event):
    for seed in range(6):
        stage = make_stage(frames=60, onset=(0.3, 0.6), seed=seed)
        seen = stage.visible(EVENTS[event](stage)[0].course, 1.4)
        assert seen.any()
        assert not seen[:15].any()  # a quarter of the clip


def test_the_nearer_one_hides_the_farther_one(make_stage):
    stage = make_stage()
    near, far = EVENTS["walk"](stage)[0], EVENTS["walk"](stage)[0]
    for actor, y in ((near, 18.0), (far, 19.0)):
        actor.course.x[:], actor.course.y[:] = 0.0, y
    _, both = draw(stage, [near, far], 0)
    _, alone = draw(stage, [near], 0)
    np.testing.assert_array_equal(both == near.owners[0], alone == near.owners[0])


def test_a_person_moves_by_parts_of_a_pixel(make_stage):
    """A shift of a quarter pixel changes the picture by about a quarter of what one pixel changes."""
    stage = make_stage()
    actor = EVENTS["stand"](stage)[0]
    metre = stage.scene.camera.scale(0.0, 20.0)

    def at(pixels):
        actor.course.x[:], actor.course.y[:], actor.course.heading[:] = pixels / metre, 20.0, 0.0
        return draw(stage, [actor], 5)[0].astype(float)

    still = at(0.0)
    quarter, whole = np.abs(at(0.25) - still).sum(), np.abs(at(1.0) - still).sum()
    assert 0.12 < quarter / whole < 0.45


def test_the_wheels_of_the_far_side_are_behind_the_vehicle(make_stage):
    stage = make_stage()
    body = cuboid((0.0, 0.0, 0.3), (3.0, 1.6, 1.2), (200.0, 200.0, 200.0), 1)
    shapes = body + wheel(-1.0, -0.8, 0.35, (20.0, 20.0, 20.0), 2) + wheel(1.0, 0.8, 0.35, (20.0, 20.0, 20.0), 3)
    vehicle = Actor("van", standing(1, (0.0, 20.0), 0.0), lambda _: shapes, (1, 2, 3))
    _, mask = draw(stage, [vehicle], 0)
    assert (mask == 2).sum() > 4 * (mask == 3).sum()  # the camera is to the right of it
