"""A resumed fit goes on exactly where its checkpoint was written, wherever that was."""

from typing import Any

from lightning import Callback, LightningModule, Trainer
from torch import Tensor

Counters = dict[str, int]
GRADIENTS = "syrfa_gradients"  # the checkpoint's key for gradients that were not yet used


class ExactResume(Callback):
    """Brings the loop counters of a checkpoint into one of two states that Lightning 2.6 resumes right.

    Weights, optimisers and the number of trained batches are right in every checkpoint of ours. Lightning's counters
    depend on the hook in which the checkpoint was written, and from some of these states Lightning trains one batch
    more than the epoch has, counts an epoch twice, or leaves out a validation. Gradients that wait for
    `accumulate_grad_batches` are in no checkpoint of Lightning's; they are in ours.
    """

    def __init__(self) -> None:
        self.resumed = False
        self.gradients: dict[str, Tensor] = {}

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Settles the counters before the loops take them over."""
        del trainer, pl_module
        self.resumed, self.gradients = True, checkpoint.get(GRADIENTS, {})
        settle(checkpoint["loops"]["fit_loop"])

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


def settle(fit: dict[str, Any]) -> None:
    """Changes the state of Lightning's fit loop, as a checkpoint holds it, to that of one written between two batches.

    A batch counts when its step was taken. The validation behind it counts when its last batch was scored; else it
    will begin again. An epoch counts when its end was reached.
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


def _level(counters: Counters, begun: int, done: int) -> None:
    counters.update(ready=begun, started=begun, processed=done, completed=done)
