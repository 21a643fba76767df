"""Both phases in turns: phase 1 as if alone, phase 2 on every K-th batch and on its own weights only."""

import copy

import pytest
import torch
from lightning import Callback
from torch.nn import functional as F

from syrfa.errors import ConfigError
from syrfa.losses import draw_order
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


def test_a_step_of_phase_two_equals_one_by_hand(loader, trainer):
    settings = {"lambda_adapt_cont": 0.7, "lambda_adapt_aux": 0.3, "lambda_aux": 0.0}
    batch = loader(1, groups=GROUPS).dataset[0]
    module = interleaved(adapt_every=1, **settings)
    expected = copy.deepcopy(module).double().train()
    phase1 = interleaved(adapt_every=2, **settings)  # one batch of phase 1 alone: the weights that phase 2 meets
    for each in (module, phase1):
        trainer(max_steps=1, precision="64-true").fit(each, loader(1, groups=GROUPS))
    expected.load_state_dict(phase1.state_dict())
    network = expected.network
    torch.set_default_dtype(torch.float64)  # Lightning's 64-true does the same around a step; draws depend on it
    try:
        torch.manual_seed(4 * 1_000_003 * 65_537)
        pixels = {k: (v.permute(0, 4, 1, 2, 3).float() / 255).double() for k, v in batch.items()}
        network.draw(torch.cat([pixels["normal"], pixels["abnormal"]]))  # what phase 1 drew before
        network.extractor.eval()
        clean, augmented = network(pixels["real"], network.draw(pixels["real"]))
        order = draw_order(4, 3, torch.device("cpu"))
    finally:
        torch.set_default_dtype(torch.float32)
    l_cont = (expected.consistency.scale * (clean - augmented)).pow(2).sum(1).add(1e-12).sqrt().mean()
    frames = torch.stack([pixels["real_puzzle"][b][:, order[b]] for b in range(4)])
    logits = expected.temporal(network.clean(frames))
    l_aux = F.nll_loss(logits.log_softmax(-1).flatten(0, 1), order.flatten())
    parameters = [*network.adapters.parameters(), *expected.temporal.parameters()]
    gradients = torch.autograd.grad(0.7 * l_cont + 0.3 * l_aux, parameters)
    for parameter, gradient in zip([*module.network.adapters.parameters()], gradients, strict=False):
        torch.testing.assert_close(parameter.grad, gradient, rtol=0, atol=1e-9)
    found = [p.grad for p in module.temporal.parameters()]
    for one, other in zip(found, gradients[-2:], strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-9)
    assert all(g.abs().max() > 1e-6 for g in gradients)
    extractor = module.network.extractor
    assert extractor.training  # phase 1 goes on with dropout
    for name, value in extractor.state_dict().items():
        assert torch.equal(value, phase1.network.extractor.state_dict()[name]), name


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


def test_settings_rebuild_the_module():
    module = interleaved(preset="released", adapt_every=5)
    settings = module.settings()
    assert (settings["adapter"], settings["adapter_args"], settings["adapt_every"]) == ("ap", {"depth": 5}, 5)
    assert (settings["style_mix"], settings["consistency_depth"], settings["width"]) == ("beta", 10, 2)
    assert InterleavedModule(**settings).settings() == settings
    assert module.adapter_report() == {"name": "ap", "lr": 1e-2, "mean_abs": 0.0, "max_abs": 0.0}


@pytest.mark.parametrize(("wrong", "said"), [({"adapt_every": 0}, "adapt_every"), ({"adapter": "none"}, "adapter")])
def test_what_cannot_adapt_is_refused(wrong, said):
    with pytest.raises(ConfigError, match=said):
        interleaved(**wrong)
