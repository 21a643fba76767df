"""Paints a scene and its actors, far to near, on a canvas twice as fine as the frame."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from syrfa.world.actors import Actor
from syrfa.world.background import OVERSAMPLING
from syrfa.world.camera import Camera, Points
from syrfa.world.scene import Scene
from syrfa.world.shapes import Shapes

_SHIFT = 4
_UNIT = 1 << _SHIFT
_FAR_SIDE = 0.3
_CAP = np.linspace(0.5 * np.pi, 1.5 * np.pi, 6)


@dataclass(frozen=True)
class Sensor:
    """What the camera's electronics do.

    Attributes:
        blur: sigma in pixels.
        noise: standard deviation in grey levels.
        gamma: exponent applied to the brightness.
        gain: factor on the brightness.
        offset: added to the brightness, in grey levels.
    """

    blur: float = 0.5
    noise: float = 2.0
    gamma: float = 1.0
    gain: float = 1.0
    offset: float = 0.0


def sample_sensor(rng: np.random.Generator, noise: tuple[float, float]) -> Sensor:
    """Draws a sensor; `noise` is the range of its deviation in grey levels."""
    gain = float(rng.uniform(0.6, 1.05))
    return Sensor(
        blur=float(rng.uniform(0.3, 0.9)),
        noise=float(rng.uniform(*noise)),
        gamma=float(np.exp(rng.normal(0, 0.22))),
        gain=gain,
        offset=float(rng.uniform(0, 40) * (1.05 - gain) / 0.45),
    )


class Renderer:
    """Frames and id masks of one clip.

    Args:
        scene: the place.
        sensor: the camera's electronics.
        grey: one channel instead of three.
        rng: the source of the sensor's noise.
    """

    def __init__(self, scene: Scene, sensor: Sensor, grey: bool, rng: np.random.Generator) -> None:
        self.scene, self.sensor, self.grey, self._rng = scene, sensor, grey, rng
        self._background = cv2.cvtColor(scene.background, cv2.COLOR_BGR2GRAY) if grey else scene.background
        camera = scene.camera
        channels = () if grey else (3,)
        # one sheet of noise, read at random places: as good as fresh noise for seven frames, at a tenth of the time
        bank = rng.standard_normal((camera.height + 97, camera.width + 97, *channels)).astype(np.float32)
        if not grey:
            bank = 0.6 * bank + 0.8 * bank.mean(axis=2, keepdims=True) * np.sqrt(3)
        self._noise = np.rint(sensor.noise * bank).astype(np.int16)
        level = np.clip((np.arange(256) * sensor.gain + sensor.offset) / 255, 0, 1) ** sensor.gamma
        self._tone = np.clip(255 * level, 0, 255).astype(np.uint8)
        self._fixtures = [(x, y, shapes.placed(x, y, 0.4 * x)) for x, y, shapes in scene.fixtures]

    def frame(self, actors: list[Actor], number: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """One frame.

        Args:
            actors: everybody of the clip.
            number: 0-based frame.

        Returns:
            the picture, uint8 (height, width) when grey, else (height, width, 3) BGR, and the id mask, uint8
            (height, width), whose pixels hold the number of the visible object, 0 where there is none.
        """
        camera = self.scene.camera
        things = [(*actor.place(number), actor.shapes(number)) for actor in actors if self._in_view(actor, number)]
        canvas = self._shadowed(things)
        things += self._fixtures
        mask = np.zeros((camera.height, camera.width), np.uint8)
        distance = [float(camera.project(np.array([x, y, 0.0]))[1]) for x, y, _ in things]
        for index in np.argsort(distance)[::-1]:
            paint(canvas, mask, camera, things[int(index)][2])
        return self._developed(canvas), mask

    def _in_view(self, actor: Actor, number: int) -> bool:
        x, y = actor.place(number)
        camera = self.scene.camera
        corners = np.array([[x + a, y, z] for a in (-actor.size, actor.size) for z in (0.0, 2.2)])
        pixels, depth = camera.project(corners)
        low, high = pixels.min(axis=0), pixels.max(axis=0)
        near = float(depth.min()) > 1.5 + actor.size
        return bool(near and high[0] > 0 and high[1] > 0 and low[0] < camera.width and low[1] < camera.height)

    def _shadowed(self, things: list[tuple[float, float, Shapes]]) -> NDArray[np.uint8]:
        """The background, darkened where actors keep the light off the ground."""
        camera, sun = self.scene.camera, self.scene.look.light.sun
        shadow = np.full((camera.height, camera.width), 255, np.uint8)
        dark = int(255 * (1 - self.scene.look.light.shade))
        for x, y, shapes in things:
            if sun is None:
                scale = camera.scale(x, y)
                pixel, _ = camera.project(np.array([x, y, 0.0]))
                flat = max(0.2, camera.elevation / np.hypot(y, camera.elevation))
                axes = (max(1, int(0.38 * scale * _UNIT)), max(1, int(0.3 * flat * scale * _UNIT)))
                centre = (int(pixel[0] * _UNIT), int(pixel[1] * _UNIT))
                cv2.ellipse(shadow, centre, axes, 0, 0, 360, dark, -1, cv2.LINE_AA, _SHIFT)
            else:
                _cast(shadow, camera, shapes, sun, dark)
        soft = cv2.GaussianBlur(shadow, (0, 0), 0.7 if sun is not None else 1.2)
        soft = cv2.resize(soft, None, fx=OVERSAMPLING, fy=OVERSAMPLING, interpolation=cv2.INTER_LINEAR)
        weight = soft if self.grey else cv2.merge([soft] * 3)
        return np.asarray(cv2.multiply(self._background, weight, scale=1 / 255), np.uint8)

    def _developed(self, canvas: NDArray[np.uint8]) -> NDArray[np.uint8]:
        camera = self.scene.camera
        image = cv2.resize(canvas, (camera.width, camera.height), interpolation=cv2.INTER_AREA)
        image = cv2.LUT(cv2.GaussianBlur(image, (0, 0), self.sensor.blur), self._tone)
        row, column = self._rng.integers(0, 97, 2)
        noise = self._noise[row : row + camera.height, column : column + camera.width]
        return np.asarray(cv2.add(image, noise, dtype=cv2.CV_8U), np.uint8)


def paint(canvas: NDArray[np.uint8], mask: NDArray[np.uint8], camera: Camera, shapes: Shapes) -> None:
    """Paints one thing, its far parts first, on the canvas (smooth edges) and its owners into the mask."""
    outlines, depth = _outlines(camera, shapes)
    jobs: list[tuple[float, int, int]] = [(float(d), 0, i) for i, d in enumerate(depth)]
    faces = []
    for index, face in enumerate(shapes.faces):
        pixels, far = camera.project(face.points)
        if face.normal is not None:
            eye = np.array([0.0, 0.0, camera.elevation]) - face.points[0]
            if float(face.normal @ eye) <= 0:
                pixels = pixels[:0]
        faces.append(pixels)
        jobs.append((float(far.mean()), 1, index))
    for index, ring in enumerate(shapes.rings):
        # a filled wheel lies on the side of its vehicle: a bit nearer than its middle; a hub follows its wheel
        lift = (0.25 + 1e-4 * index) if ring.thickness == 0 else 0.0
        jobs.append((float(camera.project(ring.points)[1].mean()) - lift, 2, index))
    # limbs on the far side get less light
    light = 1 - _FAR_SIDE * (depth - depth.min()) / max(float(np.ptp(depth)), 0.35) if len(depth) else depth
    fine, coarse = _fixed(outlines)
    tones, owners = _tones(canvas, shapes.colour * light[:, None]), shapes.owner.tolist()
    for _, kind, index in sorted(jobs, reverse=True):
        if kind == 0:
            cv2.fillConvexPoly(canvas, fine[index], tones[index], cv2.LINE_AA, _SHIFT)
            cv2.fillConvexPoly(mask, coarse[index], owners[index], cv2.LINE_8, _SHIFT)
        elif kind == 1 and len(faces[index]):
            face = shapes.faces[index]
            _fill(canvas, mask, faces[index], np.array(face.colour), face.owner)
        elif kind == 2:
            ring = shapes.rings[index]
            pixels, far = camera.project(ring.points)
            if ring.thickness == 0:
                _fill(canvas, mask, pixels, np.array(ring.colour), ring.owner)
            else:
                _line(canvas, mask, pixels, ring.thickness * camera.focal / float(far.mean()), ring.colour, ring.owner)


def _outlines(camera: Camera, shapes: Shapes) -> tuple[Points, Points]:
    """Outlines (k, 12, 2) of the capsules in pixels, and their depths (k,)."""
    a, near_a = camera.project(shapes.start)
    b, near_b = camera.project(shapes.end)
    radius = shapes.radius * camera.focal / np.stack([near_a, near_b], axis=1)
    along = b - a
    length = np.linalg.norm(along, axis=1, keepdims=True)
    along = np.where(length > 1e-6, along / np.maximum(length, 1e-6), np.array([0.0, 1.0]))
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    cos, sin = np.cos(_CAP)[None, :, None], np.sin(_CAP)[None, :, None]
    back = a[:, None] + radius[:, :1, None] * (cos * along[:, None] + sin * across[:, None])
    front = b[:, None] - radius[:, 1:, None] * (cos * along[:, None] + sin * across[:, None])
    return np.concatenate([back, front], axis=1), 0.5 * (near_a + near_b)


def _fill(canvas: NDArray[np.uint8], mask: NDArray[np.uint8], pixels: Points, colour: Points, owner: int) -> None:
    fine, coarse = _fixed(pixels)
    cv2.fillConvexPoly(canvas, fine, _tones(canvas, colour[None])[0], cv2.LINE_AA, _SHIFT)
    cv2.fillConvexPoly(mask, coarse, owner, cv2.LINE_8, _SHIFT)


def _line(
    canvas: NDArray[np.uint8],
    mask: NDArray[np.uint8],
    pixels: Points,
    thickness: float,
    colour: tuple[float, float, float],
    owner: int,
) -> None:
    fine, coarse = _fixed(pixels)
    wide = max(1, round(OVERSAMPLING * thickness))
    cv2.polylines(canvas, [fine], True, _tones(canvas, np.array([colour]))[0], wide, cv2.LINE_AA, _SHIFT)
    cv2.polylines(mask, [coarse], True, owner, max(1, round(thickness)), cv2.LINE_8, _SHIFT)


def _fixed(pixels: Points) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Pixels of the frame as fixed-point places on the canvas and in the mask."""
    fine = np.rint(((pixels + 0.5) * OVERSAMPLING - 0.5) * _UNIT).astype(np.int32)
    return fine, np.rint(pixels * _UNIT).astype(np.int32)


def _tones(canvas: NDArray[np.uint8], colours: Points) -> list[tuple[float, ...]]:
    """BGR colours (n, 3) as this canvas takes them: triples, or their luma."""
    if canvas.ndim == 2:
        colours = colours @ np.array([[0.114], [0.587], [0.299]])
    return [tuple(map(float, row)) for row in colours]


def _cast(shadow: NDArray[np.uint8], camera: Camera, shapes: Shapes, sun: Points, dark: int) -> None:
    """Paints the shadow on the ground of everything in `shapes`."""

    def dropped(points: Points) -> Points:
        return np.asarray(points - sun * (points[..., 2:] / sun[2]))

    flat = Shapes(dropped(shapes.start), dropped(shapes.end), shapes.radius, shapes.colour, shapes.owner)
    outlines, _ = _outlines(camera, flat)
    polygons = [*_fixed(outlines)[1], *(_fixed(camera.project(dropped(f.points))[0])[1] for f in shapes.faces)]
    for polygon in polygons:
        cv2.fillConvexPoly(shadow, polygon, dark, cv2.LINE_AA, _SHIFT)
    for ring in shapes.rings:
        pixels = _fixed(camera.project(dropped(ring.points))[0])[1]
        cv2.polylines(shadow, [pixels], True, dark, 1, cv2.LINE_AA, _SHIFT)
