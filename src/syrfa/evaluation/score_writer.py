"""predict: scores of any split, labelled or not, written video by video."""

from pathlib import Path

from lightning import LightningModule, Trainer

from syrfa.evaluation.callback import is_partial, write_all_scores
from syrfa.evaluation.collector import CollectingCallback, data_of, objects_of


class ScoreWriter(CollectingCallback):
    """Writes `scores/<video>.npz` into the run's folder when predict ends."""

    def on_predict_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes the files and says where; a part of a split is not written."""
        del pl_module
        if is_partial(trainer.limit_predict_batches):
            return
        split = data_of(trainer).evaluated("predict")
        objects = objects_of(split, self.collector.gather(split.rows)["score"])
        if trainer.is_global_zero:
            folder = Path(trainer.default_root_dir)
            write_all_scores(folder, objects, split.cache.spec.frames)
            print(f"scores of {len(objects)} videos of {split.dataset} {split.split}: {folder / 'scores'}")
