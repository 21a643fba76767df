"""Where a run came from: enough to make it again, and to see what could differ."""

from pathlib import Path

from lightning import Callback, LightningModule, Trainer

from syrfa.training.environment import environment
from syrfa.tubes.datamodule import STAGES_OF, TubeDataModule
from syrfa.utils.files import write_json


class Provenance(Callback):
    """Writes `provenance_<verb>.json` into the run's folder.

    Args:
        verb: fit, validate, test or predict.
        seed: the seed of the run.
    """

    def __init__(self, verb: str, seed: int) -> None:
        self.verb, self.seed = verb, seed

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Writes the file once the data are known."""
        del pl_module
        if not trainer.is_global_zero or getattr(trainer, "fast_dev_run", False):
            return
        data = getattr(trainer, "datamodule", None)
        caches = []
        if isinstance(data, TubeDataModule):  # of this verb alone: whoever scores a target need not have the source
            caches = [data.folder(use).name for use in data.uses(STAGES_OF[stage])]
        entry = {**environment(), "seed": self.seed, "caches": caches, "device": str(trainer.strategy.root_device)}
        write_json(Path(trainer.default_root_dir) / f"provenance_{self.verb}.json", entry)
