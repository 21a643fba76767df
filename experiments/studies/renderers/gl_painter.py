"""Paints the actors of a clip with OpenGL: a depth buffer, lit round limbs, the sun's shadows on people and things.

A `Renderer` in all else: same empty scene, shadows on the ground, motion blur, smoke, shake and sensor, drawn from the
same random numbers; so that two worlds differ by the painter alone. Grey clips only.
"""

import functools

import cv2
import moderngl
import numpy as np

from syrfa.world.people.shapes import Shapes
from syrfa.world.scene.camera import NEAR
from syrfa.world.scene.layer import paint_puffs, streak
from syrfa.world.scene.renderer import Renderer
from syrfa.world.scene.texture import laid

FINE = 2  # pixels of the canvas to one of the frame, each way
AROUND = 12
FAR = 400.0
SHADOW = 1024  # pixels of the sun's depth map, each way
LIFT = 0.004  # metres between flat parts that lie in one plane

_POINTS = """
#version 330
uniform mat4 view; uniform mat4 sun;
in vec4 corner; in vec4 base; in vec4 tip; in vec3 paint;
out vec3 normal; out vec3 place; out vec4 lit; flat out vec3 tone;
void main() {
    vec3 way = tip.xyz - base.xyz, along = length(way) > 1e-6 ? normalize(way) : vec3(0, 0, 1);
    vec3 side = normalize(cross(along, abs(along.z) < 0.9 ? vec3(0, 0, 1) : vec3(1, 0, 0)));
    normal = corner.x * side + corner.y * cross(along, side) + corner.z * along;
    place = mix(base.xyz, tip.xyz, corner.w) + mix(base.w, tip.w, corner.w) * normal;
    tone = paint; lit = sun * vec4(place, 1); gl_Position = view * vec4(place, 1);
}"""
_FLATS = """
#version 330
uniform mat4 view; uniform mat4 sun;
in vec3 corner; in vec3 facing; in vec3 paint;
out vec3 normal; out vec3 place; out vec4 lit; flat out vec3 tone;
void main() {
    normal = facing; place = corner;
    tone = paint; lit = sun * vec4(corner, 1); gl_Position = view * vec4(corner, 1);
}"""
# tone: grey level, owner, share of the light that comes through the air
_LIGHT = """
#version 330
uniform vec3 towards; uniform vec4 lamp; uniform float direct; uniform sampler2DShadow depth; uniform bool shadowed;
in vec3 normal; in vec3 place; in vec4 lit; flat in vec3 tone;
out vec4 pixel;
void main() {
    vec3 n = normalize(normal), l = lamp.w > 0 ? normalize(lamp.xyz - place) : towards;
    vec3 at = lit.xyz / lit.w * 0.5 + 0.5;
    float seen = shadowed ? texture(depth, at - vec3(0, 0, 0.004)) : 1.0;
    float bright = 1.2 * ((1 - direct) * (0.78 + 0.22 * n.z) + direct * 1.6 * max(dot(n, l), 0.0) * seen);
    pixel = vec4(clamp(tone.x * mix(1.0, bright, tone.z), 0, 255) / 255, tone.y / 255, 0, 1);
}"""
_NOTHING = "#version 330\nvoid main() {}"


def capsule_corners():
    """Triangles of a unit capsule, (n, 4): direction across, across, along, and which end."""
    rings = [(-90, 0), (-45, 0), (0, 0), (0, 1), (45, 1), (90, 1)]
    x, y = np.cos(turn := np.linspace(0, 2 * np.pi, AROUND + 1)), np.sin(turn)
    level = [(np.cos(np.radians(up)), np.sin(np.radians(up)), end) for up, end in rings]
    grid = np.array([np.column_stack([c * x, c * y, np.full(len(x), s), np.full(len(x), end)]) for c, s, end in level])
    a, b, c, d = grid[:-1, :-1], grid[:-1, 1:], grid[1:, :-1], grid[1:, 1:]
    return np.stack([a, b, c, b, d, c], axis=2).reshape(-1, 4).astype("f4")


def instances(shapes: Shapes, tones, clear):
    """Capsules (k, 11): both ends with their radii, tone, owner, clear; thick rings are chains of capsules."""
    rows = [np.column_stack([shapes.start, shapes.radius[:, 0], shapes.end, shapes.radius[:, 1], tones(shapes.colour),
                             shapes.owner, np.full(len(shapes.owner), clear)])]  # fmt: skip
    for ring in shapes.rings:
        if ring.thickness > 0:
            n, half = len(ring.points), 0.5 * ring.thickness
            rest = np.tile([*tones(np.array([ring.colour]))[0], ring.owner, clear], (n, 1))
            wide = np.full(n, half)
            rows.append(np.column_stack([ring.points, wide, np.roll(ring.points, -1, 0), wide, rest]))
    return np.concatenate(rows)


def triangles(shapes: Shapes, tones, clear, eye):
    """Flat parts as triangles (3 n, 9): corner, normal towards the eye, tone, owner, clear."""
    rows = []
    flats = [*shapes.faces, *(ring for ring in shapes.rings if ring.thickness == 0)]
    for index, flat in enumerate(flats):
        points = flat.points
        normal = np.cross(points[1] - points[0], points[2] - points[0])
        normal /= max(float(np.linalg.norm(normal)), 1e-9)
        away = eye - points.mean(axis=0)
        normal *= 1.0 if normal @ away > 0 else -1.0
        points = points + LIFT * index * away / np.linalg.norm(away)
        fan = np.array([(0, i, i + 1) for i in range(1, len(points) - 1)]).ravel()
        rest = [*normal, *tones(np.array([flat.colour]))[0], flat.owner, clear]
        rows.append(np.column_stack([points[fan], np.tile(rest, (len(fan), 1))]))
    return np.concatenate(rows) if rows else np.zeros((0, 9))


def view_matrix(camera):
    """World to clip space, rows of the image upwards, so that what is read back begins with the upper row."""
    width, height, (column, row) = camera.width, camera.height, camera.centre
    lens = np.array([
        [2 * camera.focal / width, 0, 2 * (column + 0.5) / width - 1, 0],
        [0, 2 * camera.focal / height, 2 * (row + 0.5) / height - 1, 0],
        [0, 0, (FAR + NEAR) / (FAR - NEAR), -2 * FAR * NEAR / (FAR - NEAR)],
        [0, 0, 1, 0],
    ])  # fmt: skip
    place = np.eye(4)
    place[:3, :3] = camera.rotation
    place[:3, 3] = camera.rotation @ np.array([0.0, 0.0, -camera.elevation])
    return lens @ place


def sun_matrix(sun, low, high):
    """World to the sun's clip space, about the box from `low` to `high`."""
    ahead = sun / np.linalg.norm(sun)
    side = np.cross(ahead, [0.0, 0.0, 1.0]) if abs(ahead[2]) < 0.99 else np.array([1.0, 0.0, 0.0])
    side /= np.linalg.norm(side)
    axes = np.stack([side, np.cross(ahead, side), ahead])
    corners = (
        np.array([(x, y, z) for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (0.0, high[2])]) @ axes.T
    )
    middle, half = 0.5 * (corners.max(0) + corners.min(0)), 0.5 * np.ptp(corners, axis=0) + 0.1
    matrix = np.eye(4)
    matrix[:3, :3] = axes / half[:, None]
    matrix[:3, 3] = -middle / half
    return matrix


def data(matrix):
    """A matrix as OpenGL reads it."""
    return np.ascontiguousarray(matrix.T, "f4").tobytes()


@functools.cache
def _context():
    context = moderngl.create_context(standalone=True, backend="egl")
    context.gc_mode = "auto"  # the buffers of a clip go with its renderer
    context.enable(moderngl.DEPTH_TEST)
    return context


class GLRenderer(Renderer):
    """A `Renderer` whose actors and fixtures are painted by OpenGL."""

    def __init__(self, *args) -> None:
        super().__init__(*args)
        assert self.grey, "only grey clips"
        context = _context()
        width, height = FINE * self.scene.camera.width, FINE * self.scene.camera.height
        self._canvas = context.simple_framebuffer((width, height), components=4)
        self._depth = context.depth_texture((SHADOW, SHADOW))
        self._depth.compare_func = "<="
        self._dark = context.framebuffer(depth_attachment=self._depth)
        self._round, self._flat = context.program(_POINTS, _LIGHT), context.program(_FLATS, _LIGHT)
        self._round_dark, self._flat_dark = context.program(_POINTS, _NOTHING), context.program(_FLATS, _NOTHING)
        self._corners = context.buffer(capsule_corners().tobytes())
        self._context, self._still = context, self._standing()

    def painted(self, image, things):
        """See `Renderer.painted`."""
        camera = self.scene.camera
        self._draw([*self._still, *things])
        canvas = np.frombuffer(self._canvas.read(components=4), np.uint8).reshape(FINE * camera.height, -1, 4)
        tone, owner, cover = (np.ascontiguousarray(canvas[..., i]) for i in (0, 1, 3))
        mask = owner[1::FINE, 1::FINE].copy()
        things = sorted(things, key=lambda thing: -self._distance(thing.x, thing.y))
        moving = []
        for thing in things:
            self._clothe(tone, owner, thing)
            if np.hypot(*thing.motion) > 0.6 and (layer := self._blurred(tone, owner, cover, thing)):
                moving.append(layer)
        still = cv2.multiply(tone, cover, scale=1 / 255)
        _over(image, *(cv2.resize(part, image.shape[::-1], interpolation=cv2.INTER_AREA) for part in (still, cover)))
        for part, picture, alpha in moving:
            _over(image[part], picture, alpha)
        for thing in things:
            if thing.shapes.puffs:
                paint_puffs(image, mask, camera, thing.shapes.puffs)
        return image, mask

    def _draw(self, things):
        camera, light, eye = self.scene.camera, self.scene.look.light, np.array([0.0, 0.0, self.scene.camera.elevation])
        finishes = [self._finish(thing) for thing in things]
        limbs = [instances(t.shapes, f.tones, f.clear) for t, f in zip(things, finishes, strict=True)]
        flats = [triangles(t.shapes, f.tones, f.clear, eye) for t, f in zip(things, finishes, strict=True)]
        limbs, flats = (np.concatenate([np.zeros((0, n)), *rows]).astype("f4") for n, rows in ((11, limbs), (9, flats)))
        ends = np.concatenate([limbs[:, :3], limbs[:, 4:7], flats[:, :3], np.zeros((1, 3))])
        sun = sun_matrix(light.sun, ends.min(0), ends.max(0) + 0.2) if light.sun is not None else np.eye(4)
        lamp = np.zeros(4)
        if light.lamps and len(things):
            middle = np.mean([(t.x, t.y) for t in things], axis=0)
            lamp[:3] = min(light.lamps, key=lambda place: np.hypot(*(np.array(place[:2]) - middle)))
            lamp[3] = 1.0
        direct = light.shade if light.sun is not None else light.shade * (1 - light.ambient)
        context = self._context
        for target, matrix, programs in (
            (self._dark, sun, (self._round_dark, self._flat_dark)),
            (self._canvas, view_matrix(camera), (self._round, self._flat)),
        ):
            if target is self._dark and light.sun is None:
                continue
            target.use()
            target.clear(0.0, 0.0, 0.0, 0.0)
            self._depth.use(0)
            for program, rows in zip(programs, (limbs, flats), strict=True):
                if not len(rows):
                    continue
                program["view"].write(data(matrix))
                for name, value in (("sun", data(sun)), ("lamp", lamp.astype("f4").tobytes())):
                    if name in program:
                        program[name].write(value)
                if "direct" in program:
                    program["direct"].value, program["shadowed"].value = float(direct), light.sun is not None
                    program["towards"].value = tuple(-light.sun) if light.sun is not None else (0.0, 0.0, 1.0)
                buffer = context.buffer(np.ascontiguousarray(rows).tobytes())
                _drawn(context, program, buffer, self._corners, rows)
                buffer.release()

    def _clothe(self, tone, owner, thing):
        """Multiplies the clothes' pattern on what is seen of them."""
        camera = self.scene.camera
        for cloth in thing.shapes.cloths:
            ends, depth = camera.project(np.stack([cloth.base, cloth.top]))
            scale = FINE * camera.focal / float(depth.mean())
            ends = (ends + 0.5) * FINE - 0.5
            part = _part(ends.mean(0), 1.6 * scale, owner.shape)
            if part is None:
                continue
            corner = np.array([part[1].start, part[0].start])
            pattern = self._patterns[cloth.pattern % len(self._patterns)]
            print_ = laid(pattern, ends[0] - corner, ends[1] - corner, scale, owner[part].shape)
            own = np.isin(owner[part], [n for n in set(thing.shapes.owner.tolist()) if n])
            tone[part] = np.where(own, cv2.multiply(tone[part], print_, scale=1 / 128), tone[part])

    def _blurred(self, tone, owner, cover, thing):
        """Takes a moving thing off the canvas; its part of the frame, picture and cover, blurred."""
        numbers = {
            *thing.shapes.owner.tolist(),
            *(flat.owner for flat in (*thing.shapes.faces, *thing.shapes.rings)),
        } - {0}
        own = np.isin(owner, list(numbers))
        rows, columns = np.flatnonzero(own.any(1)), np.flatnonzero(own.any(0))
        if not len(rows):
            return None
        reach = 2 + int(np.ceil(0.5 * np.hypot(*thing.motion)))
        (top, bottom), (left, right) = (
            (max(int(found[0]) // FINE - reach, 0), min(int(found[-1]) // FINE + reach + 1, size // FINE))
            for found, size in ((rows, own.shape[0]), (columns, own.shape[1]))
        )
        fine = (slice(FINE * top, FINE * bottom), slice(FINE * left, FINE * right))
        alpha = np.where(own[fine], 255, 0).astype(np.uint8)
        picture = np.where(own[fine], tone[fine], 0).astype(np.uint8)
        cover[fine][own[fine]] = 0
        size, kernel = (right - left, bottom - top), streak(thing.motion)
        layer = [cv2.filter2D(cv2.resize(p, size, interpolation=cv2.INTER_AREA), -1, kernel,
                              borderType=cv2.BORDER_CONSTANT) for p in (picture, alpha)]  # fmt: skip
        return (slice(top, bottom), slice(left, right)), *layer


def _drawn(context, program, buffer, corners, rows):
    if rows.shape[1] == 11:
        wanted = "4f 4f 3f/i" if "paint" in program else "4f 4f 12x/i"
        names = ["base", "tip", "paint"] if "paint" in program else ["base", "tip"]
        array = context.vertex_array(program, [(corners, "4f", "corner"), (buffer, wanted, *names)])
        array.render(instances=len(rows))
    else:
        wanted = ("3f 3f 3f", "corner", "facing", "paint") if "paint" in program else ("3f 24x", "corner")
        array = context.vertex_array(program, [(buffer, *wanted)])
        array.render()
    array.release()


def _part(middle, reach, shape):
    """Rows and columns within `reach` of a place, or None outside the canvas."""
    low, high = np.floor(middle - reach).astype(int), np.ceil(middle + reach).astype(int)
    rows = slice(max(low[1], 0), min(high[1], shape[0]))
    columns = slice(max(low[0], 0), min(high[0], shape[1]))
    return (rows, columns) if rows.stop > rows.start and columns.stop > columns.start else None


def _over(image, picture, cover):
    cv2.add(cv2.multiply(image, cv2.bitwise_not(cover), scale=1 / 255), picture, dst=image)
