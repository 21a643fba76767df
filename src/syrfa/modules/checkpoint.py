"""Reading checkpoints: settings and weights, never a pickle."""

import zipfile
from pathlib import Path
from typing import Any, cast

import torch

from syrfa.errors import CheckpointError, WeightsNotFoundError

SETTINGS = "syrfa"  # the checkpoint's key for the module's name and settings


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """The content of a checkpoint written by one of our modules, on the CPU.

    Returns:
        Lightning's checkpoint; `state_dict` holds the weights and `syrfa` the module's name and settings.

    Raises:
        WeightsNotFoundError: there is no such file.
        CheckpointError: it is not a checkpoint of ours, or holds more than plain tensors and values.
    """
    content = read_plain(path, "give the .ckpt file that a fit wrote")
    if not is_ours(content):
        raise CheckpointError(f"{path} was not written by syrfa; give the .ckpt file that a fit wrote")
    return cast(dict[str, Any], content)


def read_plain(path: str | Path, advice: str) -> object:
    """The content of any file of `torch.save`, on the CPU, if it is plain tensors and values.

    Args:
        path: the file.
        advice: what to do where there is none.

    Raises:
        WeightsNotFoundError: there is no such file.
        CheckpointError: it is damaged or foreign, or holds more than plain tensors and values.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightsNotFoundError(f"no checkpoint at {path}; {advice}")
    damaged = None
    try:
        if zipfile.is_zipfile(path):  # torch wrote no zip before 1.6
            with zipfile.ZipFile(path) as archive:
                damaged = archive.testzip()  # torch.load does not compare the weights' checksums
        content: object = None if damaged else torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file fails anywhere in the unpickler: IndexError, struct.error, ...
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(f"{path} cannot be read as a checkpoint ({reason}); it is damaged or foreign") from error
    if damaged:
        raise CheckpointError(f"{path} is damaged: the checksum of {damaged} in it is wrong; take another copy")
    return content


def is_ours(content: object) -> bool:
    """Whether a file's content is a checkpoint that one of our modules wrote."""
    if not isinstance(content, dict) or not isinstance(content.get("state_dict"), dict):
        return False
    entry = content.get(SETTINGS)
    return isinstance(entry, dict) and isinstance(entry.get("settings"), dict) and "module" in entry


def checkpoint_settings(content: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The name of the module class that wrote a checkpoint, and its settings."""
    entry = content[SETTINGS]
    return str(entry["module"]), dict(entry["settings"])
