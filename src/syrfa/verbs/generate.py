"""`syrfa generate`: makes a synthetic world to learn from, or a small target to try a model on."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from syrfa.detection import BoxNoise
from syrfa.errors import ConfigError
from syrfa.world import PRESETS, find_preset, generate_world, is_finished
from syrfa.world.data_card import FILE


def generate(
    preset: str = "demo-source",
    out: Path = Path("data/raw/generated"),
    seed: int = 0,
    processes: int | None = None,
    grey: bool | None = None,
    overwrite: bool = False,
) -> None:
    """Generates a world of walking people and unusual events, with labels.

    The same preset and seed give the same files, whatever the number of processes. A killed run is resumed by the
    same command; a finished world is left as it is.

    Args:
        preset: one of PRESETS; those named after a target have the UCSD Ped2 layout and other events than the
            sources, which have the UBnormal layout and are for training. The tiny ones take seconds, for tests.
        out: folder of the world; made when absent.
        seed: at least 0.
        processes: how many clips to render at a time; the number of processor cores when not given.
        grey: render one channel (true) or colour (false); the preset's choice when not given.
        overwrite: replace a different generated world in `out`.

    Raises:
        ConfigError: there is no such preset, a number is out of range, or `out` holds something else.
    """
    if seed < 0:
        raise ConfigError(f"seed {seed}: must be at least 0")
    if processes is not None and processes < 1:
        raise ConfigError(f"processes {processes}: must be at least 1")
    world = find_preset(preset)
    grey = world.grey if grey is None else grey
    if is_finished(out, world, seed, grey, overwrite):
        print(f"{out}: the world '{preset}' with seed {seed} is already there, nothing to do")
        return
    generate_world(out, world, seed, grey, noisy_boxes, processes)
    print(f"{out}: generated '{preset}' with seed {seed}; {out / FILE} describes it")


def noisy_boxes(mask: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float32]:
    """Boxes with confidences (n, 5) of the objects in an id mask (h, w), with the faults of a detector."""
    found = BoxNoise().apply(mask.astype(np.int32), rng)
    return np.concatenate([found.xyxy, found.confidence[:, None]], axis=1)


# the help of --preset is made of this text
generate.__doc__ = str(generate.__doc__).replace("PRESETS", ", ".join(PRESETS))
