"""predict: scores of any split, labelled or not, written video by video."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning import Callback, LightningModule, Trainer
from torch import Tensor

from syrfa.callbacks.collector import ScoreCollector, objects_of
from syrfa.callbacks.frame_auc import write_all_scores
from syrfa.tubes.datamodule import TubeDataModule


class ScoreWriter(Callback):
    """Writes `scores/<video>.npz` into the run's folder when predict ends."""

    def __init__(self) -> None:
        self.collector = ScoreCollector()

    def on_predict_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Tensor | Mapping[str, Any] | None,
        batch: Any,  # noqa: ANN401 - the base class's
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Collects one batch's scores."""
        del trainer, pl_module, batch, batch_idx, dataloader_idx
        self.collector.add(outputs)

    def on_predict_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes the files and says where."""
        del pl_module
        if trainer.limit_predict_batches != 1.0:
            return
        data = trainer.datamodule  # type: ignore[attr-defined]  # Trainer sets it when it attaches the data
        if not isinstance(data, TubeDataModule):
            raise TypeError(f"ScoreWriter needs a TubeDataModule, not {type(data).__name__}")
        split = data.evaluated("predict")
        objects = objects_of(split, self.collector.gather(split.rows))
        if trainer.is_global_zero:
            folder = Path(trainer.default_root_dir)
            write_all_scores(folder, objects, split.cache.spec.frames)
            print(f"scores of {len(objects)} videos of {split.dataset} {split.split}: {folder / 'scores'}")
