"""Things painted on the frame: limbs with a light and a dark side, clothes with a pattern, smoke and flames."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from syrfa.world.people.shapes import Face, Puff, Ring, Shapes
from syrfa.world.scene.camera import Camera, Points
from syrfa.world.scene.texture import laid

SHIFT = 4  # binary places of the fixed-point pixels that OpenCV draws with
_UNIT = 1 << SHIFT
_CAP = np.linspace(0.5 * np.pi, 1.5 * np.pi, 6)
_COS, _SIN = np.cos(_CAP)[None, :, None], np.sin(_CAP)[None, :, None]


def outlines(camera: Camera, start: Points, end: Points, radius: Points, inset: float = 0.0) -> tuple[Points, Points]:
    """Outlines (k, 12, 2) in pixels of capsules, and their depths (k,) in metres.

    `start` and `end` (k, 3) and `radius` (k, 2) are in metres; each outline is `inset` pixels narrower on each side.
    """
    ends, near = camera.project(np.stack([start, end]))
    a, b = ends
    size = np.maximum(radius.T * camera.focal / near - inset, 0.0)
    along = b - a
    length = np.sqrt((along * along).sum(axis=1, keepdims=True))
    along = np.where(length > 1e-6, along / np.maximum(length, 1e-6), np.array([0.0, 1.0]))
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    half = _COS * along[:, None] + _SIN * across[:, None]
    back, front = a[:, None] + size[0][:, None, None] * half, b[:, None] - size[1][:, None, None] * half
    return np.concatenate([back, front], axis=1), near.mean(axis=0)


def fixed(pixels: Points, factor: float = 1, left: int = 0, top: int = 0) -> NDArray[np.int32]:
    """Pixels (..., 2) of the frame in fixed point, on a canvas `factor` times finer that begins at (left, top)."""
    places = (pixels - np.array([left, top]) + 0.5) * factor - 0.5
    return np.asarray(np.rint(places * _UNIT), np.int32)


_FAR_SIDE, _TURNED, _ROUND, _RELIEF = 0.25, 0.3, 0.03, 0.24


@dataclass
class Layer:
    """A picture of one thing, at frame resolution."""

    left: int  # column of its first pixel; may lie outside the frame
    top: int  # row of its first pixel
    picture: NDArray[np.uint8]  # uint8 (h, w) or (h, w, 3), black where there is nothing (premultiplied)
    cover: NDArray[np.uint8]  # uint8 (h, w), 255 where it hides what is behind

    def over(self, image: NDArray[np.uint8]) -> None:
        """Paints it on a frame, in place."""
        x0, y0 = max(self.left, 0), max(self.top, 0)
        x1 = min(self.left + self.cover.shape[1], image.shape[1])
        y1 = min(self.top + self.cover.shape[0], image.shape[0])
        if x1 <= x0 or y1 <= y0:
            return
        inside = (slice(y0 - self.top, y1 - self.top), slice(x0 - self.left, x1 - self.left))
        view, free = image[y0:y1, x0:x1], cv2.bitwise_not(self.cover[inside])
        weight = free if image.ndim == 2 else cv2.merge([free] * 3)
        cv2.add(cv2.multiply(view, weight, scale=1 / 255), self.picture[inside], dst=view)


@dataclass(frozen=True)
class Finish:
    """How colours become grey levels of the canvas."""

    grey: bool  # one channel instead of three
    gain: Points  # (3,), BGR factors of the light
    clear: float = 1.0  # share of the light that comes through the air
    fog: Points | float = 0.0  # (3,), BGR of the air
    saturation: float = 1.0  # 0 for grey, 1 for colours as they are
    # (3,), where the light comes from in the world, at most 1 long
    light: Points | tuple[float, float, float] = (0.0, 0.0, 0.5)
    motion: tuple[float, float] = (0.0, 0.0)  # (2,), way in pixels during the exposure

    def tones(self, colours: Points) -> Points:
        """Colours (n, 3) as they arrive: (n, 3), or (n, 1) when grey."""
        lit = colours * self.gain * self.clear + (1 - self.clear) * self.fog
        if self.grey or self.saturation != 1.0:
            luma = lit @ np.array([[0.114], [0.587], [0.299]])
            lit = luma if self.grey else luma + self.saturation * (lit - luma)
        return np.asarray(np.clip(lit, 0, 255))


def paint(
    camera: Camera,
    shapes: Shapes,
    finish: Finish,
    patterns: list[NDArray[np.uint8]],
    mask: NDArray[np.uint8] | None = None,
) -> Layer | None:
    """Paints one thing, its far parts first; None when nothing of it is in the frame.

    The owners' numbers go into `mask`, uint8 (height, width), in place; `patterns` are those of `sample_patterns`.
    """
    bodies, depth = outlines(camera, shapes.start, shapes.end, shapes.radius)
    # the fill takes the pixels of the border too, not quite half a pixel on each side
    inner, _ = outlines(camera, shapes.start, shapes.end, shapes.radius, inset=0.4)
    planes: list[Face | Ring] = [*shapes.faces, *shapes.rings]
    flats = [camera.project(plane.points) for plane in planes]
    corners = np.concatenate([bodies.reshape(-1, 2), *(pixels for pixels, _ in flats)])
    if not len(corners):
        return None
    low, high = corners.min(axis=0), corners.max(axis=0)
    scale = camera.focal / float(depth.mean() if len(depth) else flats[0][1].mean())
    tall = float(high[1] - low[1])
    fine = 4 if tall < 45 else 3 if tall < 90 else 2 if tall < 400 else 1  # the canvas is this much finer
    reach = int(np.ceil(_ROUND * scale)) + 2 + int(np.ceil(0.5 * np.hypot(*finish.motion)))
    left, top = (max(-reach, int(v) - reach) for v in low)
    right = min(camera.width + reach, int(high[0]) + reach + 2)
    bottom = min(camera.height + reach, int(high[1]) + reach + 2)
    if right - left <= 2 * reach or bottom - top <= 2 * reach:
        return None
    brush = _Brush((right - left, bottom - top), (left, top), fine, finish.grey, mask)
    jobs = [(float(d), False, i) for i, d in enumerate(depth)]
    eye = np.array([0.0, 0.0, camera.elevation])
    for number, (plane, (_, away)) in enumerate(zip(planes, flats, strict=True)):
        towards = plane.normal is None or float(plane.normal @ (eye - plane.points[0])) > 0
        lift = 0.0
        if isinstance(plane, Ring):
            # a wheel at the side of a vehicle is nearer than all else, or behind it; a hub follows its wheel
            lift = 0.25 if plane.thickness == 0 else 0.0
            if plane.normal is not None:
                lift = 1.0 if towards else -9.0
            lift += 1e-4 * (number - len(shapes.faces))
        if towards or isinstance(plane, Ring):
            jobs.append((float(away.mean()) - lift, True, number))
    jobs.sort(reverse=True)
    # limbs on the far side get less light
    far = (depth - depth.min()) / max(float(np.ptp(depth)), 0.35) if len(depth) else depth
    bright = (1 - _FAR_SIDE * far) * (1 + _TURNED * _facing(shapes, eye) @ np.asarray(finish.light))
    limbs = finish.tones(shapes.colour * bright[:, None]).tolist()
    flat_tones = finish.tones(np.array([plane.colour for plane in planes]).reshape(-1, 3)).tolist()
    nearness = (255 - 110 * far).tolist()
    owners = shapes.owner.tolist()
    fine_bodies, coarse_bodies = fixed(bodies, fine, left, top), fixed(inner)
    for _, is_flat, index in jobs:
        if not is_flat:
            brush.fill(fine_bodies[index], coarse_bodies[index], limbs[index], owners[index], nearness[index])
            continue
        flat, (pixels, away) = planes[index], flats[index]
        polygon, coarse = fixed(pixels, fine, left, top), fixed(pixels)
        if isinstance(flat, Ring) and flat.thickness > 0:
            wide = flat.thickness * camera.focal / float(away.mean())
            brush.line(polygon, coarse, wide, flat_tones[index], flat.owner)
        else:
            brush.fill(polygon, coarse, flat_tones[index], flat.owner, 200.0)
    shade = brush.shade((camera.rotation @ finish.light)[:2], _ROUND * scale * fine)
    for cloth in shapes.cloths:
        (base, tip), _ = camera.project(np.stack([cloth.base, cloth.top]))
        places = [(point - (left, top) + 0.5) * fine - 0.5 for point in (base, tip)]
        print_ = laid(patterns[cloth.pattern % len(patterns)], places[0], places[1], scale * fine, shade.shape)
        shade = cv2.multiply(shade, print_, scale=1 / 128)  # type: ignore[assignment]
    if finish.clear < 1:  # the air takes contrast
        shade = cv2.addWeighted(shade, finish.clear, shade, 0, 128 * (1 - finish.clear))  # type: ignore[assignment]
    picture, cover = brush.finished(shade, finish.motion)
    return Layer(left, top, picture, cover)


def _facing(shapes: Shapes, eye: Points) -> Points:
    """Unit vectors (k, 3): where the middle of what is seen of each limb faces."""
    along = shapes.end - shapes.start
    along = along / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-6)
    view = eye - 0.5 * (shapes.start + shapes.end)
    view = view / np.linalg.norm(view, axis=1, keepdims=True)
    normal = view - 0.95 * (view * along).sum(axis=1, keepdims=True) * along  # of a limb seen from its end, the end
    return np.asarray(normal / np.linalg.norm(normal, axis=1, keepdims=True))


_Corners = NDArray[np.int32]


class _Brush:
    """Draws on colour, cover, relief and id mask at once."""

    def __init__(
        self, size: tuple[int, int], corner: tuple[int, int], fine: int, grey: bool, mask: NDArray[np.uint8] | None
    ) -> None:
        self._size, self._corner, self._fine, self._grey, self._mask = size, corner, fine, grey, mask
        width, height = size[0] * fine, size[1] * fine
        # grey: luma, relief, cover; colour: blue, green, red, cover, with the relief beside it
        self._canvas = np.zeros((height, width, 3 if grey else 4), np.uint8)
        self._relief = np.zeros((0, 0) if grey else (height, width), np.uint8)

    def fill(self, fine: _Corners, coarse: _Corners, tone: list[float], owner: int, near: float) -> None:
        if self._grey:
            cv2.fillConvexPoly(self._canvas, fine, (tone[0], near, 255.0), cv2.LINE_AA, SHIFT)
        else:
            cv2.fillConvexPoly(self._canvas, fine, (*tone, 255.0), cv2.LINE_AA, SHIFT)
            cv2.fillConvexPoly(self._relief, fine, near, cv2.LINE_8, SHIFT)
        if self._mask is not None:
            cv2.fillConvexPoly(self._mask, coarse, owner, cv2.LINE_8, SHIFT)

    def line(self, fine: _Corners, coarse: _Corners, wide: float, tone: list[float], owner: int) -> None:
        thick = max(1, round(self._fine * wide))
        tones = (tone[0], 200.0, 255.0) if self._grey else (*tone, 255.0)
        cv2.polylines(self._canvas, [fine], True, tones, thick, cv2.LINE_AA, SHIFT)
        if not self._grey:
            cv2.polylines(self._relief, [fine], True, 200.0, thick, cv2.LINE_8, SHIFT)
        if self._mask is not None:
            cv2.polylines(self._mask, [coarse], True, owner, max(1, round(wide)), cv2.LINE_8, SHIFT)

    def shade(self, towards: Points, size: float) -> NDArray[np.uint8]:
        """Factors of brightness, 128 for 1: more on the side of the light, less on the other, `size` pixels wide."""
        relief = self._canvas[..., 1] if self._grey else self._relief
        step = max(1, round(size))
        soft = cv2.blur(relief, (2 * step + 1, 2 * step + 1))
        x, y = round(towards[0] * step), round(towards[1] * step)
        shade = np.full(relief.shape, 128, np.uint8)
        if x or y:
            h, w = relief.shape
            inner = shade[abs(y) : h - abs(y), abs(x) : w - abs(x)]
            ahead = soft[abs(y) + y : h - abs(y) + y, abs(x) + x : w - abs(x) + x]
            behind = soft[abs(y) - y : h - abs(y) - y, abs(x) - x : w - abs(x) - x]
            cv2.addWeighted(behind, _RELIEF, ahead, -_RELIEF, 128, dst=inner)
        return shade

    def finished(self, shade: NDArray[np.uint8], motion: tuple[float, float]) -> list[NDArray[np.uint8]]:
        same = np.full(shade.shape, 128, np.uint8)
        weight = cv2.merge([shade, same, same] if self._grey else [shade, shade, shade, same])
        canvas = cv2.multiply(self._canvas, weight, scale=1 / 128)
        if self._fine > 1:
            canvas = cv2.resize(canvas, self._size, interpolation=cv2.INTER_AREA)
        if np.hypot(*motion) > 0.6:
            canvas = cv2.filter2D(canvas, -1, streak(motion), borderType=cv2.BORDER_CONSTANT)
        parts = cv2.split(canvas)
        picture = parts[0] if self._grey else cv2.merge(parts[:3])
        return [np.asarray(part, np.uint8) for part in (picture, parts[-1])]


def streak(motion: tuple[float, float]) -> NDArray[np.float32]:
    """The kernel of a motion by (right, down) pixels while the shutter is open; its weights sum to 1."""
    half = max(1, int(np.ceil(0.5 * max(abs(motion[0]), abs(motion[1])))))
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    for share in np.linspace(-0.5, 0.5, 4 * half + 5):
        x, y = half + share * motion[0], half + share * motion[1]
        column, row = int(x), int(y)
        for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)):
            weight = abs(1 - i - (y - row)) * abs(1 - j - (x - column))
            if weight > 0:
                kernel[row + i, column + j] += weight
    return np.asarray(kernel / kernel.sum(), np.float32)


_SEEN = 0.35  # opacity from which on a pixel belongs to the smoke in the id mask
_LUMA = np.array([0.114, 0.587, 0.299])


def paint_puffs(canvas: NDArray[np.uint8], mask: NDArray[np.uint8], camera: Camera, puffs: list[Puff]) -> None:
    """Paints the puffs of one thing on `canvas`, and its owner into `mask` where they are dense, both in place."""
    places, depth = camera.project(np.array([puff.centre for puff in puffs]))
    radii = np.array([puff.radius for puff in puffs]) * camera.focal / depth
    clear = np.ones(canvas.shape[:2], np.float32)  # the share of light that comes through
    for index in np.argsort(depth)[::-1]:
        puff, radius, (column, row) = puffs[int(index)], max(float(radii[index]), 1.0), places[index]
        x0, x1 = max(int(column - radius) + 1, 0), min(int(column + radius) + 1, canvas.shape[1])
        y0, y1 = max(int(row - radius) + 1, 0), min(int(row + radius) + 1, canvas.shape[0])
        if x0 >= x1 or y0 >= y1:
            continue
        east = (np.arange(x0, x1, dtype=np.float32) - np.float32(column)) / np.float32(radius)
        north = (np.arange(y0, y1, dtype=np.float32) - np.float32(row)) / np.float32(radius)
        dense = np.maximum(1 - (north**2)[:, None] - (east**2)[None, :], 0)
        alpha = np.float32(puff.opacity) * dense * np.sqrt(dense)
        clear[y0:y1, x0:x1] *= 1 - alpha
        colour = np.array(puff.colour)
        tone = (colour if canvas.ndim == 3 else colour @ _LUMA).astype(np.float32)
        part = canvas[y0:y1, x0:x1]
        part[...] = part + (alpha[..., None] if canvas.ndim == 3 else alpha) * (tone - part) + np.float32(0.5)
    mask[clear < 1 - _SEEN] = puffs[0].owner
