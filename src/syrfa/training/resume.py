"""A fit that was stopped goes on exactly where it was: whole checkpoints, in time, and a log without gaps."""

import csv
import sys
import time
from pathlib import Path
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer
from lightning.fabric.loggers.logger import rank_zero_experiment
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.fabric.utilities.types import _PATH
from lightning.pytorch.callbacks import Checkpoint, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.loggers.csv_logs import ExperimentWriter
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities.exceptions import SIGTERMException
from torch import Tensor

from syrfa.errors import ConfigError
from syrfa.training.run_folder import CHECKPOINTS
from syrfa.utils.files import atomic_write
from syrfa.utils.signals import StopSignals

GRADIENTS = "syrfa_gradients"  # the checkpoint's key for gradients that were not yet used


class LastCheckpoint(Checkpoint):
    """Writes `last.ckpt` at every epoch's end, every few `minutes` unless 0, and after SIGTERM or Ctrl-C.

    ModelCheckpoint alone saves where the chosen checkpoints are due, as every fifth epoch. `signals` are deferred while
    training runs. ConfigError where `minutes` is negative.
    """

    def __init__(self, signals: StopSignals, minutes: float = 5.0) -> None:
        if minutes < 0:
            raise ConfigError(f"checkpoint_minutes={minutes}: give minutes between checkpoints, or 0")
        self.signals, self.minutes = signals, minutes
        self.saved_at = time.monotonic()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """From here on a signal waits for the end of a batch."""
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
        self._save(trainer)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Everything is saved: a signal need not wait any more."""
        self.signals.deferred = False

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Saves where Lightning stops for a signal, which is behind a batch; other exceptions come amid a step."""
        if isinstance(exception, SIGTERMException) and self.signals.deferred:
            self._save(trainer)
        self.signals.deferred = False
        stopped = isinstance(exception, SystemExit | KeyboardInterrupt)
        if stopped and trainer.state.fn == TrainerFn.FITTING and trainer.is_global_zero:
            path = self.path(trainer)
            advice = f"resume with --ckpt_path {path}" if path.exists() else "no batch was trained; begin anew"
            print(f"syrfa fit: stopped; {advice}", file=sys.stderr)

    @staticmethod
    def path(trainer: Trainer) -> Path:
        """Where `last.ckpt` lies: next to ModelCheckpoint's other files."""
        for callback in trainer.checkpoint_callbacks:
            if isinstance(callback, ModelCheckpoint) and callback.dirpath:
                return Path(callback.dirpath) / "last.ckpt"
        return Path(trainer.default_root_dir) / CHECKPOINTS / "last.ckpt"

    def _save(self, trainer: Trainer) -> None:
        if not trainer.fast_dev_run:  # type: ignore[attr-defined]  # Trainer sets it in a helper
            trainer.save_checkpoint(self.path(trainer))
            self.saved_at = time.monotonic()


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes next to the target, flushes to disk, renames.

    Lightning 2.6 moves the file from the system's temporary folder, which may be a copy onto the old checkpoint.
    """

    def save_checkpoint(
        self,
        checkpoint: dict[str, Any],
        path: _PATH,
        storage_options: Any = None,  # noqa: ANN401 - Lightning's own signature
    ) -> None:
        """Saves to `path`."""
        del storage_options
        with atomic_write(Path(path)) as file:
            torch.save(checkpoint, file)


class ExactResume(Callback):
    """Brings the loop counters of a checkpoint into one of two states that Lightning 2.6 resumes right.

    They depend on the hook in which the checkpoint was written, and from some states Lightning trains a batch too many,
    counts an epoch twice, or leaves out a validation. Gradients that wait for `accumulate_grad_batches` are kept too.
    """

    def __init__(self) -> None:
        self.resumed = False
        self.gradients: dict[str, Tensor] = {}

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Settles the counters before the loops take them over."""
        self.resumed, self.gradients = True, checkpoint.get(GRADIENTS, {})
        _settle(checkpoint["loops"]["fit_loop"])

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Has the logs on disk before the checkpoint, so that none is missing when a fit goes on from there."""
        for logger in trainer.loggers:
            logger.save()
        if trainer.accumulate_grad_batches > 1:
            gradients = {name: parameter.grad for name, parameter in pl_module.named_parameters()}
            checkpoint[GRADIENTS] = {name: value for name, value in gradients.items() if value is not None}

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leaves a finished epoch behind, and sets the number of the next logged step."""
        if not self.resumed:
            return
        self.resumed = False
        for name, parameter in pl_module.named_parameters():
            if name in self.gradients:
                parameter.grad = self.gradients[name].to(parameter.device)
        self.gradients = {}
        loop = trainer.fit_loop
        # typed Any: Lightning declares a base class of the tracker it uses
        epoch: Any = loop.epoch_progress
        batches = loop.epoch_loop.batch_progress
        due = False
        if epoch.current.processed < epoch.current.ready:
            assert loop._data_fetcher is not None
            due = loop.epoch_loop._should_check_val_fx(loop._data_fetcher)
            if batches.is_last_batch and not due:
                # Lightning would train a batch more to find out that the epoch has no more
                epoch.increment_processed()
                epoch.increment_completed()
                loop.reset_restart_stage()
        if epoch.current.processed == epoch.current.ready:
            loop.epoch_loop.restarting = False  # Lightning restarts a finished epoch where max_steps is set
        # where a validation is due, done or not, Lightning counts a step on passing it
        loop.epoch_loop._batches_that_stepped = trainer.global_step - (due and not loop.epoch_loop._should_accumulate())


def _settle(fit: dict[str, Any]) -> None:
    """Changes the state of Lightning's fit loop, as a checkpoint holds it, to that of one written between two batches.

    A batch counts when its step was taken, its validation when its last batch was scored, an epoch at its end.
    """
    epoch, batches = fit["epoch_progress"], fit["epoch_loop.batch_progress"]
    validation = fit["epoch_loop.val_loop.batch_progress"]
    scored = validation["current"]["completed"]
    validated = (
        batches["current"]["completed"] == batches["current"]["processed"]
        and validation["is_last_batch"]
        and scored == validation["current"]["ready"]
    )
    inside = epoch["current"]["processed"] < epoch["current"]["started"]
    for span in ("current", "total"):
        _level(batches[span], begun=batches[span]["processed"], done=batches[span]["processed"])
        finished = epoch[span]["processed"]
        _level(epoch[span], begun=finished + inside, done=finished)
        _level(validation[span], begun=scored if validated else 1, done=scored if validated else 0)


def _level(counters: dict[str, int], begun: int, done: int) -> None:
    counters.update(ready=begun, started=begun, processed=done, completed=done)


class RunLog(CSVLogger):
    """A CSVLogger that keeps the rows of the steps before `first_step`, the next one; Lightning's deletes the file."""

    def __init__(self, folder: Path, first_step: int = 0) -> None:
        super().__init__(folder.parent.parent, folder.parent.name, folder.name)
        self.first_step = first_step

    @property
    @rank_zero_experiment
    def experiment(self) -> ExperimentWriter:
        """The writer, made when it is first asked for."""
        if self._experiment is None:
            self._experiment = _Writer(self.log_dir, self.first_step)
        return self._experiment  # type: ignore[return-value]  # Fabric's base class of it


class _Writer(ExperimentWriter):
    def __init__(self, log_dir: str, first_step: int) -> None:
        self.first_step = first_step
        super().__init__(log_dir)
        if Path(self.metrics_file_path).exists():
            with Path(self.metrics_file_path).open(newline="") as file:
                self.metrics_keys = list(csv.DictReader(file).fieldnames or [])

    def _check_log_dir_exists(self) -> None:
        """Cuts the file off before `first_step`; Lightning deletes it here."""
        path = Path(self.metrics_file_path)
        if not path.exists():
            return
        lines = path.read_text().splitlines(keepends=True)
        columns = next(csv.reader(lines[:1]), [])
        if self.first_step == 0 or "step" not in columns:
            path.unlink()
            return
        place = columns.index("step")
        with atomic_write(path) as file:
            for line, row in zip(lines, csv.reader(lines), strict=True):
                if row == columns or (len(row) == len(columns) and int(row[place]) < self.first_step):
                    file.write(line.encode())
