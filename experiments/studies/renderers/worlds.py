"""Makes the same small world twice, painted by our renderer and by OpenGL (`gl_painter`).

It needs `pip install moderngl` and an EGL driver (Debian: libegl1, libgl1-mesa-dri), neither
of which the project depends on.

    python -m experiments.studies.renderers.worlds OUT     # writes OUT/own/standard and OUT/gl/standard
"""

import sys
import time
from dataclasses import replace
from pathlib import Path

import syrfa.world.clip
from experiments.studies.renderers.gl_painter import GLRenderer
from syrfa.utils.files import write_json
from syrfa.verbs.generate import noisy_boxes
from syrfa.world import PRESETS, generate_world
from syrfa.world.scene.renderer import Renderer

SEED = 0
PAINTERS = {"own": Renderer, "gl": GLRenderer}


def main(out: Path) -> None:
    """Makes both; the processor seconds each took go to OUT/worlds.json."""
    clips = {"train": (10, 20), "validation": (1, 1), "test": (0, 0)}
    preset = replace(PRESETS["standard"], clips=clips, sizes=((360, 240),), frames=(60, 60), scenes=32)
    taken = {}
    for name, painter in PAINTERS.items():
        syrfa.world.clip.Renderer = painter  # in this process, so `processes` below is 1
        start = time.process_time()
        generate_world(out / name / "standard", preset, SEED, True, noisy_boxes, 1)
        taken[name] = round(time.process_time() - start, 1)
    write_json(out / "worlds.json", {"seed": SEED, "clips": clips, "frames": 60, "processor_seconds": taken})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
