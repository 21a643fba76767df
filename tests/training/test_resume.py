"""`last.ckpt` in time, and what is beside it: whole files, and logs that go on."""

import csv

import lightning
import pytest
import torch
from torch.utils.data import DataLoader

from syrfa.errors import ConfigError
from syrfa.training.resume import AtomicCheckpointIO, ExactResume, LastCheckpoint, RunLog
from syrfa.utils.signals import StopSignals


class Line(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))

    def training_step(self, batch, batch_index):
        self.log("loss", batch.sum())
        return (self.weight * batch).sum()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


class Watch(lightning.Callback):
    """The step of `last.ckpt` at every batch's start."""

    def __init__(self, path):
        self.path, self.seen = path, []

    def on_train_batch_start(self, trainer, *_):
        exists = self.path.exists()
        self.seen.append(torch.load(self.path, weights_only=True)["global_step"] if exists else None)


def fit(folder, minutes, epochs=2, first_step=0, resume=None):
    signals = StopSignals()
    watch = Watch(folder / "checkpoints" / "last.ckpt")
    trainer = lightning.Trainer(
        default_root_dir=folder,
        accelerator="cpu",
        max_epochs=epochs,
        log_every_n_steps=1,
        enable_progress_bar=False,
        enable_model_summary=False,
        logger=RunLog(folder, first_step),
        callbacks=[watch, ExactResume(), LastCheckpoint(signals, minutes)],
    )
    trainer.fit(Line(), DataLoader(torch.arange(3.0), batch_size=1), ckpt_path=resume, weights_only=True)
    assert not signals.deferred
    return watch.seen


@pytest.mark.parametrize(("minutes", "seen"), [(0, [None] * 3 + [3] * 3), (1e-9, [None, 1, 2, 3, 4, 5])])
def test_saved_at_an_epochs_end_and_when_it_is_due(tmp_path, minutes, seen):
    assert fit(tmp_path, minutes) == seen
    assert torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)["global_step"] == 6


def test_minutes_below_zero_are_refused():
    with pytest.raises(ConfigError, match="checkpoint_minutes=-1"):
        LastCheckpoint(StopSignals(), -1)


def test_a_failed_write_leaves_the_checkpoint_of_before(tmp_path):
    path = tmp_path / "folder" / "last.ckpt"
    AtomicCheckpointIO().save_checkpoint({"step": 1}, path)
    with pytest.raises(AttributeError):  # a local function cannot be pickled
        AtomicCheckpointIO().save_checkpoint({"weights": torch.zeros(1000), "step": lambda: 2}, path)
    assert torch.load(path, weights_only=True) == {"step": 1}
    assert list(path.parent.iterdir()) == [path]


def test_metrics_go_on_without_the_rows_that_are_trained_again(tmp_path):
    def rows():
        with (tmp_path / "metrics.csv").open(newline="") as file:
            return [(int(row["step"]), float(row["loss"])) for row in csv.DictReader(file)]

    fit(tmp_path, 0, epochs=1)
    assert rows() == [(0, 0.0), (1, 1.0), (2, 2.0)]
    with (tmp_path / "metrics.csv").open("a") as file:  # of a process that died after the checkpoint was written
        file.write("1,9.0,3\n1,9.")
    fit(tmp_path, 0, first_step=3, resume=tmp_path / "checkpoints" / "last.ckpt")
    assert rows() == [(0, 0.0), (1, 1.0), (2, 2.0), (3, 0.0), (4, 1.0), (5, 2.0)]
    fit(tmp_path, 0, epochs=1)  # anew
    assert len(rows()) == 3
