"""Checkpoints that are whole or not there, whenever the process or the machine dies."""

from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.fabric.utilities.types import _PATH

from syrfa.utils.files import atomic_write


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes beside the target, flushes to disk, renames.

    Lightning 2.6 writes into the system's temporary folder and moves the file from there. Where that folder lies on
    another file system, the move is a copy onto the old checkpoint, and dying in the middle of it leaves neither;
    and nothing flushes the file before the old one is given up.
    """

    def save_checkpoint(
        self,
        checkpoint: dict[str, Any],
        path: _PATH,
        storage_options: Any = None,  # noqa: ANN401 - Lightning's own signature
    ) -> None:
        """Saves to `path`, which is Lightning's business when it is a URL."""
        if "://" in str(path):
            super().save_checkpoint(checkpoint, path, storage_options)
            return
        with atomic_write(Path(path)) as file:
            torch.save(checkpoint, file)
