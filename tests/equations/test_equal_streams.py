"""Where O = O' every norm has a gradient: a step stays finite when the style changes nothing and no dropout differs."""

import pytest
import torch
from one_step import FRAMES, SIZE, spread, take_step, tubes

from syrfa.models import Neck, StyleAugmentation, StyleDraw
from syrfa.modules import RealAdaptModule, SynthKnowledgeModule

TINY = {"width": 2, "frames": FRAMES, "size": SIZE}


@pytest.fixture(autouse=True)
def _nothing_differs(monkeypatch):
    def draw(self, joint, device):
        size = joint.size
        blocks = self.blocks
        return StyleDraw({n: torch.arange(size) for n in blocks}, {n: torch.zeros(size, 1, 1, 1, 1) for n in blocks})

    monkeypatch.setattr(StyleAugmentation, "draw", draw)
    monkeypatch.setattr(Neck, "draw_mask", lambda *args: None)


def all_finite(module):
    assert all(p.isfinite().all() for p in module.parameters())
    assert all(p.grad is None or p.grad.isfinite().all() for p in module.parameters())


@pytest.mark.parametrize("normalise", ["unit", "standardise"])
@pytest.mark.parametrize("norm", ["l2", "mse"])
def test_phase_one_is_finite(norm, normalise):
    torch.manual_seed(0)
    module = spread(SynthKnowledgeModule(**TINY, consistency_norm=norm, normalise=normalise))
    logged = take_step(module, tubes("normal", "abnormal", "puzzle"))
    assert logged["train/cont"] < 1e-5
    all_finite(module)
    assert all(p.grad is not None for p in module.parameters())


@pytest.mark.parametrize("norm", ["l2", "mse"])
def test_phase_two_is_finite(norm):
    torch.manual_seed(0)
    phase1 = SynthKnowledgeModule(**TINY, consistency_norm=norm)
    module = RealAdaptModule(
        knowledge={"class_path": "syrfa.modules.SynthKnowledgeModule", "init_args": phase1.settings()}
    )
    module.has_weights = True
    logged = take_step(spread(module), tubes("normal", "puzzle"))
    assert logged["train/cont"] < 1e-5
    all_finite(module)
