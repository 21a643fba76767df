"""SIGTERM during a fit: the state goes to `last.ckpt`, so that the fit can go on where it stopped."""

from pathlib import Path

from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.utilities.exceptions import SIGTERMException

from syrfa.run_folder import CHECKPOINTS


class Termination(Callback):
    """Saves `checkpoints/last.ckpt` in the run's folder when the fit is terminated."""

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Saves after the batch during which the signal came."""
        del pl_module
        if isinstance(exception, SIGTERMException) and trainer.training:
            trainer.save_checkpoint(Path(trainer.default_root_dir) / CHECKPOINTS / "last.ckpt")
