"""One frame of a clip painted by MuJoCo's renderer, without its physics: capsules of one radius, no flat parts."""

import mujoco
import numpy as np

_WORLD = """
<mujoco><visual><global offwidth="{w}" offheight="{h}"/><quality shadowsize="{shadow}" offsamples="{samples}"/>
<map znear="0.015" zfar="20"/></visual><statistic extent="20"/>
<worldbody><light directional="true" pos="{lamp}" dir="{sun}" castshadow="true"/>
<geom type="plane" size="200 200 1" rgba=".6 .6 .6 1"/></worldbody></mujoco>"""


class MujocoPainter:
    """Pictures and id masks (height, width) of what `Renderer.things` returns; `masks` for the second pass."""

    def __init__(self, scene, masks=True, shadow=1024, samples=4) -> None:
        camera, sun = scene.camera, scene.look.light.sun
        sun = np.array([0.2, 0.3, -1.0]) if sun is None else sun
        middle = np.array([*scene.path_centre, 0.0])  # shadows are cast within `extent` of the light's line
        sun, lamp = (" ".join(map(str, vector)) for vector in (sun, middle - 30 * sun / np.linalg.norm(sun)))
        text = _WORLD.format(w=camera.width, h=camera.height, shadow=shadow, samples=samples, sun=sun, lamp=lamp)
        self._model = mujoco.MjModel.from_xml_string(text)
        self._data = mujoco.MjData(self._model)
        mujoco.mj_forward(self._model, self._data)
        self._renderer = mujoco.Renderer(self._model, camera.height, camera.width, max_geom=5000)
        self._camera, self._masks = camera, masks

    def painted(self, things):
        """The frame, uint8 (height, width, 3), and the ids, or None."""
        renderer, scene = self._renderer, self._renderer.scene
        renderer.update_scene(self._data)
        for thing in things:
            shapes = thing.shapes
            for start, end, radius, colour, owner in zip(
                shapes.start, shapes.end, shapes.radius.mean(1), shapes.colour / 255, shapes.owner, strict=True
            ):
                geom = scene.geoms[scene.ngeom]
                rgba = np.array([*colour[::-1], 1.0], np.float32)
                mujoco.mjv_initGeom(
                    geom, mujoco.mjtGeom.mjGEOM_CAPSULE, np.zeros(3), np.zeros(3), np.eye(3).ravel(), rgba
                )
                mujoco.mjv_connector(geom, mujoco.mjtGeom.mjGEOM_CAPSULE, radius, start, end)
                geom.segid = int(owner)
                scene.ngeom += 1
        self._aim(scene)
        picture = renderer.render().copy()
        if not self._masks:
            return picture, None
        scene.flags[mujoco.mjtRndFlag.mjRND_SEGMENT] = scene.flags[mujoco.mjtRndFlag.mjRND_IDCOLOR] = True
        ids = renderer.render()[..., 0].copy()
        scene.flags[mujoco.mjtRndFlag.mjRND_SEGMENT] = scene.flags[mujoco.mjtRndFlag.mjRND_IDCOLOR] = False
        return picture, ids

    def _aim(self, scene):
        camera = self._camera
        near, (column, row) = 0.3, camera.centre
        for eye in scene.camera:
            eye.pos, eye.forward, eye.up = (0, 0, camera.elevation), camera.rotation[2], -camera.rotation[1]
            eye.frustum_near, eye.frustum_far, eye.orthographic = near, 400.0, 0
            eye.frustum_top = near * (row + 0.5) / camera.focal
            eye.frustum_bottom = -near * (camera.height - row - 0.5) / camera.focal
            eye.frustum_center = near * (0.5 * camera.width - column - 0.5) / camera.focal
            eye.frustum_width = near * 0.5 * camera.width / camera.focal
