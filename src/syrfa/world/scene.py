"""A place: camera, light, ground, backdrop, and the things that stand about."""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from syrfa.world.camera import Camera, Points
from syrfa.world.layout import sample_layout
from syrfa.world.road import Road
from syrfa.world.shapes import Colour, Shapes, cuboid, rods

OVERSAMPLING = 2
"""The canvas is this many times finer than the frame."""


@dataclass(frozen=True)
class Scene:
    """What does not move.

    Attributes:
        camera: the view.
        background: uint8 (2 height, 2 width, 3), BGR.
        path: direction of the walkway, radians from world x.
        path_centre: a ground point on its axis.
        path_half: half its width in metres.
        back: y in metres where the ground ends at the backdrop.
        sun: direction the light travels, (3,), or None under an overcast sky.
        shade: how dark shadows are, 0 to 1.
        clothes: brightness of people's clothes in [-1, 1].
        fixtures: things that stand on the ground, with their ground points.
        road: where vehicles belong, or None.
    """

    camera: Camera
    background: NDArray[np.uint8]
    path: float
    path_centre: tuple[float, float]
    path_half: float
    back: float
    sun: Points | None
    shade: float
    clothes: float
    fixtures: list[tuple[float, float, Shapes]] = field(default_factory=list)
    road: Road | None = None


def sample_scene(
    rng: np.random.Generator,
    width: int,
    height: int,
    person: tuple[float, float],
    side_view: float = 0.5,
    roads: float = 0.0,
) -> Scene:
    """Draws a scene.

    Args:
        rng: the source of every draw.
        width: frame width in pixels.
        height: frame height in pixels.
        person: range of the height in pixels of a 1.7 m person in the middle of the walkway (see `sample_layout`).
        side_view: probability that the walkway runs across the view.
        roads: probability of a road.
    """
    layout = sample_layout(rng, width, height, person, side_view, roads)
    camera = layout.camera
    style = rng.choice(3, p=[0.5, 0.2, 0.3])
    level, clothes = (
        (float(rng.uniform(140, 215)), float(rng.uniform(-1.0, -0.45))),
        (float(rng.uniform(35, 85)), float(rng.uniform(0.3, 1.0))),
        (float(rng.uniform(70, 190)), float(rng.uniform(-0.4, 0.4))),
    )[int(style)]
    sun = None
    if rng.random() < 0.55:
        azimuth, low = rng.uniform(0, 2 * np.pi), rng.uniform(0.5, 1.25)
        sun = np.array([np.cos(azimuth) * np.cos(low), np.sin(azimuth) * np.cos(low), -np.sin(low)])
    scene = Scene(
        camera=camera,
        background=_background(rng, camera, layout.path, layout.path_centre, layout.path_half, layout.back, level),
        path=layout.path,
        path_centre=layout.path_centre,
        path_half=layout.path_half,
        back=layout.back,
        sun=sun,
        shade=float(rng.uniform(0.15, 0.5)),
        clothes=clothes,
        road=layout.road,
    )
    scene.fixtures.extend(_fixtures(rng, scene))
    return scene


def _noise_tile(rng: np.random.Generator, smooth: float) -> NDArray[np.float32]:
    """A repeating (256, 256) texture of unit deviation, blurred by `smooth` texels."""
    tile = rng.standard_normal((256, 256)).astype(np.float32)
    if smooth > 0:
        tile = np.asarray(cv2.GaussianBlur(np.tile(tile, (3, 3)), (0, 0), smooth)[256:512, 256:512], np.float32)
    return np.asarray(tile / max(float(tile.std()), 1e-6), np.float32)


def _texture(tile: NDArray[np.float32], x: Points, y: Points, size: float) -> NDArray[np.float32]:
    """The tile looked up at plane coordinates in metres; one texel covers `size` metres."""
    wrapped = [np.mod(v / size, 255.0).astype(np.float32) for v in (x, y)]
    return np.asarray(cv2.remap(tile, wrapped[0], wrapped[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP))


def _background(
    rng: np.random.Generator,
    camera: Camera,
    path: float,
    centre: tuple[float, float],
    half: float,
    back: float,
    level: float,
) -> NDArray[np.uint8]:
    """The empty scene, pixel by pixel: what the ray through it meets, ground or backdrop."""
    k = OVERSAMPLING
    rows, columns = np.mgrid[0 : k * camera.height, 0 : k * camera.width]
    pixels = np.stack([(columns + 0.5) / k - 0.5, (rows + 0.5) / k - 0.5], axis=-1)
    lens = np.concatenate([(pixels - np.array(camera.centre)) / camera.focal, np.ones((*pixels.shape[:2], 1))], axis=-1)
    ray = lens @ camera.rotation
    down = np.maximum(-ray[..., 2], 1e-6)
    x, y = camera.elevation * ray[..., 0] / down, camera.elevation * ray[..., 1] / down
    ground = (ray[..., 2] < 0) & (y < back)
    value = _ground(rng, np.where(ground, x, 0.0), np.where(ground, y, 0.0), path, centre, half, level)
    far = back / np.maximum(ray[..., 1], 1e-3)
    wall = _backdrop(rng, far * ray[..., 0], np.maximum(camera.elevation + far * ray[..., 2], 0.0), level)
    image = np.where(ground[..., None], value, wall)
    falloff = (
        1
        + rng.uniform(-0.15, 0.15) * (columns / columns.shape[1] - 0.5)
        + rng.uniform(-0.12, 0.12) * (rows / rows.shape[0] - 0.5)
    )
    image = cv2.GaussianBlur((image * falloff[..., None]).astype(np.float32), (0, 0), 0.9)
    return np.asarray(np.clip(image, 0, 255), np.uint8)


def _tint(rng: np.random.Generator, level: float, strength: float) -> Points:
    return np.asarray(level * np.clip(1 + rng.normal(0, strength, 3), 0.5, 1.5))


def _ground(
    rng: np.random.Generator, x: Points, y: Points, path: float, centre: tuple[float, float], half: float, level: float
) -> Points:
    """Colours (h, w, 3) of ground points: a paved way with grass or other paving beside it."""
    along = (x - centre[0]) * np.cos(path) + (y - centre[1]) * np.sin(path)
    aside = -(x - centre[0]) * np.sin(path) + (y - centre[1]) * np.cos(path)
    fine, coarse = _noise_tile(rng, 0.6), _noise_tile(rng, 3.0)
    paved = np.ones(x.shape)
    paved += rng.uniform(0.005, 0.05) * _texture(fine, x, y, 0.07)
    paved += rng.uniform(0.01, 0.06) * _texture(coarse, x, y, 0.25)
    paved += rng.uniform(0.0, 0.05) * _texture(coarse, y, x, 1.3)
    joint = float(rng.choice([0.0, 0.6, 1.5, 3.0, 5.0]))
    if joint:
        wide, dark = rng.uniform(0.03, 0.1), rng.uniform(0.05, 0.3)
        shift = rng.uniform(0, 1, 2) * joint
        line = (np.mod(along + shift[0], joint) < wide) | (np.mod(aside + shift[1], joint) < wide)
        paved -= dark * line
    value = paved[..., None] * _tint(rng, level, 0.06)
    if rng.random() < 0.75:
        edge = np.abs(aside + 0.1 * _texture(coarse, x, y, 0.3)) > half
        rough = 1 + rng.uniform(0.05, 0.2) * _texture(fine, x, y, 0.09) + 0.1 * _texture(coarse, x, y, 0.4)
        base = _tint(rng, float(rng.uniform(40, 120)), 0.05) * np.array([0.75, 1.1, 0.9])
        value = np.where(edge[..., None], rough[..., None] * base, value)
    for _ in range(int(rng.integers(0, 5))):  # beds, mats, repaired patches
        spot = rng.uniform(-1.6, 1.6, 2) * half
        size = rng.uniform(0.4, 3.0, 2)
        inside = (np.abs(along - spot[0]) < size[0]) & (np.abs(aside - spot[1]) < size[1])
        shade = rng.uniform(0.5, 1.35)
        value = np.where(inside[..., None], value * shade, value)
    for _ in range(int(rng.integers(0, 4))):  # the painted lines and long shadows of things out of view
        where, wide = rng.uniform(-1, 1) * half, rng.uniform(0.05, 1.5)
        slope = rng.normal(0, 0.5)
        inside = np.abs(aside - where - slope * along) < wide
        value = np.where(inside[..., None], value * rng.uniform(0.7, 1.3), value)
    return np.asarray(value)


def _backdrop(rng: np.random.Generator, x: Points, z: Points, level: float) -> Points:
    """Colours (h, w, 3) of a vertical plane: hedge, wall with windows, sky."""
    fine, coarse = _noise_tile(rng, 0.7), _noise_tile(rng, 2.5)
    leaf = 1 + 0.28 * _texture(fine, x, z, 0.15) + 0.25 * _texture(coarse, x, z, 0.3)
    stone = 1 + 0.03 * _texture(fine, x, z, 0.1) + rng.uniform(0.02, 0.08) * _texture(coarse, x, z, 0.8)
    if rng.random() < 0.5:
        brick = rng.uniform(0.25, 0.8)
        stone -= rng.uniform(0.03, 0.15) * ((np.mod(z, brick) < 0.05) | (np.mod(x, 2.2 * brick) < 0.05))
    value = stone[..., None] * _tint(rng, float(rng.uniform(40, 200)), 0.1)
    if rng.random() < 0.6:
        pitch, high = rng.uniform(1.8, 5.0), rng.uniform(2.5, 3.6)
        window = (np.mod(x, pitch) < 0.5 * pitch) & (np.mod(z, high) > 1.0) & (np.mod(z, high) < 2.3)
        value = np.where(window[..., None], _tint(rng, float(rng.uniform(15, 110)), 0.1), value)
    roof = rng.uniform(3.5, 14.0)
    sky = _tint(rng, float(rng.uniform(170, 240)), 0.05)
    value = np.where((z > roof)[..., None], sky, value)
    if rng.random() < 0.6:
        top = rng.uniform(0.5, 2.5) + 0.2 * _texture(coarse, x, np.zeros_like(x), 0.4)
        green = np.array([0.7, 1.05, 0.9]) * rng.uniform(25, 80)
        value = np.where((z < top)[..., None], leaf[..., None] * green, value)
    return np.asarray(value)


def _fixtures(rng: np.random.Generator, scene: Scene) -> list[tuple[float, float, Shapes]]:
    """Lamp posts, trees, bollards, planters and bushes; some stand in front of people."""
    camera, found = scene.camera, []
    for _ in range(int(rng.choice([0, 1, 2, 3, 4], p=[0.2, 0.25, 0.25, 0.2, 0.1]))):
        pixel = np.array([rng.uniform(0, camera.width), rng.uniform(0.35, 1.0) * camera.height])
        place = camera.ground(pixel)
        if not np.isfinite(place).all() or place[1] > scene.back or place[1] < 2.0:
            continue
        if scene.road is not None and scene.road.holds(place[0], place[1], 0.5):
            continue
        tone = float(rng.uniform(15, 120))
        found.append((float(place[0]), float(place[1]), _fixture(rng, (tone, tone * 1.02, tone * 1.04))))
    return found


def _fixture(rng: np.random.Generator, colour: Colour) -> Shapes:
    kind = str(rng.choice(["lamp", "tree", "bollard", "planter", "bush"], p=[0.4, 0.2, 0.15, 0.15, 0.1]))

    def pole(low: float, high: float, radius: float, tone: Colour) -> Shapes:
        return rods([(np.array([0, 0, low]), np.array([0, 0, high]), radius)], tone, 0)

    if kind == "lamp":
        return pole(0.0, float(rng.uniform(3, 7)), float(rng.uniform(0.05, 0.1)), colour)
    if kind == "tree":
        crown = (20.0, float(rng.uniform(35, 90)), 30.0)
        return pole(0.0, 2.6, float(rng.uniform(0.1, 0.22)), (35, 50, 65)) + pole(3.6, 5.0, 1.4, crown)
    if kind == "bollard":
        return pole(0.0, float(rng.uniform(0.6, 1.0)), 0.08, colour)
    if kind == "planter":
        size = (float(rng.uniform(0.6, 2.5)), float(rng.uniform(0.5, 1.0)), float(rng.uniform(0.3, 0.8)))
        return cuboid((0.0, 0.0, 0.0), size, colour, 0)
    spots = [(rng.uniform(-0.7, 0.7), rng.uniform(-0.3, 0.3), rng.uniform(0.2, 0.6)) for _ in range(5)]
    return rods([(np.array(s), np.array(s), float(rng.uniform(0.25, 0.45))) for s in spots], (25, 60, 40), 0)
