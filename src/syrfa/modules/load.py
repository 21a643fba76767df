"""A trained module out of its checkpoint, without a Trainer."""

from pathlib import Path

import syrfa.modules
from syrfa.errors import CheckpointError
from syrfa.modules.base import AnomalyModule
from syrfa.modules.checkpoint import checkpoint_settings, read_checkpoint


def load_module(path: str | Path) -> AnomalyModule:
    """The module of a checkpoint with its settings and weights, on the CPU, in eval mode, frozen.

    Raises:
        WeightsNotFoundError: there is no such file.
        CheckpointError: it is no checkpoint of ours, or of another version of its module.
    """
    checkpoint = read_checkpoint(path)
    name, settings = checkpoint_settings(checkpoint)
    kind = getattr(syrfa.modules, name, None)
    if not (isinstance(kind, type) and issubclass(kind, AnomalyModule)):
        raise CheckpointError(f"{path} holds a {name}, which this version of syrfa does not know")
    try:
        module = kind(**settings)
    except TypeError as error:
        raise CheckpointError(f"{path} was written by another version of syrfa: {error}") from error
    try:
        module.load_state_dict(checkpoint["state_dict"])
    except RuntimeError as error:
        raise CheckpointError(f"{path} is damaged: its weights do not have the shapes that its settings say") from error
    module.on_load_checkpoint(checkpoint)
    return module.eval().requires_grad_(False)
