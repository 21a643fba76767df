"""The benchmark's reference computes what the training step computes: it is slower, not different."""

import copy

import pytest
import torch
from published_order import PublishedOrder
from standalone import StandaloneModule, batch_of

OPTIONS = [
    {},
    {"style_mix": "beta", "style_stats": "spatial", "consistency_depth": 3, "consistency_bias": True},
    {"preset": "released", "recompute": False, "train_temporal_head": True},
]


def pair(**options):
    """Our module and the reference, same weights, float64; at lr 0 the reference's first update changes nothing."""
    torch.manual_seed(0)
    module = StandaloneModule(width=2, frames=3, size=16, lr=0.0, **options).double().train()
    with torch.no_grad():
        for parameter in module.consistency.parameters():
            parameter += 0.3 * torch.randn_like(parameter)
    return module, PublishedOrder(copy.deepcopy(module))


@pytest.mark.parametrize("options", OPTIONS, ids=["paper", "beta", "released"])
def test_the_head_gradients_are_equal(options):
    module, reference = pair(**options)
    batch = batch_of(4, 3, 16)
    torch.manual_seed(1)
    module.training_step(batch, 0)
    torch.manual_seed(1)
    x = module.to_input(torch.cat([batch["normal"], batch["abnormal"]]))
    _, expected = reference.head_gradient(x, torch.tensor([0] * 4 + [1] * 4), reference.module.network.draw(x))
    for parameter, gradient in zip(module.consistency.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-9, atol=1e-9)
        assert gradient.abs().max() > 1e-4


@pytest.mark.parametrize("options", OPTIONS, ids=["paper", "beta", "released"])
def test_the_gradients_of_the_total_are_equal(options):
    module, reference = pair(**options)
    batch = batch_of(4, 3, 16)
    for step in (lambda: module.training_step(batch, 0), lambda: reference.step(batch)):
        torch.manual_seed(1)
        step()
    names = dict(module.named_parameters())
    for name, parameter in reference.module.named_parameters():
        if not name.startswith("consistency"):
            torch.testing.assert_close(names[name].grad, parameter.grad, rtol=1e-9, atol=1e-9, msg=name)
