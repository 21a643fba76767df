from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from syrfa.world.events.kinds import ABNORMAL, NORMAL, ROAD, possible
from syrfa.world.events.scenario import Vehicle


def filled(stage, events=12):
    """A street full of traffic, after some walkers."""
    actors = []
    for event in ("walk", "group", "walk", "cluster"):
        actors += NORMAL[event](stage)
    for index in range(events):
        actors += ROAD[sorted(ROAD)[index % len(ROAD)]](stage)
    return actors


@pytest.mark.parametrize("event", sorted(NORMAL))
@pytest.mark.parametrize("road", ["beside", "across"])
def test_normal_life_keeps_off_the_road(make_place, road, event):
    for seed in range(6):
        stage = make_place(road, seed)
        for actor in NORMAL[event](stage):
            course = actor.course
            near = stage.scene.road.holds(course.x, course.y) & stage.visible(course)
            assert stage.scene.road.crossed(course.x[near], course.y[near]).all()


@pytest.mark.parametrize("road", ["beside", "across"])
def test_lanes_keep_right(make_place, road):
    ways = set()
    for seed in range(30):
        stage = make_place(road, seed)
        place = stage.scene.road
        course = stage.lane_course(8.0)
        heading = course.heading[0]
        assert np.ptp(course.heading) == 0
        # the middle of the road is to the left of whoever drives
        left = np.cos(heading) * (place.centre[1] - course.y) - np.sin(heading) * (place.centre[0] - course.x)
        np.testing.assert_allclose(left, place.half / 2, atol=1e-6)
        assert stage.visible(course, 2.2).any()
        ways.add(round(float(np.cos(heading - place.angle))))
    assert ways == {-1, 1}


@pytest.mark.parametrize("road", ["beside", "across"])
def test_traffic_is_never_abnormal_and_never_collides(make_place, road):
    moving = 0
    for seed in range(6):
        stage = make_place(road, seed, frames=120)
        actors = filled(stage)
        assert all(actor.abnormal is None for actor in actors)
        assert len(stage.vehicles) >= 3
        for one, other in combinations(stage.vehicles, 2):
            assert not one.meets(other.course, other.length, other.width, gap=0.0)
        for vehicle in stage.vehicles:
            moving += int(vehicle.course.speed.mean() > 2)
            for actor in actors:
                if actor.event not in ROAD or actor.event == "crossing":
                    assert not vehicle.meets(actor.course, gap=0.0)
    assert moving > 6


@pytest.mark.parametrize("road", ["beside", "across"])
def test_who_gives_way_brakes_gently_short_of_the_crossing(make_place, road):
    stood = 0
    for seed in range(12):
        stage = make_place(road, seed, frames=150)
        for actor in ROAD["giving_way"](stage):
            course, place = actor.course, stage.scene.road
            change = np.diff(course.speed) * stage.fps
            assert -2.6 < change.min() < -1.0
            assert change.max() < 1.9
            still = course.speed == 0
            assert 0.9 <= still.sum() / stage.fps <= 5.2
            ahead = actor.size * np.cos(course.heading[0] - place.angle)
            front = place.along(course.x[still], course.y[still]) + ahead
            assert (np.abs(front - place.crossing) > place.crossing_half).all()
            stood += 1
    assert stood >= 10


def test_a_vehicle_meets_what_stands_in_its_way(make_place):
    stage = make_place()
    vehicle = Vehicle(stage.lane_course(8.0), 2.2, 0.9)
    ahead = stage.lane_course(8.0)  # clear of the first by construction
    assert not vehicle.meets(ahead, 2.2, 0.9)
    for aside, hit in ((0.0, True), (3.0, False)):
        x = np.full(60, vehicle.course.x[30] - aside * np.sin(vehicle.course.heading[0]))
        y = np.full(60, vehicle.course.y[30] + aside * np.cos(vehicle.course.heading[0]))
        still = type(ahead)(x, y, np.zeros(60), np.zeros(60))
        assert vehicle.meets(still) == hit


def test_people_cross_at_the_crossing(make_place):
    for seed in range(20):
        stage = make_place("beside", seed)
        road, course = stage.scene.road, stage.crossing_course(1.4)
        aside = road.aside(course.x, course.y)
        assert aside.min() < 0 < aside.max()  # over the axis, straight
        assert np.abs(road.along(course.x, course.y) - road.crossing).max() <= road.crossing_half
        assert stage.visible(course).any()


@pytest.mark.parametrize("event", ["jaywalking", "hit_by_car"])
@pytest.mark.parametrize("road", ["beside", "across"])
def test_nobody_is_abnormal_for_using_the_crossing(make_place, road, event):
    for seed in range(10):
        stage = make_place(road, seed, onset=(0.3, 0.5))
        if not possible((event,), stage):
            continue
        actor = ABNORMAL[event](stage)[-1]
        first = actor.abnormal[0]
        assert stage.scene.road.holds(*actor.place(first))
        assert not stage.scene.road.crossed(*actor.place(first))


def test_jaywalking_needs_road_beside_the_crossing(make_place):
    stage = make_place("beside")
    assert possible(("jaywalking", "running"), stage) == ("jaywalking", "running")
    stage.scene = replace(stage.scene, road=replace(stage.scene.road, crossing_half=90.0))
    assert possible(("jaywalking", "running"), stage) == ("running",)
    assert possible(("jaywalking", "running"), make_place("none")) == ("running",)


@pytest.mark.parametrize("event", sorted(ROAD))
def test_without_a_road_there_is_no_traffic(make_place, event):
    stage = make_place("none")
    assert ROAD[event](stage) == []
    assert stage.lane_course(5.0) is None
    assert stage.crossing_course(1.3) is None


def test_nobody_parks_on_the_crossing(make_place):
    for seed in range(15):
        stage = make_place("across", seed)
        course = stage.lane_course(0.0, half=(2.2, 0.9))
        ends = course.x + np.array([[-2.2], [2.2]]) * np.cos(course.heading[0])
        tips = course.y + np.array([[-2.2], [2.2]]) * np.sin(course.heading[0])
        assert not stage.scene.road.crossed(ends, tips).any()
