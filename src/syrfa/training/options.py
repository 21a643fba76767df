"""The parsed options of a run: checked, and settled with the settings of the checkpoint that it starts from."""

import sys
from pathlib import Path

import torch
from jsonargparse import Namespace

from syrfa.errors import ConfigError
from syrfa.modules import AnomalyModule
from syrfa.modules.base import refuse_float16
from syrfa.modules.checkpoint import checkpoint_settings, read_checkpoint
from syrfa.utils.class_path import allow_import, class_path, import_class

_ORIGINS = ("knowledge", "knowledge_ckpt", "pretrained", "pretrained_from")  # a checkpoint has them behind it


def settle_checkpoint(options: Namespace, verb: str, path: Path) -> int:
    """Compares a checkpoint's settings with the configured ones, and sets in `options` those that hold.

    A fit that resumes must agree with its checkpoint, seed included; a verb that scores takes the checkpoint's
    settings, but for the module's `scoring_settings`, and prints which of the configured ones it replaced.

    Returns:
        the number of steps behind the checkpoint.

    Raises:
        ConfigError: it is of another module, or a fit would resume it with other settings.
    """
    checkpoint = read_checkpoint(path)
    name, stored = checkpoint_settings(checkpoint)
    model = options.model
    module = _class_of(model.class_path)
    if class_path(module) != name:
        raise ConfigError(f"{path} holds a {name}, the config a {class_path(module)}; set --model {name}")
    if verb != "fit":
        stored = {key: value for key, value in stored.items() if key not in module.scoring_settings}
    configured = module.resolved(model.init_args.as_dict())
    # a checkpoint holds lists in place of tuples
    plain = {key: list(value) if isinstance(value, tuple) else value for key, value in configured.items()}
    changed = [
        f"{key} {value} (config: {configured[key]})"
        for key, value in stored.items()
        if key in configured and key not in _ORIGINS and plain.get(key) != value
    ]
    if changed and verb == "fit":
        raise ConfigError(f"{path} was trained with other settings: {', '.join(changed)}; resume with the same config")
    if changed:
        print(f"syrfa {verb}: settings taken from {path}: {', '.join(changed)}", file=sys.stderr)
    for key in configured.keys() & stored.keys():
        model.init_args[key] = stored[key]
    options.seed_everything = options.data.seed = stored["seed"]
    return int(checkpoint["global_step"])


def brings_weights(options: Namespace) -> bool:
    """Whether a file that the module's settings name holds every weight that scoring needs."""
    return _class_of(options.model.class_path).complete(options.model.init_args.as_dict())


def _class_of(path: str) -> type[AnomalyModule]:
    """The module class that a config names; a name alone is one of `syrfa.modules`."""
    return import_class(path if "." in path else f"syrfa.modules.{path}", AnomalyModule)


def allow_imports(options: Namespace) -> None:
    """Lets checkpoints name classes of the modules that the user names: by `allow_import`, or as the adapter."""
    adapter = options.model.init_args.get("adapter") or ""
    for modules in (options.allow_import or "", adapter.rpartition(".")[0]):
        allow_import(modules)


def check_precision(options: Namespace, verb: str) -> None:
    """Refuses float16 in a fit (ConfigError), and prints a line where the processor has no units for bfloat16.

    The module refuses float16 too, but on a CPU Lightning takes bfloat16 in its place without being asked.
    """
    trainer = options.trainer
    if verb == "fit":
        refuse_float16(trainer.precision)
    on_cpu = trainer.accelerator == "cpu" or (trainer.accelerator == "auto" and not torch.cuda.is_available())
    if str(trainer.precision).startswith("bf16") and on_cpu and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        print(
            f"syrfa {verb}: this processor has no bfloat16 units and convolves about 15 times slower in it; "
            "--trainer.precision 32-true is faster",
            file=sys.stderr,
        )


def check_validation_interval(options: Namespace) -> None:
    """Refuses (ConfigError) a validation after more batches than an epoch has; Lightning finds it only in the epoch."""
    interval, steps = options.trainer.val_check_interval, max(1, options.data.steps_per_epoch)
    every_epoch = options.trainer.check_val_every_n_epoch is not None
    if every_epoch and isinstance(interval, int | float) and interval > steps:
        raise ConfigError(f"trainer.val_check_interval={interval}: an epoch has only data.steps_per_epoch={steps}")
