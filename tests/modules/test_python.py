"""The modules from Python: our DataModule and Trainer, or a Trainer and any batches, without a command line."""

from pathlib import Path

import pytest
import torch
from lightning import Trainer

from syrfa.datasets import UBnormal, UCSDPed2
from syrfa.detection import AnnotationDetector, FileDetector
from syrfa.modules import RealAdaptModule, SynthKnowledgeModule, load_module
from syrfa.tubes.datamodule import TubeDataModule
from syrfa.tubes.source import TubeSource


@pytest.fixture
def options(tmp_path):
    return {
        "accelerator": "cpu",
        "max_epochs": 1,
        "default_root_dir": tmp_path,
        "enable_progress_bar": False,
        "num_sanity_val_steps": 0,
    }


def test_both_phases_on_our_datamodule(data_environment, tmp_path, options):
    world, street = data_environment / "demo-source", data_environment / "demo-target"
    source = TubeSource(UBnormal(world), AnnotationDetector())
    target = TubeSource(UCSDPed2(street), FileDetector(str(street / "detections" / "{split}.npz")))
    small = {"cache_root": str(tmp_path / "cache"), "batch_size": 2, "steps_per_epoch": 2, "prepare_workers": 1}

    data = TubeDataModule(source, target, **small)
    trainer = Trainer(**options)
    trainer.fit(SynthKnowledgeModule(width=2, size=16), datamodule=data)
    phase1 = trainer.checkpoint_callback.best_model_path
    assert SynthKnowledgeModule.load_from_checkpoint(phase1).trained_on[0]["dataset"] == "ubnormal"

    module = RealAdaptModule(phase1, lr_adapter=1e-2)
    trainer = Trainer(**options)
    trainer.fit(module, datamodule=TubeDataModule(source, target, train_on="target", validate_on="target", **small))
    trainer.test(module, datamodule=data)
    Path(phase1).unlink()
    again = RealAdaptModule.load_from_checkpoint(trainer.checkpoint_callback.best_model_path)
    assert [split["domain"] for split in again.trained_on] == ["source", "target"]
    scores = [torch.cat([out["score"] for out in trainer.predict(m, datamodule=data)]) for m in (module, again)]
    assert len(scores[0]) > 10
    assert torch.equal(*scores)


def test_any_batches_will_do(loader, evaluation, options):
    """Nothing is known of the data then, and the checkpoint says so."""
    module = SynthKnowledgeModule(width=2, frames=3, size=16)
    trainer = Trainer(**options)
    trainer.fit(module, loader(2), evaluation())
    assert trainer.test(module, evaluation(), ckpt_path="best") is not None
    again = load_module(trainer.checkpoint_callback.best_model_path)
    assert again.trained_on == []
    assert len(Trainer(**options).predict(again, evaluation())) == 2
