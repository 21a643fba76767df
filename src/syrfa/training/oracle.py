"""What `data.oracle` asks of a fit, and the lines that say which of `data.transductive` and `data.oracle` is on."""

from pathlib import Path

from jsonargparse import Namespace
from lightning import Trainer
from lightning.pytorch.callbacks import ModelCheckpoint

from syrfa.errors import ConfigError

ORACLE_METRIC = "val/micro_auroc"
ORACLE_FILE = "oracle"


def settle_switches(options: Namespace, verb: str) -> list[str]:
    """Sets in `options` what an oracle fit needs: validation of the whole split, the best checkpoint as `oracle.ckpt`.

    Returns:
        a line for each switch that is on.

    Raises:
        ConfigError: the checkpoint is to be chosen by something else, or not to be kept, or validation sees only a part
            of the split.
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
