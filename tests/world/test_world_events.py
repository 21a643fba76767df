import numpy as np
import pytest

from syrfa.world.events.kinds import EVENTS, NEEDS_ROAD
from syrfa.world.events.trajectory import standing
from syrfa.world.people.actors import Actor
from syrfa.world.people.shapes import cuboid, wheel
from syrfa.world.scene.renderer import Renderer, Sensor


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
