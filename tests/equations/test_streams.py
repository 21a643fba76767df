"""Eq. 1-3 and 12-16: both streams, block by block, against plain numpy."""

import naive_syrfa as naive
import numpy as np
import pytest
import torch

from syrfa.models import Extractor, ResidualAdditionalParameters, StyleAugmentation, TwoStreamExtractor

STYLES = {
    "swap": {},
    "swap-spatial": {"stats": "spatial"},
    "beta": {"mix": "beta", "alpha": 1.0},
    "beta-spatial": {"mix": "beta", "stats": "spatial", "alpha": 1.0},
    "block-1": {"blocks": (1,)},
    "block-2": {"blocks": (2,)},
    "released": {"mix": "beta", "stats": "spatial", "one_of": True, "alpha": 1.0},
}


class Pass:
    """A two-stream pass of a tiny network in training mode, and the naive one of the same weights and choices."""

    def __init__(self, style, adapter="none", **arguments):
        torch.manual_seed(1)
        network = (
            TwoStreamExtractor(Extractor(2, 3, 16), StyleAugmentation(**style), adapter, arguments).double().train()
        )
        with torch.no_grad():
            for parameter in network.adapters.parameters():
                parameter += torch.randn_like(parameter) / 4
        x = torch.rand(3, 3, 3, 16, 16, dtype=torch.float64)
        draw = network.draw(x)
        while any((order == torch.arange(3)).all() for order in draw.style.permutation.values()):
            draw = network.draw(x)

        behind = []  # what blocks 2 and 3 are given: the pairs behind blocks 1 and 2
        for block in network.extractor.blocks[1:]:
            block.register_forward_pre_hook(lambda _, inputs: behind.append(inputs[0].chunk(2)))
        last = network(x, draw)
        self.found = [*behind, last]

        weights = {f"network.{name}": value.detach().numpy() for name, value in network.named_parameters()}
        permutation = {n: order.tolist() for n, order in draw.style.permutation.items()}
        keep = {n: share.flatten().tolist() for n, share in draw.style.keep.items()}
        choices = naive.Choices(permutation, keep, draw.dropout.numpy())
        one, two, _, last = naive.streams(weights, x.numpy(), choices, style.get("stats") == "spatial")
        self.expected = [one, two, last]

    def check(self, number):
        for found, expected in zip(self.found[number - 1], self.expected[number - 1], strict=True):
            np.testing.assert_allclose(found.detach().numpy(), expected, rtol=0, atol=1e-9)


@pytest.fixture(scope="module", params=STYLES.values(), ids=STYLES)
def streams(request):
    return Pass(request.param)


class TestEq1To3:
    """O_n, O'_n = f_theta^n(O_{n-1}, O'_{n-1}), AdaIN behind blocks 1 and 2."""

    @pytest.mark.parametrize("number", [1, 2, 3])
    def test_equals_numpy(self, streams, number):
        streams.check(number)

    def test_the_streams_part(self, streams):
        clean, augmented = streams.expected[2]
        assert np.abs(clean - augmented).max() > 0.01


ADAPTERS = {"rap": {"adapter": "rap"}, **{f"ap-{n}": {"adapter": "ap", "depth": n} for n in (1, 2, 5)}}


@pytest.fixture(scope="module", params=ADAPTERS.values(), ids=ADAPTERS)
def adapted_streams(request):
    return Pass(STYLES["beta-spatial"], **request.param)


class TestEq12To15:
    """M^n = f_tau^n(f_theta^n(.)): one adapter for both streams, behind block and restyling."""

    @pytest.mark.parametrize("number", [1, 2, 3])
    def test_equals_numpy(self, adapted_streams, number):
        adapted_streams.check(number)


class TestEq16:
    """f_tau(r) = r w + r."""

    def test_equals_loop(self):
        torch.manual_seed(0)
        rap = ResidualAdditionalParameters((2, 3, 2, 2)).double()
        with torch.no_grad():
            rap.weight.normal_()
        r = torch.randn(2, 2, 3, 2, 2, dtype=torch.float64)
        out = rap(r)
        for place in np.ndindex(*r.shape):
            value, w = r[place].item(), rap.weight[place[1:]].item()
            assert abs(out[place].item() - (value * w + value)) < 1e-9
