"""Frames a processor second of several renderers at 640x360 with 12 people.

It needs what the project does not depend on: `pip install moderngl mujoco`, an EGL driver
(Debian: libegl1, libgl1-mesa-dri), and for Blender a second environment (Python 3.11) with `pip install bpy`.

    export OMP_NUM_THREADS=1 LP_NUM_THREADS=1 MUJOCO_GL=egl
    python -m experiments.studies.renderers.speed OUT.json --blender PYTHON
"""

import argparse
import json
import os
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

import syrfa.world.clip
from experiments.studies.renderers.gl_painter import GLRenderer, capsule_corners, instances, triangles
from experiments.studies.renderers.mujoco_painter import MujocoPainter
from syrfa.training.provenance import environment
from syrfa.utils.files import write_json
from syrfa.world import PRESETS
from syrfa.world.clip import Clip, plan_clips
from syrfa.world.scene.renderer import Renderer

SIZE, PEOPLE, FIRST, FRAMES, WARM = (640, 360), 12, 30, 12, 2
BLENDER = (
    ("BLENDER_WORKBENCH", 8, 4),
    ("BLENDER_EEVEE", 8, 2),
    ("CYCLES", 1, 3),
    ("CYCLES", 16, 2),
)  # engine, samples, frames


def cast(painter):
    """A clip by day with 12 people in view, painted by `painter`."""
    syrfa.world.clip.Renderer = painter
    preset = replace(PRESETS["standard"], sizes=(SIZE,), crowd=(16, 16), roads=0.0, frames=(60, 60),
                     person=(40.0, 80.0), clips={"train": (12, 0), "validation": (0, 0), "test": (0, 0)})  # fmt: skip
    for plan in plan_clips(preset):
        clip = Clip(preset, plan, 0, grey=True)
        if clip.scene.look.light.sun is None:
            continue
        seen = [a for a in clip.actors if len(a.owners) == 1 and clip.renderer.things([a], FIRST)]
        if len(seen) >= PEOPLE and all(not clip.renderer.things([a], FIRST)[0].shapes.faces for a in seen[:PEOPLE]):
            clip.actors[:] = seen[:PEOPLE]
            return clip
    raise ValueError("no clip with enough people")


def timed(call):
    """Processor and clock seconds a frame, after the first frames."""
    for number in range(FIRST, FIRST + WARM):
        call(number)
    start, clock = time.process_time(), time.perf_counter()
    for number in range(FIRST + WARM, FIRST + WARM + FRAMES):
        call(number)
    return {"seconds": (time.process_time() - start) / FRAMES, "clock": (time.perf_counter() - clock) / FRAMES}


def meshes(clip, frames, path):
    """Writes the triangles of some frames for Blender."""
    camera, template, content = clip.scene.camera, capsule_corners(), {}
    for index in range(frames):
        corners, colours = [np.zeros((0, 3))], [np.zeros((0, 3))]
        for thing in clip.renderer.things(clip.actors, FIRST + WARM + index):
            rows = instances(thing.shapes, lambda colour: colour[:, :3].mean(1, keepdims=True), 1.0)
            base, tip = rows[:, None, :4], rows[:, None, 4:8]
            way = tip[..., :3] - base[..., :3]
            along = way / np.maximum(np.linalg.norm(way, axis=-1, keepdims=True), 1e-6)
            side = np.cross(along, np.where(np.abs(along[..., 2:]) < 0.9, [0.0, 0, 1], [1.0, 0, 0]))
            side /= np.maximum(np.linalg.norm(side, axis=-1, keepdims=True), 1e-9)
            x, y, z, end = (template[None, :, i : i + 1] for i in range(4))
            normal = x * side + y * np.cross(along, side) + z * along
            place = (
                base[..., :3] * (1 - end)
                + tip[..., :3] * end
                + (base[..., 3:] * (1 - end) + tip[..., 3:] * end) * normal
            )
            corners.append(place.reshape(-1, 3))
            colours.append(np.repeat(rows[:, 8:9] / 255, len(template), 0).repeat(3, 1))
            flat = triangles(thing.shapes, lambda colour: colour[:, :3].mean(1, keepdims=True), 1.0, np.zeros(3))
            corners.append(flat[:, :3])
            colours.append(np.repeat(flat[:, 6:7] / 255, 3, 1))
        content[f"corners{index}"], content[f"colours{index}"] = np.concatenate(corners), np.concatenate(colours)
    np.savez(path, size=SIZE, frames=frames, focal=camera.focal, centre=camera.centre, rotation=camera.rotation,
             elevation=camera.elevation, **content)  # fmt: skip


def blender(python, clip, folder):
    """Rows of Blender's renderers; the first frame, which compiles and loads, is left out."""
    rows = {}
    for engine, samples, frames in BLENDER:
        path = folder / "frames.npz"
        meshes(clip, frames, path)
        command = [python, str(Path(__file__).with_name("blender.py")), str(path), engine, str(samples)]
        clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        done = subprocess.run(command, capture_output=True, text=True, env=clean, timeout=400, check=False)
        found = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
        if found:
            seconds = np.array(json.loads(found[0][7:])["seconds"])[1:].mean(0)
            row = {"seconds": float(seconds[0]), "clock": float(seconds[1]), "frames": frames - 1}
        else:
            row = {"failed": done.returncode, "said": (done.stdout + done.stderr)[-300:]}
        rows[f"bpy {engine.removeprefix('BLENDER_').lower()}, {samples} samples"] = row
    return rows


def main() -> None:
    """Measures and writes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--blender")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    rows, pictures = {}, []
    clips = {"own": cast(Renderer), "moderngl": cast(GLRenderer)}
    for name, clip in clips.items():
        people = []

        def frame(number, clip=clip, people=people):
            picture, mask = clip.renderer.frame(clip.actors, number)
            people.append(len(np.unique(mask)) - 1)
            pictures[-1:] = [picture]

        pictures.append(None)
        rows[f"{name}, whole frame"] = {**timed(frame), "people": float(np.mean(people[WARM:]))}
        things = clip.renderer.things(clip.actors, FIRST + WARM)
        base = clip.renderer.shadowed(things)
        rows[f"{name}, painting alone"] = timed(lambda n, c=clip, t=things, b=base: c.renderer.painted(b.copy(), t))
    clip = clips["own"]
    for name, settings in (
        ("mujoco, picture and ids, its defaults (4 samples, shadow map 4096)", {"shadow": 4096}),
        ("mujoco, picture and ids, shadow map 1024", {}),
        ("mujoco, picture and ids, 1 sample, shadow map 1024", {"samples": 0}),
        ("mujoco, picture alone, 1 sample, shadow map 1024", {"samples": 0, "masks": False}),
    ):
        painter = MujocoPainter(clip.scene, **settings)

        def frame(number, painter=painter):
            found = painter.painted(clip.renderer.things(clip.actors, number))
            pictures[-1:] = [cv2.cvtColor(found[0], cv2.COLOR_BGR2GRAY)]
            return found

        pictures.append(None)
        rows[name] = timed(frame)
    if options.blender:
        rows |= blender(options.blender, clip, options.out.parent)
    for row in rows.values():
        if "seconds" in row:
            row["frames_a_processor_second"] = 1 / row["seconds"]
    cv2.imwrite(str(options.out.with_suffix(".png")), np.vstack(pictures[:3]))
    write_json(options.out, {"size": SIZE, "rows": rows, "load": os.getloadavg()[0], "environment": environment()})
    print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
