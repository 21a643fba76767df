"""Checkpoints and files of weights: read as plain tensors and values, never as a pickle.

Weights of stage 0 come from a published Jigsaw-VAD state dict, perhaps under `state_dict` and with DataParallel's
`module.` before every key, or from a checkpoint of `JigsawModule`.
"""

import contextvars
import math
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from syrfa.errors import CheckpointError, WeightsNotFoundError
from syrfa.models import Extractor, JigsawNetwork
from syrfa.modules.base import OURS, SETTINGS, AnomalyModule
from syrfa.utils.class_path import import_class
from syrfa.utils.files import sha256_file

TrainedOn = list[dict[str, str]]

# Jigsaw-VAD's name of a layer -> ours in JigsawNetwork
_PUBLISHED = {
    "model.0": "extractor.blocks.0.0",
    "model.3": "extractor.blocks.0.3",
    "model.7": "extractor.blocks.1.0",
    "model.10": "extractor.blocks.1.3",
    "model.14": "extractor.blocks.2.0",
    "model.17": "extractor.blocks.2.3",
    "conv2d.0": "extractor.neck.conv",
    "classifier_1.0": "temporal.0",
    "classifier_1.2": "temporal.2",
    "classifier_2.0": "spatial.0",
    "classifier_2.2": "spatial.2",
}
_HASHES = ("manifest_sha256", "monitored_sha256", "validated_sha256")  # of the entries of `AnomalyModule.trained_on`
_EXTRACTOR, _HEADS = "extractor.", ("temporal.", "spatial.")
_OWN_PREFIX = "jigsaw."  # of the network within JigsawModule
_ADVICE = "give a published Jigsaw-VAD state dict, or the .ckpt file that a fit of JigsawModule wrote"


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """The content of a checkpoint written by one of our modules, on the CPU.

    Returns:
        Lightning's checkpoint; `state_dict` holds the weights, `hyper_parameters` the settings, `syrfa` the class and
        what it was trained on.

    Raises:
        WeightsNotFoundError: there is no such file.
        CheckpointError: it is not a checkpoint of ours, or holds more than plain tensors and values.
    """
    content = read_plain(path, "give the .ckpt file that a fit wrote")
    if not is_ours(content):
        raise CheckpointError(f"{path} was not written by this version of syrfa; give the .ckpt file that a fit wrote")
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
    if not isinstance(content, dict) or not all(isinstance(content.get(key), dict) for key in ("state_dict", SETTINGS)):
        return False
    entry = content.get(OURS)
    return isinstance(entry, dict) and isinstance(entry.get("trained_on"), list) and "class_path" in entry


def checkpoint_settings(content: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The class path of the module that wrote a checkpoint, and its settings."""
    return str(content[OURS]["class_path"]), dict(content[SETTINGS])


def build_module(kind: str, settings: dict[str, Any], origin: str | Path) -> AnomalyModule:
    """A module with first weights.

    Args:
        kind: its class path.
        settings: its constructor's arguments.
        origin: the file that they come from.

    Raises:
        ConfigError: the class is not there, or lies outside syrfa and was not imported.
        CheckpointError: it does not take these settings.
    """
    found = import_class(kind, AnomalyModule)
    try:
        # in a context of its own: within the constructor of another module, Lightning would save that one's arguments
        return contextvars.Context().run(found, **settings)
    except TypeError as error:
        raise CheckpointError(f"{origin} was written by another version of {kind}: {error}") from error


def load_module(path: str | Path) -> AnomalyModule:
    """The module of a checkpoint with its settings and weights, on the CPU, in eval mode, frozen.

    Raises:
        WeightsNotFoundError: there is no such file.
        CheckpointError: it is no checkpoint of ours, or of another version of its module.
        ConfigError: see `build_module`.
    """
    checkpoint = read_checkpoint(path)
    module = build_module(*checkpoint_settings(checkpoint), path)
    load_weights(module, checkpoint, path)
    module.on_load_checkpoint(checkpoint)
    return module.eval().requires_grad_(False)


def load_weights(module: AnomalyModule, checkpoint: dict[str, Any], path: str | Path) -> None:
    """Gives a module every weight of a checkpoint of its class.

    Raises:
        CheckpointError: they do not fit its settings.
    """
    try:
        module.load_state_dict(checkpoint["state_dict"])
    except RuntimeError as error:
        raise CheckpointError(f"{path} is damaged: its weights do not have the shapes that its settings say") from error


@dataclass(frozen=True)
class Weights:
    """The weights in a file, `keys` from a name in `JigsawNetwork` to the key that the file may have for it."""

    path: Path
    values: dict[str, object]
    keys: dict[str, str]
    trained_on: TrainedOn

    def check(self, expected: Mapping[str, Tensor], ignored: tuple[str, ...], here: Mapping[str, int]) -> None:
        """Refuses weights that do not fit the network of `expected`, or are no finite floats.

        Args:
            expected: the network's own weights.
            ignored: beginnings of names that the file may have and the network has not.
            here: the network's settings, for the advice.
        """
        known = {key for name, key in self.keys.items() if name in expected or name.startswith(ignored)}
        for key in self.values:
            if key not in known:
                raise CheckpointError(f"{self.path}: the key {key!r} belongs to no network of stage 0; {_ADVICE}")
        for name, tensor in expected.items():
            key, shape = self.keys[name], tuple(tensor.shape)
            if key not in self.values:
                raise CheckpointError(f"{self.path}: the key {key!r}, of shape {shape}, is missing; {_ADVICE}")
            value = self.values[key]
            if not isinstance(value, Tensor) or not value.is_floating_point():
                raise CheckpointError(f"{self.path}: {key!r} holds no floats; {_ADVICE}")
            if value.shape != shape:
                raise CheckpointError(
                    f"{self.path}: {key!r} has the shape {tuple(value.shape)}, expected {shape}; {self._remedy(here)}"
                )
            if not value.isfinite().all():
                raise CheckpointError(f"{self.path}: {key!r} is not finite, the weights have diverged; {_ADVICE}")

    def settings(self) -> dict[str, int]:
        """Of the network that the weights come from: `width`, `frames`, `size`, `hidden`, as far as shapes tell."""
        width, _ = self._shape("extractor.blocks.0.0.weight")
        hidden, features = self._shape("temporal.0.weight")
        frames_squared, _ = self._shape("temporal.2.weight")
        found = {"width": width, "frames": math.isqrt(frames_squared), "hidden": hidden}
        if width:
            found["size"] = 16 * math.isqrt(features // (2 * width))
        return {name: value for name, value in found.items() if value}

    def select(self, names: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The checked weights of the given names."""
        return {name: cast(Tensor, self.values[self.keys[name]]) for name in names}

    def _shape(self, name: str) -> tuple[int, int]:
        """The first two sides of a weight; zeros where it has not as many."""
        value = self.values.get(self.keys[name])
        return (value.shape[0], value.shape[1]) if isinstance(value, Tensor) and value.ndim > 1 else (0, 0)

    def _remedy(self, here: Mapping[str, int]) -> str:
        theirs = self.settings()
        different = [name for name, value in here.items() if theirs.get(name, value) != value]
        if not different:
            return _ADVICE
        options = ", ".join(f"model.init_args.{name}={theirs[name]} (here {here[name]})" for name in different)
        return f"set {options}, as the file has it"


def read_weights(path: str | Path) -> Weights:
    """The weights of stage 0 in a file, not yet checked against a network."""
    path = Path(path)
    content = read_plain(path, _ADVICE)
    if not isinstance(content, dict):
        raise CheckpointError(f"{path} holds a {type(content).__name__}, no state dict; {_ADVICE}")
    values = content.get("state_dict", content)
    if not isinstance(values, dict) or not values or not all(isinstance(key, str) for key in values):
        raise CheckpointError(f"{path} holds no state dict; {_ADVICE}")
    if is_ours(content):
        kind, _ = checkpoint_settings(content)
        if not any(key.startswith(_OWN_PREFIX) for key in values):
            raise CheckpointError(f"{path} holds a {kind}; {_ADVICE}")
        values = {key: value for key, value in values.items() if key != "batches_seen"}
        keys = {ours: _OWN_PREFIX + ours for ours in _names().values()}
        return Weights(path, values, keys, list(content[OURS]["trained_on"]))
    prefix = "module." if all(key.startswith("module.") for key in values) else ""
    return Weights(path, values, {ours: prefix + theirs for theirs, ours in _names().items()}, [_unrecorded(path)])


def load_jigsaw(path: str | Path, network: JigsawNetwork) -> TrainedOn:
    """Loads extractor and both heads; width, frames, size and hidden width must be the file's.

    Args:
        path: a published state dict, or a JigsawModule checkpoint.
        network: takes the weights.

    Returns:
        what the weights were trained on, as `AnomalyModule.trained_on`; a published file does not say.

    Raises:
        WeightsNotFoundError: there is no such file.
        CheckpointError: it is unreadable or does not fit, with the key, both shapes and what to do.
    """
    weights, expected = read_weights(path), network.state_dict()
    weights.check(expected, (), {**network.extractor.settings, "hidden": network.hidden})
    network.load_state_dict(weights.select(expected))
    return weights.trained_on


def load_extractor(path: str | Path, extractor: Extractor) -> TrainedOn:
    """Loads f_theta, blocks and neck; frames and size may differ, with a warning, since no weight depends on them.

    Otherwise as `load_jigsaw`.
    """
    weights, here = read_weights(path), extractor.settings
    expected = {_EXTRACTOR + name: value for name, value in extractor.state_dict().items()}
    weights.check(expected, _HEADS, {"width": extractor.width})
    theirs = weights.settings()
    changed = [
        f"{name} {theirs[name]} (here {here[name]})" for name in here if theirs.get(name, here[name]) != here[name]
    ]
    if changed:
        warnings.warn(f"{path} was trained with {', '.join(changed)}; its extractor fits all the same", stacklevel=2)
    picked = weights.select(expected)
    extractor.load_state_dict({name.removeprefix(_EXTRACTOR): value for name, value in picked.items()})
    return weights.trained_on


def fingerprint(path: str | Path) -> str:
    """The file's name and SHA-256, for the record of a run."""
    path = Path(path)
    return f"{path.name} sha256:{sha256_file(path)}"


def _unrecorded(path: Path) -> dict[str, str]:
    """The entry of a file that does not say what it was trained on and chosen by, so that an audit can say so."""
    unknown = dict.fromkeys(("domain", "split", "monitor", "precision"), "not recorded")
    return {**unknown, **dict.fromkeys(_HASHES, ""), "weights": fingerprint(path)}


def _names() -> dict[str, str]:
    """Jigsaw-VAD's name of every weight -> ours. The six Conv3d have no bias, everything else has."""
    with_bias = {theirs: ours for theirs, ours in _PUBLISHED.items() if not theirs.startswith("model.")}
    names = {f"{theirs}.weight": f"{ours}.weight" for theirs, ours in _PUBLISHED.items()}
    return names | {f"{theirs}.bias": f"{ours}.bias" for theirs, ours in with_bias.items()}
