"""Weights as safetensors: a checkpoint without its optimisers; and the reference network of the package."""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from syrfa.errors import CheckpointError, WeightsNotFoundError
from syrfa.utils.files import atomic_write, sha256_file

SUFFIX = ".safetensors"
REFERENCE = "reference"
"""The name that stands for the file of the reference network wherever a checkpoint is asked for."""
FILE = Path(__file__).parent / "weights" / f"{REFERENCE}{SUFFIX}"
SHA256 = ""

_CONTENT = "syrfa"  # the key of everything but the tensors, as JSON
_KEPT = ("epoch", "global_step", "pytorch-lightning_version", "hyper_parameters", "syrfa", "syrfa_run_record")


def weights_file(path: str | Path) -> Path:
    """The file that a user names: the reference network's for `reference`, else the path itself.

    Raises:
        WeightsNotFoundError: the reference network is absent.
        CheckpointError: it is not the one that this version was published with.
    """
    if str(path) != REFERENCE:
        return Path(path)
    if not FILE.is_file():
        raise WeightsNotFoundError(f"{FILE}: the reference network is not there; install syrfa again")
    if sha256_file(FILE) != SHA256:
        raise CheckpointError(f"{FILE}: is not the reference network of this version; install syrfa again")
    return FILE


def write_weights(checkpoint: dict[str, Any], path: Path) -> None:
    """Writes a checkpoint of ours as safetensors: weights, settings and records; nothing that only a fit needs."""
    kept = {key: value for key, value in checkpoint.items() if key in _KEPT}
    weights = {name: value.contiguous() for name, value in checkpoint["state_dict"].items()}
    with atomic_write(path) as file:
        file.write(save(weights, {_CONTENT: json.dumps(kept, sort_keys=True)}))


def read_weights_file(path: Path) -> dict[str, Any]:
    """The content that `write_weights` wrote, as a checkpoint; CheckpointError where the file is damaged or foreign."""
    try:
        with safe_open(path, "pt") as file:
            content: dict[str, Any] = json.loads((file.metadata() or {})[_CONTENT])
            return {**content, "state_dict": {name: file.get_tensor(name) for name in file.keys()}}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path} cannot be read as weights of syrfa; it is damaged or foreign") from error
