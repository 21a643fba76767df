"""Tiny settings, in-memory batches and a real Trainer for the tests of both phases."""

import warnings

import pytest
import torch
from lightning import Trainer
from torch.utils.data import DataLoader

from syrfa.modules import SynthKnowledgeModule

FRAMES, SIZE = 3, 16


@pytest.fixture(autouse=True)
def _quiet():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="lightning")
        warnings.filterwarnings("ignore", module="torch")
        yield


def _loader(count, seed=0, batch=4, channels=3, groups=("normal", "abnormal", "puzzle")):
    generator = torch.Generator().manual_seed(seed)

    def tubes():
        shape = (batch, FRAMES, SIZE, SIZE, channels)
        return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)

    return DataLoader([{group: tubes() for group in groups} for _ in range(count)], batch_size=None)


def _evaluation(count=2, seed=9, batch=3):
    batches = _loader(count, seed, batch, groups=("tubes",)).dataset
    for number, content in enumerate(batches):
        content["row"] = torch.arange(batch) + batch * number
    return DataLoader(batches, batch_size=None)


def _trainer(**options):
    plain = {
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    return Trainer(**{"accelerator": "cpu", "devices": 1, **plain, **options})


def _synth(init=0, **settings):
    torch.manual_seed(init)
    return SynthKnowledgeModule(**{"width": 2, "frames": FRAMES, "size": SIZE, **settings})


@pytest.fixture(scope="session")
def loader():
    """loader(count, seed, batch, channels, groups): the same training batches each time."""
    return _loader


@pytest.fixture(scope="session")
def evaluation():
    """evaluation(count): batches of `tubes` and `row`."""
    return _evaluation


@pytest.fixture(scope="session")
def trainer():
    """trainer(**options): a Trainer on the CPU that writes nothing of its own."""
    return _trainer


@pytest.fixture(scope="session")
def synth():
    """synth(init, **settings): a tiny phase-1 module whose first weights depend on `init`."""
    return _synth


@pytest.fixture(scope="session")
def knowledge_ckpt(tmp_path_factory):
    """A phase-1 checkpoint that a real fit wrote, with settings that are not the defaults."""
    path = tmp_path_factory.mktemp("knowledge") / "phase1.ckpt"
    module = _synth(5, lr=1e-3, lr_consistency=1e-2, consistency_bias=True, style_blocks=(1,), style_mix="beta")
    fit = _trainer(max_steps=3)
    fit.fit(module, _loader(3))
    fit.save_checkpoint(path)
    return path
