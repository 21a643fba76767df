"""`last.ckpt`: never older than an epoch or a few minutes, and written when a fit is stopped."""

import sys
import time
from pathlib import Path
from typing import Any

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint, ModelCheckpoint
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities.exceptions import SIGTERMException

from syrfa.errors import ConfigError
from syrfa.training.run_folder import CHECKPOINTS
from syrfa.utils.signals import StopSignals


class LastCheckpoint(Checkpoint):
    """Keeps `last.ckpt` beside what ModelCheckpoint keeps.

    ModelCheckpoint alone saves where the chosen checkpoints are due: with `check_val_every_n_epoch: 5` every fifth
    epoch, and with `every_n_train_steps: 7` not after the last step. Nothing of a run is lost here but the batches
    since the last epoch's end or the last `minutes`, and after SIGTERM or Ctrl-C nothing at all.

    Args:
        signals: deferred while training runs.
        minutes: save after the first batch that ends so long after the last save; 0 only at the end of an epoch.

    Raises:
        ConfigError: `minutes` is negative.
    """

    def __init__(self, signals: StopSignals, minutes: float = 5.0) -> None:
        if minutes < 0:
            raise ConfigError(f"checkpoint_minutes={minutes}: give minutes between checkpoints, or 0")
        self.signals, self.minutes = signals, minutes
        self.saved_at = time.monotonic()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """From here on a signal waits for the end of a batch."""
        del trainer, pl_module
        self.saved_at = time.monotonic()
        self.signals.deferred = True

    def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:  # noqa: ANN401 - the hook's own arguments
        """Saves when the last save is too long ago; the last batch of an epoch leaves it to the epoch's end."""
        if self.minutes and not trainer.fit_loop.epoch_loop.batch_progress.is_last_batch:
            late = time.monotonic() - self.saved_at >= 60 * self.minutes
            if trainer.world_size > 1:  # saving is done together, so it is decided together
                late = trainer.strategy.broadcast(late)
            if late:
                self._save(trainer)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Saves."""
        del pl_module
        self._save(trainer)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Everything is saved: a signal need not wait any more."""
        del trainer, pl_module
        self.signals.deferred = False

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Saves where Lightning stops for a signal: behind a batch, be it of training or of validation.

        Any other exception may come in the middle of a step, so it leaves the checkpoint of before.
        """
        del pl_module
        if isinstance(exception, SIGTERMException) and self.signals.deferred:
            self._save(trainer)
        self.signals.deferred = False
        stopped = isinstance(exception, SystemExit | KeyboardInterrupt)
        if stopped and trainer.state.fn == TrainerFn.FITTING and trainer.is_global_zero:
            path = self.path(trainer)
            said = f"resume with --ckpt_path {path}" if path.exists() else "no batch was trained; begin anew"
            print(f"syrfa fit: stopped; {said}", file=sys.stderr)

    @staticmethod
    def path(trainer: Trainer) -> Path:
        """Where `last.ckpt` lies: beside ModelCheckpoint's other files."""
        for callback in trainer.checkpoint_callbacks:
            if isinstance(callback, ModelCheckpoint) and callback.dirpath:
                return Path(callback.dirpath) / "last.ckpt"
        return Path(trainer.default_root_dir) / CHECKPOINTS / "last.ckpt"

    def _save(self, trainer: Trainer) -> None:
        if not trainer.fast_dev_run:  # type: ignore[attr-defined]  # Trainer sets it in a helper
            trainer.save_checkpoint(self.path(trainer))
            self.saved_at = time.monotonic()
