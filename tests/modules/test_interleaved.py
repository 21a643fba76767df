"""Both phases in turns: phase 1 as if alone, phase 2 on every K-th batch and on its own weights only."""

import pytest
import torch
from lightning import Callback

from syrfa.errors import ConfigError
from syrfa.modules import InterleavedModule

GROUPS = ("normal", "abnormal", "puzzle", "real", "real_puzzle")
FAST = {"lr": 1e-2, "lr_consistency": 1e-2, "lr_adapter": 1e-2, "lr_temporal": 1e-2, "seed": 4}


def interleaved(init=0, **settings):
    torch.manual_seed(init)
    return InterleavedModule(**{"width": 2, "frames": 3, "size": 16, **FAST, **settings})


class Movement(Callback):
    """After which batches the adapters had moved."""

    def __init__(self):
        self.moved, self.last = [], None

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
        now = torch.cat([p.detach().flatten() for p in module.network.adapters.parameters()])
        before = torch.zeros_like(now) if self.last is None else self.last
        if not torch.equal(now, before):
            self.moved.append(trainer.global_step)
        self.last = now.clone()


def test_phase_two_comes_after_every_kth_batch(loader, trainer):
    seen = Movement()
    fit = trainer(max_steps=7, callbacks=[seen])
    fit.fit(interleaved(adapt_every=3), loader(4, groups=GROUPS))
    assert seen.moved == [3, 6]
    assert fit.global_step == 7


def test_phase_one_is_as_if_alone(loader, trainer, synth):
    """Without the puzzle no weight of phase 1 is touched by phase 2; the adapters stay out of its passes."""
    options = {"lr": 1e-2, "lr_consistency": 1e-2, "seed": 4, "lambda_aux": 0.0, "style_mix": "beta"}
    alone, both = synth(0, **options), interleaved(0, **options, adapt_every=1, adapter="ap", adapter_args={"depth": 2})
    trainer(max_steps=4).fit(alone, loader(4, groups=GROUPS))
    trainer(max_steps=4).fit(both, loader(4, groups=GROUPS))
    for name, value in alone.state_dict().items():
        same = torch.equal(both.state_dict()[name], value)
        assert same != name.startswith("temporal"), name


def test_scores_run_through_the_adapters(evaluation):
    module = interleaved().eval()
    tubes = evaluation().dataset[0]["tubes"]
    before = module.score(tubes)
    with torch.no_grad():
        module.network.adapters[2].weight += torch.randn_like(module.network.adapters[2].weight)
    assert not torch.allclose(module.score(tubes), before)
    tested = module.test_step({"tubes": tubes, "row": torch.arange(len(tubes))}, 0)
    assert torch.equal(tested["score"], module.score(tubes))
    assert torch.equal(tested["unadapted"], before)


@pytest.mark.parametrize(("wrong", "said"), [({"adapt_every": 0}, "adapt_every"), ({"adapter": "none"}, "adapter")])
def test_what_cannot_adapt_is_refused(wrong, said):
    with pytest.raises(ConfigError, match=said):
        interleaved(**wrong)
