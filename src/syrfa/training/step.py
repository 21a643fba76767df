"""One step of a recipe: a fit or a test with its options, data and environment, as JSON."""

import json
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from lightning import Trainer

from syrfa.datasets.base import WORLD, VideoDataset
from syrfa.training.environment import environment
from syrfa.training.recipe import Places
from syrfa.tubes.cache import cache_folder, cache_recipe
from syrfa.tubes.datamodule import Stage, TubeDataModule
from syrfa.utils.files import sha256_json

Step = dict[str, Any]
ID_LENGTH = 12


def make_step(
    verb: str,
    options: dict[str, Any],
    data: TubeDataModule,
    stages: Sequence[Stage],
    files: list[dict[str, str]],
    trainer: Trainer,
    places: Places,
) -> Step:
    """A step as it is about to run.

    Args:
        verb: `fit` or `test`.
        options: of `Chain.options`.
        data: the tubes.
        stages: those that the verb needs.
        files: weights from elsewhere.
        trainer: knows the device.
        places: takes this machine's paths out.

    Returns:
        JSON: `id`, which says that two steps do the same with the same data, `verb`, `seed`, `options` and their
        `options_sha256`, `data` (per stage the manifest's hash, the detector with the hashes of its files, the name
        of the tube cache, whose key hashes all of it and the cut, and how a generated world was made), `files`, and
        `environment`.
    """
    seen = [data_entry(data, stage, places) for stage in stages]
    parts = [part for part in seen if part is not None]
    hashes = [[part["stage"], part["cache"]] for part in parts]
    return {
        "id": sha256_json([verb, options, hashes, [file["sha256"] for file in files]])[:ID_LENGTH],
        "verb": verb,
        "seed": int(options["seed_everything"]),
        "options": options,
        "options_sha256": sha256_json(options),
        "data": parts,
        "files": files,
        "environment": step_environment(trainer),
    }


def data_entry(data: TubeDataModule, stage: Stage, places: Places) -> dict[str, Any] | None:
    """The data of one stage; None where the config leaves it open.

    Raises:
        UserError: they are not there.
    """
    use = data.use(stage)
    if use is None:
        return None
    dataset = use.source.dataset
    recipe = cache_recipe(dataset, use.split, use.source.detector, use.spec)
    return {
        "stage": stage,
        "domain": use.domain,
        "dataset": dataset.name,
        "split": use.split,
        "root": places.abstract(str(dataset.root)),
        "manifest_sha256": recipe["dataset_manifest"],
        "cache": cache_folder(data.cache_root, recipe).name,
        "detector": places.abstract(recipe["detector"]),
        "world": world_of(dataset, places),
    }


def world_of(dataset: VideoDataset, places: Places) -> dict[str, Any] | None:
    """How `syrfa generate` made the data, and the folder it was told; None where it did not."""
    for folder in (dataset.root, dataset.root.resolve().parent):
        if (folder / WORLD).is_file():
            content = json.loads((folder / WORLD).read_text())
            known = {key: content.get(key) for key in ("preset", "seed", "grey", "version", "settings")}
            return {**known, "out": places.abstract(str(folder))}
    return None


def step_environment(trainer: Trainer) -> dict[str, Any]:
    """Code, packages and machine of the running process, without its command line."""
    device = trainer.strategy.root_device
    known = environment()
    return {
        **{key: known[key] for key in ("syrfa", "git_commit", "python", "packages", "threads")},
        "cpu": processor(),
        "device": device.type,
        "device_name": torch.cuda.get_device_name(device) if device.type == "cuda" else None,
        "processes": trainer.world_size,
        "precision": str(trainer.precision),
    }


def processor() -> str:
    """The model of the processor, and the instructions that torch uses of it: both decide the order of sums."""
    model = platform.machine()
    info = Path("/proc/cpuinfo")  # of Linux
    if info.is_file():
        lines = info.read_text(errors="replace").splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    return f"{model}, {torch.backends.cpu.get_cpu_capability()}"
