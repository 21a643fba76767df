"""One training step of a tiny module under a real Trainer, with every random choice written down."""

from dataclasses import dataclass, field

import numpy as np
import torch
from lightning import Trainer
from naive_syrfa import Choices
from torch.utils.data import DataLoader

from syrfa.models import Neck, StyleAugmentation
from syrfa.modules import steps as terms

FRAMES, SIZE, BATCH = 3, 16, 2


@dataclass
class Record:
    """What was drawn, in order, as arrays."""

    styles: list = field(default_factory=list)
    masks: list = field(default_factory=list)
    orders: list = field(default_factory=list)

    def watch(self, monkeypatch):
        """Notes the result of every draw from now on."""

        def noting(function, into, read):
            def wrapped(*args):
                drawn = function(*args)
                into.append(read(drawn))
                return drawn

            return wrapped

        def style(drawn):
            keep = {n: k.double().flatten().numpy() for n, k in drawn.keep.items()}
            return {n: p.numpy() for n, p in drawn.permutation.items()}, keep

        monkeypatch.setattr(StyleAugmentation, "draw", noting(StyleAugmentation.draw, self.styles, style))

        def mask(drawn):
            return None if drawn is None else drawn.double().numpy()

        monkeypatch.setattr(Neck, "draw_mask", noting(Neck.draw_mask, self.masks, mask))
        monkeypatch.setattr(terms, "draw_order", noting(terms.draw_order, self.orders, lambda drawn: drawn.numpy()))
        return self

    def choices(self, style, mask):
        """Those of the two-stream pass that drew style and dropout number `style` and `mask`."""
        return Choices(*self.styles[style], self.masks[mask])


def named(module):
    """The weights by name; phase 2's are phase 1's and adapters."""
    return [(name.removeprefix("phase1."), parameter) for name, parameter in module.named_parameters()]


def arrays(module):
    """The weights by name."""
    return {name: value.detach().double().numpy().copy() for name, value in named(module)}


def tubes(*groups, seed=0):
    """A batch of uint8 tubes a group."""
    generator = np.random.default_rng(seed)
    shape = (BATCH, FRAMES, SIZE, SIZE, 3)
    return {group: torch.from_numpy(generator.integers(0, 256, shape, np.uint8)) for group in groups}


def pixels(stored):
    """The network's input, of which docs/method.md says uint8 divided by 255, in float32."""
    return np.moveaxis(stored.numpy().astype(np.float32) / np.float32(255), 4, 1).astype(np.float64)


def spread(module, scale=0.3):
    """Moves the heads and adapters off their initial values, where some gradients vanish."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, parameter in named(module):
            if not name.startswith("network.extractor"):
                parameter += scale * torch.randn(parameter.shape, generator=generator)
    return module


def take_step(module, batch):
    """One batch in float64; what was logged."""
    trainer = Trainer(
        accelerator="cpu",
        devices=1,
        max_steps=1,
        precision="64-true",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, DataLoader([batch], batch_size=None))
    return {name: value.item() for name, value in trainer.callback_metrics.items()}


def some_places(array, count=3, seed=0):
    """A few places of an array, at random."""
    generator = np.random.default_rng(seed)
    chosen = generator.choice(array.size, min(count, array.size), replace=False)
    return [np.unravel_index(i, array.shape) for i in chosen]
