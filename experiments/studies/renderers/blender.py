"""Seconds a frame of Blender's renderers; run by `speed.py` in an interpreter that has bpy (which needs numpy < 2)."""

import json
import sys
import time

import bpy
import numpy as np


def stage(data):
    """Camera, sun, ground and one mesh with a colour at each corner; returns the mesh's object."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    width, height = (int(v) for v in data["size"])
    column, row = data["centre"]
    lens = bpy.data.cameras.new("camera")
    lens.sensor_fit, lens.sensor_width, lens.lens = "HORIZONTAL", 36.0, 36.0 * float(data["focal"]) / width
    lens.shift_x, lens.shift_y = ((width - 1) / 2 - column) / width, (row - (height - 1) / 2) / width
    lens.clip_start, lens.clip_end = 0.3, 400.0
    eye = bpy.data.objects.new("camera", lens)
    matrix, turn = np.eye(4), data["rotation"]
    matrix[:3, :3] = np.stack([turn[0], -turn[1], -turn[2]], axis=1)
    matrix[2, 3] = float(data["elevation"])
    eye.matrix_world = matrix.T.tolist()
    lamp = bpy.data.lights.new("sun", "SUN")
    lamp.energy = 3.0
    sun = bpy.data.objects.new("sun", lamp)
    sun.rotation_euler = (0.6, 0.2, 0.4)
    scene.world = bpy.data.worlds.new("sky")
    bpy.ops.mesh.primitive_plane_add(size=400)
    body = bpy.data.objects.new("people", bpy.data.meshes.new("people"))
    paint = bpy.data.materials.new("paint")
    paint.use_nodes = True
    colour = paint.node_tree.nodes.new("ShaderNodeVertexColor")
    colour.layer_name = "colour"
    surface = paint.node_tree.nodes["Principled BSDF"].inputs["Base Color"]
    paint.node_tree.links.new(colour.outputs["Color"], surface)
    body["paint"] = paint.name
    for thing in (eye, sun, body):
        scene.collection.objects.link(thing)
    scene.camera = eye
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = width, height, 100
    scene.render.threads_mode, scene.render.threads = "FIXED", 1
    return body


def load(body, corners, colours):
    """Puts a frame's triangles (3 n, 3) with colours (3 n, 3) into the mesh."""
    mesh = bpy.data.meshes.new("people")
    mesh.from_pydata(corners.tolist(), [], np.arange(len(corners)).reshape(-1, 3).tolist())
    layer = mesh.color_attributes.new("colour", "BYTE_COLOR", "POINT")
    layer.data.foreach_set("color", np.column_stack([colours, np.ones(len(colours))]).astype("f4").ravel())
    mesh.materials.append(bpy.data.materials[body["paint"]])
    body.data = mesh


def main(path, engine, samples):
    """Prints processor and clock seconds of each frame in `path` as JSON."""
    data = np.load(path)
    body, scene, found = stage(data), bpy.context.scene, []
    scene.render.engine = engine
    if engine == "CYCLES":
        scene.cycles.device, scene.cycles.samples, scene.cycles.use_denoising = "CPU", samples, False
    elif engine == "BLENDER_EEVEE":
        scene.eevee.taa_render_samples = samples
    for number in range(int(data["frames"])):
        start, clock = time.process_time(), time.perf_counter()
        load(body, data[f"corners{number}"], data[f"colours{number}"])
        scene.render.filepath = f"{path}.{engine}.{number}.png"
        bpy.ops.render.render(write_still=True)
        found.append((round(time.process_time() - start, 3), round(time.perf_counter() - clock, 3)))
    print("RESULT " + json.dumps({"version": bpy.app.version_string, "seconds": found}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
