import numpy as np
import pytest

from syrfa.world.events.kinds import EVENTS, NORMAL, ROAD
from syrfa.world.events.trajectory import simulate
from syrfa.world.people.actors import walking_pose
from syrfa.world.people.body import Joint, sample_body
from syrfa.world.people.gait import GaitStyle, cycles, gait_pose, sample_style

NORMAL_SPEEDS = {
    **{"walk": (0.7, 1.9), "enter": (0.7, 1.9), "hurry": (1.7, 2.0), "elder": (0.7, 1.25), "child": (0.7, 1.6)},
    **{"telephone": (0.8, 1.4), "group": (0.7, 1.6), "family": (0.7, 1.3), "cluster": (0.7, 1.6)},
    **{"shelter": (0.7, 1.9), "luggage": (0.7, 1.7), "pram": (0.7, 1.5), "dog": (0.8, 1.6)},
    **{"car": (4.0, 14.0), "van": (4.0, 12.0), "parked": (0.0, 0.0), "cycling_on_road": (3.0, 7.5)},
    **{"scooting_on_road": (5.0, 13.0), "crossing": (1.0, 1.8)},
}
SPEEDS = {
    **{event: (0.88 * low, 1.12 * high) for event, (low, high) in NORMAL_SPEEDS.items()},
    **{"running": (2.3, 5.4), "cycling": (1.5, 6.5), "driving": (0.7, 5.5), "skateboarding": (1.5, 5)},
    **{"car_on_walkway": (1.3, 7.6), "chasing": (2.3, 5.3), "kick_scooting": (1.8, 5.0), "inline_skating": (2.2, 5.5)},
    **{"motor_scooting": (2.2, 6.6), "wheelchair": (0.7, 2.0), "trolley": (0.7, 1.6), "shuffling": (0.2, 0.7)},
    **{"walking_injured": (0.35, 1.0), "walking_drunk": (0.4, 1.6)},
}  # metres a second


@pytest.mark.parametrize("fps", [8.0, 30.0])
@pytest.mark.parametrize("event", sorted(SPEEDS))
def test_events_move_at_physical_speeds_whatever_the_frame_rate(make_place, make_stage, event, fps):
    low, high = SPEEDS[event]
    moved = 0
    for seed in range(8):
        road = "beside" if event in ROAD else "none"
        usual = event in NORMAL_SPEEDS
        stage = make_place(road, seed, fps=fps) if usual else make_stage(fps=fps, seed=seed)
        for actor in {**EVENTS, **ROAD}[event](stage):
            speed = np.hypot(np.diff(actor.course.x), np.diff(actor.course.y)) * fps
            if event in NORMAL and speed.min() <= 0.3:
                continue  # some halt, some stand
            assert low <= speed.mean() <= high
            moved += 1
    assert moved >= 3


@pytest.fixture
def course():
    return simulate(np.random.default_rng(3), 60, 25.0, through=(1.0, 20.0), at=30, heading=0.2, speed=1.3)


def test_steps_are_speed_over_frame_rate(course):
    steps = np.hypot(np.diff(course.x), np.diff(course.y))
    np.testing.assert_allclose(steps, course.speed[1:] / 25.0, rtol=1e-9)
    assert (course.x[30], course.y[30]) == pytest.approx((1.0, 20.0))


@pytest.mark.parametrize("speed", [0.7, 1.0, 1.4, 1.8])
def test_cadence_of_walking(speed):
    body = sample_body(np.random.default_rng(0))
    rate = float(cycles(body, GaitStyle(), np.array(speed)))
    assert 75 < 120 * rate < 145  # steps a minute
    assert 0.25 < speed / rate / 2 / body.height < 0.55  # step length in heights


def test_a_standing_foot_stays_where_it_is():
    body, speed, fps = sample_body(np.random.default_rng(1)), 1.3, 100.0
    rate = float(cycles(body, GaitStyle(), np.array(speed)))
    places = []
    for frame in range(100):
        pose = gait_pose(body, GaitStyle(), rate * frame / fps, speed, 0.0)
        places.append(pose[Joint.ANKLE_L, 0] + speed * frame / fps)
    places = np.array(places)
    phase = (rate * np.arange(100) / fps) % 1.0
    flat = (phase > 0.05) & (phase < 0.35)
    moved = np.abs(np.diff(places))[flat[:-1] & flat[1:]]
    swung = np.abs(np.diff(places))[(phase[:-1] > 0.7) & (phase[:-1] < 0.9)]
    assert moved.max() < 0.004
    assert swung.min() > 5 * moved.max()  # the other half of the time the foot is fast


@pytest.mark.parametrize("running", [False, True])
def test_legs_alternate(running):
    rng = np.random.default_rng(2)
    body, style = sample_body(rng), sample_style(rng, running)
    ahead = []
    for phase in np.linspace(0, 2, 41):
        pose = gait_pose(body, style, float(phase), 3.0 if running else 1.3, 0.0)
        assert pose[:, 2].min() > -0.05
        ahead.append(pose[Joint.ANKLE_L, 0] - pose[Joint.ANKLE_R, 0])
    ahead = np.array(ahead)
    np.testing.assert_allclose(ahead[:20], -ahead[10:30], atol=1e-6)  # half a cycle later the legs have changed places


def test_somebody_who_halts_stops_stepping():
    rng = np.random.default_rng(0)
    body = sample_body(rng)
    course = simulate(rng, 60, 20.0, through=(0, 20), at=0, heading=0.0, speed=1.2, stop=(20, 60))
    pose = walking_pose(body, GaitStyle(), course, 20.0, 0.1)
    assert np.abs(pose(50)[13:15] - pose(40)[13:15]).max() < 1e-6
    assert np.abs(pose(12)[13:15] - pose(5)[13:15]).max() > 0.1
