"""Where a number comes from: code, packages, machine and command line."""

import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer

from syrfa import __version__
from syrfa.tubes.datamodule import STAGES_OF, TubeDataModule
from syrfa.utils.files import write_json

PACKAGES = ("torch", "torchvision", "lightning", "torchmetrics", "opencv-python", "ultralytics", "numpy", "scipy")


class Provenance(Callback):
    """Writes `provenance_<verb>.json` into the run's folder: enough to see what could differ between two runs."""

    def __init__(self, verb: str, seed: int) -> None:
        self.verb, self.seed = verb, seed

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Writes the file once the data are known."""
        if not trainer.is_global_zero or getattr(trainer, "fast_dev_run", False):
            return
        data = getattr(trainer, "datamodule", None)
        caches = []
        if isinstance(data, TubeDataModule):  # of this verb alone: whoever scores a target need not have the source
            caches = [data.folder(use).name for use in data.uses(STAGES_OF[stage])]
        entry = {**environment(), "seed": self.seed, "caches": caches, "device": str(trainer.strategy.root_device)}
        write_json(Path(trainer.default_root_dir) / f"provenance_{self.verb}.json", entry)


def environment() -> dict[str, Any]:
    """Code, packages, machine and command line, as JSON."""
    return {
        "syrfa": __version__,
        "git_commit": git_commit(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "processor": platform.machine(),
        "threads": torch.get_num_threads(),
        "arguments": sys.argv[1:],
    }


def git_commit() -> str | None:
    """The commit of the source tree, `+dirty` when files differ; outside a checkout SYRFA_GIT_COMMIT, or None."""
    described = ""
    try:
        for command in (
            ("ls-files", "--error-unmatch", Path(__file__).name),
            ("describe", "--always", "--exclude=*", "--abbrev=40", "--dirty=+dirty"),
        ):
            git = ["git", "-C", str(Path(__file__).resolve().parent), *command]
            described = subprocess.run(git, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return os.environ.get("SYRFA_GIT_COMMIT")
    return described


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
