"""Light, weather, sensor and shake do to a picture what their names say."""

from dataclasses import replace

import numpy as np
import pytest

from syrfa.world.events import casting
from syrfa.world.events.trajectory import simulate
from syrfa.world.people.shapes import rods
from syrfa.world.scene.background import paint_background
from syrfa.world.scene.camera import Camera
from syrfa.world.scene.layer import Finish, paint, streak
from syrfa.world.scene.layout import Road
from syrfa.world.scene.light import DAY, NIGHT, Light, Look, sample_look
from syrfa.world.scene.renderer import Renderer
from syrfa.world.scene.scene import sample_scene
from syrfa.world.scene.sensor import Developer, Sensor
from syrfa.world.scene.shadow import ShadowMap
from syrfa.world.scene.weather import Rain, Weather

CLEAN = Sensor(blur=0.1, noise=0.0)
WAY = Road(0.0, (0.0, 20.0), 4.0)
PLAIN = [np.full((190, 100), 128, np.uint8)]


@pytest.fixture
def show(make_stage):
    """The tenth frame of one walker in the middle of a plain place, and its mask."""

    def draw(look=None, sensor=CLEAN, grey=True, speed=1.3, number=10, seed=0):
        stage = make_stage(seed=3)
        scene = replace(stage.scene, look=look or Look())
        course = simulate(stage.rng, 40, 20.0, through=(0.0, 20.0), at=10, heading=0.0, speed=speed)
        walker = casting.walker(stage, "walk", course)
        return Renderer(scene, sensor, grey, np.random.default_rng(seed)).frame([walker], number)

    return draw


def sunny(east, shade=0.5):
    return Look(light=Light(sun=np.array([east, 0.0, -1.0]) / np.hypot(east, 1.0), shade=shade))


@pytest.mark.parametrize("east", [1.0, -1.0])
def test_a_shadow_is_darker_than_the_ground_and_away_from_the_sun(show, east):
    image, mask = show(sunny(east))
    rows, columns = np.nonzero(mask)
    foot, middle = rows.max(), int(columns.mean())
    ground = image.astype(int)
    ground[mask > 0] = 150
    away, towards = (slice(middle + 6, middle + 30), slice(max(middle - 30, 0), middle - 6))[:: int(east)]
    assert ground[foot - 6 : foot + 4, away].min() < 150 * 0.65
    assert ground[foot - 6 : foot + 4, away].mean() < 150 * 0.9
    assert ground[foot - 6 : foot + 4, towards].mean() > 150 * 0.95


def test_a_shadow_is_softer_far_from_what_casts_it(camera):
    light = Light(sun=np.array([1.0, 0.0, -1.0]) / np.sqrt(2), shade=1.0, spread=0.15)
    sharpness = []
    for high in (0.3, 1.6):
        ball = rods([(np.array([0.0, 20.0, high]), np.array([0.0, 20.0, high]), 0.25)], (0.0, 0.0, 0.0), 0)
        shadows = ShadowMap(camera)
        shadows.cast(ball, light.sources(0.0, 20.0)[1], camera.scale(0.0, 20.0))
        sharpness.append(int(np.abs(np.diff(shadows.dark.astype(int), axis=1)).max()))
    assert sharpness[0] > 1.3 * sharpness[1]


def test_a_limb_is_brighter_on_the_side_of_the_light(camera):
    pole = rods([(np.array([0.0, 20.0, 0.0]), np.array([0.0, 20.0, 1.7]), 0.2)], (120.0, 120.0, 120.0), 1)
    for sign in (1.0, -1.0):
        layer = paint(camera, pole, Finish(grey=True, gain=np.ones(3), light=(sign, 0.0, 0.0)), PLAIN)
        half = layer.cover.shape[1] // 2
        row = layer.picture[layer.cover.shape[0] // 2].astype(int)
        inside = np.flatnonzero(layer.cover[layer.cover.shape[0] // 2] == 255)
        left, right = row[inside[inside < half]].mean(), row[inside[inside >= half]].mean()
        assert sign * (right - left) > 5


def test_a_limb_that_faces_the_light_is_brighter(camera):
    """Light from above: a thigh lifted forward shows its lit upper side, a hanging one its unlit front."""
    hip, knees = np.array([0.0, 20.0, 1.0]), {"down": (0.0, 20.0, 0.5), "forward": (0.0, 19.5, 0.95)}
    tones = {}
    for pose, knee in knees.items():
        thigh = rods([(hip, np.array(knee), 0.1)], (120.0, 120.0, 120.0), 1)
        layer = paint(camera, thigh, Finish(grey=True, gain=np.ones(3), light=(0.0, 0.0, 1.0)), PLAIN)
        tones[pose] = float(np.median(layer.picture[layer.cover == 255]))
    assert tones["forward"] > tones["down"] + 5


def test_the_id_mask_is_as_large_as_what_is_painted(camera):
    """Whatever covers half a pixel or more, to a tenth of the area."""
    mask = np.zeros((camera.height, camera.width), np.uint8)
    pole = rods([(np.array([0.0, 20.0, 0.2]), np.array([0.3, 20.0, 1.7]), 0.2)], (120.0, 120.0, 120.0), 1)
    layer = paint(camera, pole, Finish(grey=True, gain=np.ones(3)), PLAIN, mask)
    assert (mask > 0).sum() == pytest.approx((layer.cover >= 128).sum(), rel=0.1)


def test_fog_takes_more_contrast_from_what_is_far(camera):
    clear = Finish(grey=True, gain=np.ones(3))
    levels = {}
    for y in (15.0, 28.0):
        for fog in (0.0, 0.05):
            pole = rods([(np.array([0.0, y, 0.0]), np.array([0.0, y, 1.7]), 0.3)], (10.0, 10.0, 10.0), 1)
            weather = Weather(fog=fog, tone=180.0)
            finish = replace(clear, clear=float(weather.clear(np.array(y))), fog=np.full(3, weather.tone))
            layer = paint(camera, pole, finish, PLAIN)
            levels[y, fog] = int(np.median(layer.picture[layer.cover == 255]))
    assert levels[15.0, 0.0] == levels[28.0, 0.0]
    assert levels[15.0, 0.0] + 20 < levels[15.0, 0.05] < levels[28.0, 0.05] - 10


def test_a_scene_by_night_is_darker_than_by_day():
    brightness = {DAY: [], NIGHT: []}
    for seed in range(90):
        scene = sample_scene(np.random.default_rng(seed), 64, 48, (12.0, 30.0))
        if scene.look.light.kind in brightness:
            brightness[scene.look.light.kind].append(float(scene.background.mean()))
    assert len(brightness[NIGHT]) >= 5
    assert np.mean(brightness[NIGHT]) < 0.75 * np.mean(brightness[DAY])


def test_lamps_cast_shadows_away_from_themselves():
    light = Light(kind=NIGHT, ambient=0.2, shade=0.6, lamps=((0.0, 20.0, 5.0),))
    lamp = light.sources(2.0, 20.0)[-1]
    fallen = lamp.dropped(np.array([2.0, 20.0, 1.7]))
    assert fallen[0] > 2.5
    assert fallen[1] == pytest.approx(20.0)
    assert len(light.sources(60.0, 20.0)) == 1  # too far away


def test_rain_leaves_streaks_and_they_move():
    rain = Rain(np.random.default_rng(0), 160, 120, 6.0)
    image = np.full((120, 160), 90, np.uint8)
    first, second = rain.over(image), rain.over(image)
    assert 0.01 < (first > 95).mean() < 0.5
    assert (first >= image).all()
    assert not np.array_equal(first, second)


def test_shake_moves_picture_and_mask_alike(show):
    still, mask = show()
    image, moved = show(sensor=replace(CLEAN, shake=2.5))
    centre = [np.array(np.nonzero(m)).mean(axis=1) for m in (mask, moved)]
    shift = centre[1] - centre[0]
    assert np.abs(shift).max() > 0.7
    dark = [np.array(np.nonzero(picture < 75)).mean(axis=1) for picture in (still, image)]
    np.testing.assert_allclose(dark[1] - dark[0], shift, atol=0.6)
    assert set(np.unique(moved)) <= set(np.unique(mask))


@pytest.mark.parametrize("motion", [(5.0, 0.0), (-3.0, 4.0), (0.2, 7.3)])
def test_motion_blur_keeps_the_mean_and_spreads_along_the_motion(camera, motion):
    kernel = streak(motion)
    assert kernel.sum() == pytest.approx(1.0, abs=1e-5)
    assert kernel.min() >= 0
    pole = rods([(np.array([0.0, 20.0, 0.0]), np.array([0.0, 20.0, 1.7]), 0.3)], (200.0, 200.0, 200.0), 1)
    sharp, soft = (
        paint(camera, pole, Finish(grey=True, gain=np.ones(3), motion=m), PLAIN) for m in ((0.0, 0.0), motion)
    )
    assert soft.picture.astype(float).sum() == pytest.approx(sharp.picture.astype(float).sum(), rel=0.01)
    assert soft.cover.astype(float).sum() == pytest.approx(sharp.cover.astype(float).sum(), rel=0.01)
    assert ((soft.cover > 10) & (soft.cover < 245)).sum() > 1.3 * ((sharp.cover > 10) & (sharp.cover < 245)).sum()


def develop(sensor, image, frames=1, seed=0):
    developer = Developer(sensor, image, np.random.default_rng(seed), sensor.noise)
    return [developer.develop(image) for _ in range(frames)][-1]


def test_noise_grows_with_the_level_when_it_is_that_of_light():
    spread = {}
    for shot in (0.0, 1.0):
        for level in (50, 200):
            out = develop(Sensor(noise=4.0, shot=shot, blur=0.1), np.full((80, 80), level, np.uint8))
            spread[shot, level] = out.astype(float).std()
    assert spread[0.0, 200] == pytest.approx(spread[0.0, 50], rel=0.1)
    assert spread[1.0, 200] > 1.6 * spread[1.0, 50]


def test_sharpening_steepens_edges_and_overshoots():
    edge = np.full((40, 40), 80, np.uint8)
    edge[:, 20:] = 160
    soft, sharp = (develop(Sensor(noise=0, blur=0.7, sharpening=amount), edge)[20].astype(int) for amount in (0.0, 1.2))
    assert np.diff(sharp).max() > 1.4 * np.diff(soft).max()
    assert (soft.min(), soft.max()) == (80, 160)
    assert sharp.min() < 75
    assert sharp.max() > 165
    assert sharp[0] == 80
    assert sharp[-1] == 160


def test_exposure_brings_bright_and_dark_scenes_together():
    means = [develop(Sensor(noise=0, target=110.0), np.full((40, 40), v, np.uint8)).mean() for v in (50, 110, 210)]
    assert 60 < means[0] < 110.5
    assert means[1] == pytest.approx(110, abs=1.5)
    assert 109.5 < means[2] < 180


def test_an_interlaced_frame_shows_rows_of_the_one_before():
    developer = Developer(Sensor(noise=0, blur=0.1, interlaced=True), np.zeros((8, 8), np.uint8),
                          np.random.default_rng(0), 0.0)  # fmt: skip
    developer.develop(np.full((8, 8), 20, np.uint8))
    image = developer.develop(np.full((8, 8), 200, np.uint8))
    assert (image[::2] > 150).all()
    assert (image[1::2] < 60).all()


def test_vignette_darkens_the_corners_only(show):
    image, mask = show(sensor=replace(CLEAN, vignette=0.3))
    assert image[0, 0] < 0.75 * 150
    assert mask[60, 20] == 0
    assert image[60, 80] == pytest.approx(150, abs=4) or mask[60, 80] > 0


def test_grey_stays_grey_and_colour_has_colour(show):
    assert show()[0].ndim == 2
    colour = show(grey=False)[0].astype(int)
    assert colour.shape[2] == 3
    assert np.abs(colour[..., 0] - colour[..., 2]).max() > 20
    drained = show(grey=False, sensor=replace(CLEAN, saturation=0.0))[0].astype(int)
    assert np.abs(drained[..., 0] - drained[..., 2]).max() <= 1
    np.testing.assert_allclose(drained[..., 1], show()[0], atol=3)


def test_looks_cover_day_night_indoors_sun_fog_and_rain():
    camera = Camera.looking(160, 120, distance=20.0, down=0.3, person=36.0)
    looks = [sample_look(np.random.default_rng(seed), camera, WAY) for seed in range(300)]
    share = {kind: np.mean([look.light.kind == kind for look in looks]) for kind in ("day", "night", "indoor")}
    assert 0.6 < share["day"] < 0.85
    assert share["night"] > 0.08
    assert share["indoor"] > 0.06
    assert 0.25 < np.mean([look.light.sun is not None for look in looks]) < 0.6
    assert 0.08 < np.mean([look.weather.fog > 0 for look in looks]) < 0.35
    assert 0.02 < np.mean([look.weather.rain > 0 for look in looks]) < 0.18
    suns = np.array([look.light.sun for look in looks if look.light.sun is not None])
    assert (suns[:, 2] < 0).all()
    assert suns[:, :2].min() < -0.5 < 0.5 < suns[:, :2].max()
    assert all(look.weather.rain == 0 for look in looks if look.light.kind == "indoor")


def test_a_road_is_painted_with_its_crossing():
    road = Road(0.0, (0.0, 20.0), 3.0, 0.0, 1.5)
    pictures = []
    for given in (None, road):
        camera = Camera.looking(160, 120, distance=20.0, down=0.5, person=30.0)
        look = Look(level=150.0)
        pictures.append(paint_background(np.random.default_rng(5), camera, look, WAY, 60.0, given)[0].astype(int))
    on = np.array([(x, y) for x in np.arange(2.5, 3.5, 0.1) for y in np.arange(18.2, 19.2, 0.1)])
    pixels = np.rint(camera.project(np.column_stack([on, np.zeros(len(on))]))[0]).astype(int)
    asphalt = pictures[1][pixels[:, 1], pixels[:, 0]].mean()
    stripes = np.array([(0.0, y) for y in np.arange(17.5, 22.5, 0.1)])
    pixels = np.rint(camera.project(np.column_stack([stripes, np.zeros(len(stripes))]))[0]).astype(int)
    zebra = pictures[1][pixels[:, 1], pixels[:, 0]].mean(axis=1)
    assert 40 < asphalt < 130
    assert zebra.max() > zebra.min() + 50
    assert np.abs(pictures[0] - pictures[1]).max() > 50
