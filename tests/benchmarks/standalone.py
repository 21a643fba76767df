"""Phase 1 without a Trainer, so that single steps can be timed."""

import torch

from syrfa.modules import SynthKnowledgeModule


class StandaloneModule(SynthKnowledgeModule):
    """Steps by itself: its own optimisers, nothing logged, `global_step` set by whoever steps it."""

    global_step = 0
    trainer = None

    def __init__(self, *args, **settings):
        super().__init__(*args, **settings)
        self._own = None

    def optimizers(self, use_pl_optimizer=True):
        del use_pl_optimizer
        if self._own is None:
            self._own = self.configure_optimizers()
            for optimiser in self._own:
                optimiser.optimizer = optimiser  # Lightning's wrapper has the bare one under this name
        return self._own

    def log(self, *args, **options):
        pass

    def log_dict(self, *args, **options):
        pass


def batch_of(tubes, frames=7, size=64, device="cpu"):
    """`tubes` normal, abnormal and puzzle tubes each, of noise: speed does not depend on what they show."""
    generator = torch.Generator().manual_seed(0)
    shape = (tubes, frames, size, size, 3)
    groups = ("normal", "abnormal", "puzzle")
    return {name: torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator).to(device) for name in groups}
