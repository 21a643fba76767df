"""Trains tiny modules as one of several processes, or alone on the batch that they hold together; a script.

    python ranks.py FOLDER KNOWLEDGE_CKPT CASES_JSON      (under torchrun, or by itself)

Each process writes the gradients of every step and its last weights to FOLDER/<case>-<rank>of<processes>.pt.
"""

import json
import os
import sys
from pathlib import Path

import torch
from lightning import Callback, Trainer, seed_everything
from torch.utils.data import DataLoader

from syrfa import modules
from syrfa.modules import RealAdaptModule
from syrfa.modules.steps import processes

FRAMES, SIZE, EACH, STEPS, WORLD = 3, 16, 4, 3, 2
GROUPS = ("normal", "abnormal", "puzzle", "real", "real_puzzle")


class Gradients(Callback):
    """Keeps every parameter's gradient of every step; a parameter that got none in a step has None there."""

    def __init__(self):
        self.steps = []

    def on_train_batch_start(self, trainer, module, *_):
        for parameter in module.parameters():
            parameter.grad = None

    def on_train_batch_end(self, trainer, module, *_):
        self.steps.append({n: None if p.grad is None else p.grad.clone() for n, p in module.named_parameters()})


def batches(rank, world):
    """The part of `rank` of every joint batch."""
    generator = torch.Generator().manual_seed(5)
    shape = (WORLD * EACH, FRAMES, SIZE, SIZE, 3)
    mine = slice(rank * WORLD * EACH // world, (rank + 1) * WORLD * EACH // world)
    return [
        {group: torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)[mine] for group in GROUPS}
        for _ in range(STEPS)
    ]


def train(folder, checkpoint, case, name, settings):
    torch.set_default_dtype(torch.float32)
    seed_everything(1, verbose=False)
    if name == "RealAdaptModule":
        module = RealAdaptModule(checkpoint, **settings)
    else:
        module = getattr(modules, name)(width=2, frames=FRAMES, size=SIZE, **settings)
    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    kept = Gradients()
    trainer = Trainer(
        accelerator="cpu",
        devices=world,
        strategy="ddp" if world > 1 else "auto",
        precision="64-true",
        max_steps=STEPS,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        callbacks=[kept],
    )
    trainer.fit(module, DataLoader(batches(rank, world), batch_size=None))
    assert processes() == world
    torch.save({"steps": kept.steps, "weights": module.state_dict()}, Path(folder) / f"{case}-{rank}of{world}.pt")


if __name__ == "__main__":
    torch.set_num_threads(1)
    for case, (name, settings) in json.loads(sys.argv[3]).items():
        train(sys.argv[1], sys.argv[2], case, name, settings)
