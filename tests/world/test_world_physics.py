import numpy as np
import pytest

from syrfa.world.events import belongings, driving, riders
from syrfa.world.events.kinds import ABNORMAL
from syrfa.world.people import actors
from syrfa.world.people.body import clothed
from syrfa.world.people.skeleton import BONES, FLESH
from syrfa.world.scene.renderer import Renderer, Sensor


def lengths(joints):
    return np.array([np.linalg.norm(joints[child] - joints[parent]) for parent, child in BONES])


@pytest.fixture
def skeletons(monkeypatch):
    """A function that returns the joints (17, 3) and the body of each person of an actor in a frame, by id."""
    seen = {}

    def record(joints, body, owner):
        seen[owner] = (joints, body)
        return clothed(joints, body, owner)

    for module in (actors, belongings, driving, riders):
        monkeypatch.setattr(module, "clothed", record)

    def at(actor, frame):
        seen.clear()
        actor.local(frame)
        return dict(seen)

    return at


@pytest.mark.parametrize(
    "event", sorted(set(ABNORMAL) - {"driving", "car_on_walkway", "motor_scooting", "fire", "smoke"})
)
def test_bones_keep_their_length(staged, skeletons, event):
    seen = 0
    for seed in range(3):
        for actor in ABNORMAL[event](staged(seed=seed)):
            for frame in range(0, 80, 3):
                for joints, body in skeletons(actor, frame).values():
                    trunk, *_ = found = lengths(joints)
                    limbs = [body.upper_arm] * 2 + [body.forearm] * 2, [body.thigh] * 4
                    assert trunk == pytest.approx(body.torso, rel=0.05)
                    np.testing.assert_allclose(found[4:8], limbs[0], rtol=0.05)
                    np.testing.assert_allclose(found[10:14], limbs[1], rtol=0.05)
                    seen += 1
    assert seen >= 3 * 27


@pytest.mark.parametrize("event", sorted(set(ABNORMAL) - {"driving", "car_on_walkway", "fire", "smoke"}))
def test_limbs_do_not_jump_between_frames(staged, event):
    fps = 50.0
    for seed in range(2):
        for actor in ABNORMAL[event](staged(seed=seed, fps=fps, frames=120)):
            if len(actor.local(0).start) < 19:
                continue  # a car, a bag, a ball
            ends = []
            for frame in range(120):
                shapes = actor.shapes(frame)
                ends.append(shapes.end[shapes.owner == actor.owners[0]][:17])
            steps = np.linalg.norm(np.diff(np.array(ends), axis=0), axis=2) * fps
            assert steps.max() < 14.0  # metres a second; a kick is about as fast


@pytest.mark.parametrize("event", sorted(set(ABNORMAL) - {"fire", "smoke"}))
def test_nothing_sinks_into_the_ground(staged, skeletons, event):
    for seed in range(3):
        for actor in ABNORMAL[event](staged(seed=seed)):
            for frame in range(0, 80, 4):
                for joints, _ in skeletons(actor, frame).values():
                    assert (joints[:, 2] - FLESH).min() > -0.05
                assert min((face.points[:, 2].min() for face in actor.local(frame).faces), default=0.0) > -0.01


@pytest.mark.parametrize("event", ["falling", "collapsing", "lying", "accident", "hit_by_car"])
def test_who_goes_down_lies_on_the_ground_at_the_end(staged, skeletons, event):
    lying = 0
    for seed in range(4):
        stage = staged(seed=seed, frames=100, onset=(0.2, 0.3))
        for actor in ABNORMAL[event](stage):
            if actor.size > 2:
                continue  # the car
            before, after = (skeletons(actor, frame)[actor.owners[0]][0] for frame in (actor.abnormal[0] - 1, 99))
            assert before[:, 2].max() > 1.2
            assert after[:, 2].max() < 0.75
            assert (after[:, 2] - FLESH).min() < 0.02  # it rests on the ground
            places = np.array([actor.place(frame) for frame in (92, 99)])
            np.testing.assert_allclose(places[0], places[1], atol=0.02)
            lying += 1
    assert lying >= 4


def test_a_thrown_thing_follows_gravity(staged):
    fps = 50.0
    for seed in range(5):
        thrower, thing = ABNORMAL["throwing"](staged(fps=fps, frames=150, seed=seed))
        release = thing.abnormal[0]
        shapes = [thing.local(frame) for frame in range(release, release + 12)]
        middles = [
            s.start.mean(axis=0) * 0.5 + s.end.mean(axis=0) * 0.5 if len(s.start) else
            np.concatenate([f.points for f in s.faces]).mean(axis=0) for s in shapes
        ]  # fmt: skip
        height = np.array([middle[2] for middle in middles])
        if len(shapes[0].start):  # the middle of a box without its base is no mass centre
            np.testing.assert_allclose(np.diff(height, 2) * fps**2, -9.81, rtol=0.02)
        ground = np.array([thing.place(frame) for frame in range(release, release + 12)])
        steps = np.linalg.norm(np.diff(ground, axis=0), axis=1) * fps
        np.testing.assert_allclose(steps, steps[0], rtol=1e-6)  # nothing slows it down in the air
        assert 3.0 < steps[0] < 11.0
        hand = thrower.shapes(release)
        assert np.linalg.norm(hand.end - np.array([*ground[0], height[0]]), axis=1).min() < 0.35
        assert thrower.abnormal[1] < 149  # afterwards they stand as anybody does


def test_the_victim_of_a_car_flies_and_the_car_brakes(staged, skeletons):
    for seed in range(4):
        stage = staged(seed=seed, fps=25.0, frames=100)
        car, victim = ABNORMAL["hit_by_car"](stage)
        hit = car.abnormal[0]
        speed = np.hypot(np.diff(car.course.x), np.diff(car.course.y)) * 25.0
        assert 5.0 <= speed[hit - 2] <= 10.0
        assert np.diff(speed[hit : hit + 15]).mean() * 25.0 == pytest.approx(-6.5, abs=0.3)
        assert speed[-1] < 0.01
        assert victim.abnormal[0] <= hit
        poses = [skeletons(victim, frame)[victim.owners[0]][0] for frame in range(hit, hit + 14)]
        clear = [(joints[:, 2] - FLESH).min() for joints in poses]
        assert max(clear) > 0.08  # off the ground for a moment
        gap = np.hypot(victim.course.x - car.course.x, victim.course.y - car.course.y)
        assert gap[hit:].min() > 1.2  # the car never drives over them
        assert victim.course.speed[hit + 1 :].max() == 0.0


@pytest.mark.parametrize("event", ["fire", "smoke"])
def test_puffs_rise_and_thin_out(staged, event):
    stage = staged(seed=2, frames=120, fps=20.0)
    (actor,) = ABNORMAL[event](stage)
    assert not actor.local(0).puffs
    puffs = actor.local(110).puffs
    height = np.array([puff.centre[2] for puff in puffs])
    assert height.max() > 0.5
    assert all(0 < puff.opacity <= 1 and puff.radius > 0 for puff in puffs)
    assert not np.array_equal(height, [puff.centre[2] for puff in actor.local(111).puffs][: len(height)])
    high = height > np.median(height)
    opacity = np.array([puff.opacity for puff in puffs])
    assert opacity[high].mean() < opacity[~high].mean()


def test_smoke_lets_the_background_through(staged):
    stage = staged(seed=0)
    (actor,) = ABNORMAL["smoke"](stage)
    actor.course.x[:], actor.course.y[:] = 0.0, 20.0
    stage.scene.background[:, ::4] = 0
    renderer = Renderer(stage.scene, Sensor(noise=0.0, blur=0.3), True, np.random.default_rng(0))
    clear, _ = renderer.frame([], 70)
    smoky, mask = renderer.frame([actor], 70)
    inside = mask == actor.owners[0]
    assert inside.sum() > 50
    change = np.abs(smoky.astype(int) - clear)
    assert change[inside].mean() > 10
    faint = (change > 2) & ~inside
    assert faint.sum() > 20  # its rim is not in the mask
    np.testing.assert_array_equal(mask[~inside], 0)
    _, in_colour = Renderer(stage.scene, Sensor(noise=0.0), False, np.random.default_rng(0)).frame([actor], 70)
    np.testing.assert_array_equal(in_colour, mask)
