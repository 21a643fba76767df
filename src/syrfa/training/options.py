"""The parsed options of a run: checked, and settled with its checkpoint and with `data.transductive` and `data.oracle`.

All functions take the options of a verb before they are instantiated, and change them in place.
"""

import sys
from pathlib import Path

import torch
from jsonargparse import Namespace
from lightning import Trainer
from lightning.pytorch.callbacks import ModelCheckpoint

from syrfa.errors import ConfigError
from syrfa.modules import AnomalyModule
from syrfa.modules.base import refuse_float16
from syrfa.modules.checkpoint import checkpoint_settings, read_checkpoint
from syrfa.utils.class_path import allow_import, class_path, import_class

_ORIGINS = ("knowledge", "knowledge_ckpt", "pretrained", "pretrained_from")  # a checkpoint has them behind it
ORACLE_METRIC = "val/micro_auroc"
ORACLE_FILE = "oracle"


def settle_checkpoint(options: Namespace, verb: str, path: Path) -> int:
    """Compares a checkpoint's settings with the configured ones, and sets those that hold; returns its global step.

    A fit that resumes must agree with its checkpoint, seed included (ConfigError); a verb that scores takes the
    checkpoint's settings, but for the module's `scoring_settings`, and prints which of the configured ones it replaced.
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
    """Refuses a fit in float16, for which Lightning takes bfloat16 on a CPU, and warns where bfloat16 is slow."""
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
    """Refuses validation after more batches than an epoch has, which Lightning finds only when the epoch begins."""
    interval, steps = options.trainer.val_check_interval, max(1, options.data.steps_per_epoch)
    every_epoch = options.trainer.check_val_every_n_epoch is not None
    if every_epoch and isinstance(interval, int | float) and interval > steps:
        raise ConfigError(f"trainer.val_check_interval={interval}: an epoch has only data.steps_per_epoch={steps}")


def settle_switches(options: Namespace, verb: str) -> list[str]:
    """Sets what an oracle fit needs: validation of the whole split, and the best checkpoint as `oracle.ckpt`.

    Returns a line for each of `data.transductive` and `data.oracle` that is on; ConfigError where something else is to
    choose the checkpoint, or validation sees only a part of the split.
    """
    lines = []
    if options.data.transductive and verb == "fit":
        lines.append("data.transductive is on: frames of the target's test split are trained on, without their labels")
    if options.data.oracle and verb in ("fit", "validate"):
        lines.append(_settle_oracle(options) if verb == "fit" else "data.oracle is on: this is the target's test split")
    return lines


def oracle_checkpoint(trainer: Trainer, last: Path) -> Path:
    """The best checkpoint that an oracle fit kept, or `last` where none was due."""
    for callback in trainer.checkpoint_callbacks:
        if isinstance(callback, ModelCheckpoint) and callback.monitor == ORACLE_METRIC and callback.best_model_path:
            return Path(callback.best_model_path)
    return last


def _settle_oracle(options: Namespace) -> str:
    trainer, checkpoint = options.trainer, options.checkpoint
    if checkpoint.monitor not in (None, ORACLE_METRIC):
        raise ConfigError(
            f"data.oracle: it chooses by {ORACLE_METRIC}, and checkpoint.monitor is {checkpoint.monitor}; leave one out"
        )
    limit = trainer.limit_val_batches
    if limit is None or limit == 0:  # how our configs leave validation out
        trainer.limit_val_batches = limit = 1.0
    if limit != 1.0 or not isinstance(limit, float):
        raise ConfigError(
            f"data.oracle: trainer.limit_val_batches={limit:g} scores a part of the test split; set it to 1.0"
        )
    if checkpoint.save_top_k == 0:
        raise ConfigError("data.oracle: checkpoint.save_top_k=0 keeps no checkpoint to choose; set it to 1")
    if trainer.check_val_every_n_epoch is not None:
        trainer.check_val_every_n_epoch = 1
    checkpoint.monitor, checkpoint.mode = ORACLE_METRIC, "max"
    kept = "the best of checkpoints/*.ckpt are kept, by AUROC on the target's test split"
    if checkpoint.save_top_k == 1:
        checkpoint.filename = ORACLE_FILE
        kept = f"checkpoints/{ORACLE_FILE}.ckpt is the one with the best AUROC on the target's test split"
    once = trainer.max_epochs == 1 and trainer.val_check_interval in (None, 1.0) and trainer.max_steps in (None, -1)
    return f"data.oracle is on: {kept}" + (
        "; one epoch is scored once: for a choice set --trainer.val_check_interval 0.1" if once else ""
    )
