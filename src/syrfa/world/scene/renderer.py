"""Paints a scene and its actors, far to near."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from syrfa.world.people.actors import Actor
from syrfa.world.people.shapes import Face, Ring, Shapes
from syrfa.world.scene.layer import Finish, Layer, paint, paint_puffs
from syrfa.world.scene.light import NIGHT
from syrfa.world.scene.scene import Scene
from syrfa.world.scene.sensor import Developer, Sensor, Shake, vignette
from syrfa.world.scene.shadow import ShadowMap
from syrfa.world.scene.texture import sample_patterns
from syrfa.world.scene.weather import Rain

_NIGHT_NOISE, _NIGHT_TARGET = 1.7, 0.7


@dataclass
class Thing:
    """What stands at a ground point (metres) in one frame; `motion` is (right, down) in pixels of the open shutter."""

    x: float
    y: float
    shapes: Shapes
    motion: tuple[float, float] = (0.0, 0.0)


class Renderer:
    """Frames and id masks of one clip; noise, shake and rain are drawn from `rng`."""

    def __init__(self, scene: Scene, sensor: Sensor, grey: bool, rng: np.random.Generator) -> None:
        self.scene, self.sensor, self.grey = scene, sensor, grey
        camera, look = scene.camera, scene.look
        self._patterns = sample_patterns(rng)
        self._shake = Shake(rng, sensor.shake) if sensor.shake > 0 else None
        self._rain = Rain(rng, camera.width, camera.height, look.weather.rain) if look.weather.rain > 0 else None
        self._lens = vignette(camera.width, camera.height, sensor.vignette)
        standing = [Thing(x, y, shapes.placed(x, y, 0.4 * x)) for x, y, shapes in scene.fixtures]
        self._base = self._empty(standing)
        self._fixtures = [fixture for thing in standing if (fixture := self._fixed(thing)) is not None]
        night = look.light.kind == NIGHT  # little light is made up for in part, and amplified with its noise
        exposed = replace(sensor, target=_NIGHT_TARGET * sensor.target) if night else sensor
        noise = sensor.noise * (_NIGHT_NOISE if night else 1.0)
        self._developer = Developer(exposed, self._base, rng, noise)

    def frame(self, actors: list[Actor], number: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Frame `number` (0-based) of the actors; frames are asked for in their order.

        Returns the picture, uint8 (height, width) when grey, else (height, width, 3) BGR, and the id mask, uint8
        (height, width), whose pixels hold the number of the visible object, 0 where there is none.
        """
        things = self.things(actors, number)
        image, mask = self.painted(self.shadowed(things), things)
        if self._shake is not None:
            image, mask = self._shake.moved(image, mask, number)
        return self.developed(image), mask

    def things(self, actors: list[Actor], number: int) -> list[Thing]:
        """The actors that may be in the picture, as they stand in a frame."""
        return [
            Thing(*actor.place(number), actor.shapes(number), self._motion(actor, number))
            for actor in actors
            if self._in_view(actor, number)
        ]

    def shadowed(self, things: list[Thing]) -> NDArray[np.uint8]:
        """The empty scene, darkened where things keep the light off the ground."""
        return self._dimmed(self._base, things)

    def _dimmed(self, image: NDArray[np.uint8], things: list[Thing]) -> NDArray[np.uint8]:
        shadows = ShadowMap(self.scene.camera)
        for thing in things:
            scale = self.scene.camera.scale(thing.x, thing.y)
            for source in self.scene.look.light.sources(thing.x, thing.y):
                shadows.cast(thing.shapes, source, scale)
        return shadows.dim(image)

    def painted(self, image: NDArray[np.uint8], things: list[Thing]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """The frame with everything that stands in it, painted on `image`, and the id mask."""
        camera = self.scene.camera
        mask = np.zeros((camera.height, camera.width), np.uint8)
        jobs: list[tuple[float, Thing | tuple[Layer, NDArray[np.bool_]]]]
        jobs = [(self._distance(thing.x, thing.y), thing) for thing in things]
        jobs += [(distance, (layer, hidden)) for distance, layer, hidden in self._fixtures]
        for _, job in sorted(jobs, key=lambda job: -job[0]):
            if isinstance(job, Thing):
                painted = paint(camera, job.shapes, self._finish(job), self._patterns, mask)
                if painted is not None:
                    painted.over(image)
                if job.shapes.puffs:
                    paint_puffs(image, mask, camera, job.shapes.puffs)
            else:
                job[0].over(image)
                mask[job[1]] = 0
        return image, mask

    def developed(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """What the camera delivers of a painted frame."""
        return self._developer.develop(image if self._rain is None else self._rain.over(image))

    def _distance(self, x: float, y: float) -> float:
        return float(self.scene.camera.project(np.array([x, y, 0.0]))[1])

    def _in_view(self, actor: Actor, number: int) -> bool:
        x, y = actor.place(number)
        camera = self.scene.camera
        corners = np.array([[x + a, y, z] for a in (-actor.size, actor.size) for z in (0.0, 2.2)])
        pixels, depth = camera.project(corners)
        low, high = pixels.min(axis=0), pixels.max(axis=0)
        near = float(depth.min()) > 1.5 + actor.size
        return bool(near and high[0] > 0 and high[1] > 0 and low[0] < camera.width and low[1] < camera.height)

    def _motion(self, actor: Actor, number: int) -> tuple[float, float]:
        later = min(number + 1, len(actor.course) - 1)
        ends = np.array([(*actor.place(later - 1), 0.9), (*actor.place(later), 0.9)])
        way = np.diff(self.scene.camera.project(ends)[0], axis=0)[0] * self.sensor.exposure
        return float(np.clip(way[0], -25, 25)), float(np.clip(way[1], -25, 25))

    def _finish(self, thing: Thing) -> Finish:
        scene, look = self.scene, self.scene.look
        pixel, distance = scene.camera.project(np.array([thing.x, thing.y, 0.0]))
        column = int(np.clip(pixel[0], 0, scene.camera.width - 1))
        row = int(np.clip(pixel[1], 0, scene.camera.height - 1))
        bright = self._lens[row, column] * scene.brightness(column, row)
        return Finish(
            grey=self.grey,
            gain=float(bright) * np.array(look.light.colour),
            clear=float(look.weather.clear(distance)),
            fog=np.full(3, look.weather.tone) * self._lens[row, column],
            saturation=self.sensor.saturation,
            light=look.light.direction(thing.x, thing.y),
            motion=thing.motion,
        )

    def _empty(self, standing: list[Thing]) -> NDArray[np.uint8]:
        """The scene without actors, in the channels of the clip, with the shadows of what stands about."""
        image = self.scene.background
        luma = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        if self.grey:
            image = luma  # type: ignore[assignment]
        elif self.sensor.saturation != 1.0:
            share = self.sensor.saturation
            image = cv2.addWeighted(image, share, cv2.merge([luma] * 3), 1 - share, 0)  # type: ignore[assignment]
        if self.sensor.vignette > 0:
            lens = self._lens if self.grey else self._lens[..., None]
            image = np.rint(image * lens).astype(np.uint8)
        return self._dimmed(image, standing)

    def _fixed(self, thing: Thing) -> tuple[float, Layer, NDArray[np.bool_]] | None:
        """A fixture's distance, layer and the pixels it hides."""
        camera = self.scene.camera
        mask = np.zeros((camera.height, camera.width), np.uint8)
        owned = replace(thing.shapes, owner=np.ones(len(thing.shapes.owner), np.int64))
        flats: list[Face | Ring] = [*owned.faces, *owned.rings]
        for flat in flats:
            flat.owner = 1
        layer = paint(camera, owned, self._finish(thing), self._patterns, mask)
        return None if layer is None else (self._distance(thing.x, thing.y), layer, mask > 0)
