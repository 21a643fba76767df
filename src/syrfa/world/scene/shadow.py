"""Shadows on the ground: sharp at the feet, softer the higher what casts them."""

import cv2
import numpy as np
from numpy.typing import NDArray

from syrfa.world.people.shapes import Face, Ring, Shapes
from syrfa.world.scene.camera import Camera, Points
from syrfa.world.scene.layer import SHIFT, fixed, outlines
from syrfa.world.scene.light import Source

_KNEE = 0.6  # height in metres that parts the sharper half of a shadow from the softer one
_LOW, _HIGH, _SHARPEST = 0.35, 1.2, 0.5
_SIGMA = 1.6  # blur in pixels of the canvas that soft shadows are drawn on


class ShadowMap:
    """Where it is dark in one frame: `dark`, uint8 (height, width), is 255 for no light at all."""

    def __init__(self, camera: Camera) -> None:
        self.camera, self.dark = camera, np.zeros((camera.height, camera.width), np.uint8)
        self._dirty: list[tuple[slice, slice]] = []  # parts outside of which there is no shadow

    def cast(self, shapes: Shapes, source: Source, scale: float) -> None:
        """Adds the shadow of one thing at `scale` pixels a metre; where two overlap the darker one counts."""
        start, end = source.dropped(shapes.start), source.dropped(shapes.end)
        bodies = outlines(self.camera, start, end, shapes.radius)[0]
        planes: list[Face | Ring] = [*shapes.faces, *shapes.rings]
        flats = [self.camera.project(source.dropped(plane.points))[0] for plane in planes]
        under = 0.5 * (shapes.start[:, 2] + shapes.end[:, 2]) < _KNEE
        flats_under = [float(plane.points[:, 2].mean()) < _KNEE for plane in planes]
        downwards = not source.near and source.spread > 0.2
        for low in (True, False):
            part = [bodies[under == low]]
            part += [flat[None] for flat, beneath in zip(flats, flats_under, strict=True) if beneath == low]
            strength = source.strength * (1.0 if low or not downwards else 0.5)
            self._fill(part, strength, _SHARPEST + source.spread * scale * (_LOW if low else _HIGH))

    def _fill(self, stacks: list[Points], strength: float, sigma: float) -> None:
        """Darkens polygons, given as stacks (n, corners, 2) in pixels, blurred by `sigma` pixels."""
        corners = np.concatenate([stack.reshape(-1, 2) for stack in stacks])
        if not len(corners):
            return
        # a soft shadow needs few pixels: it is drawn small, blurred there, and enlarged
        coarse = max(1, int(sigma / _SIGMA))
        margin = coarse * int(np.ceil(3 * sigma / coarse) + 1)
        left, top = (max(0, int(v)) for v in corners.min(axis=0) - margin)
        right = min(self.camera.width, int(corners[:, 0].max() + margin) + 1)
        bottom = min(self.camera.height, int(corners[:, 1].max() + margin) + 1)
        if right <= left or bottom <= top:
            return
        wide, high = -(-(right - left) // coarse), -(-(bottom - top) // coarse)
        # polygons are drawn on a canvas with a margin, so that what lies just outside the frame dims what is inside
        pad = margin // coarse
        patch = np.zeros((high + 2 * pad, wide + 2 * pad), np.uint8)
        for stack in stacks:
            for polygon in fixed(stack, 1 / coarse, left - margin, top - margin):
                cv2.fillConvexPoly(patch, polygon, 255, cv2.LINE_AA, SHIFT)
        soft = cv2.GaussianBlur(patch, (0, 0), sigma / coarse)[pad : pad + high, pad : pad + wide]
        if coarse > 1:
            soft = cv2.resize(soft, (wide * coarse, high * coarse), interpolation=cv2.INTER_LINEAR)
        part = (slice(top, bottom), slice(left, right))
        view = self.dark[part]
        cv2.max(view, cv2.convertScaleAbs(soft[: bottom - top, : right - left], alpha=strength), dst=view)
        self._dirty.append(part)

    def dim(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The picture with less light where there is shadow."""
        out = image.copy()
        for part in self._dirty:
            bright = cv2.bitwise_not(self.dark[part])
            weight = bright if image.ndim == 2 else cv2.merge([bright] * 3)
            # from `image`, not from `out`: rectangles overlap
            cv2.multiply(image[part], weight, dst=out[part], scale=1 / 255)
        return out
