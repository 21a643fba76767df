"""Adapters: formulas, shapes, identity at the start (Eq. 16)."""

import pytest
import torch

from syrfa.errors import ConfigError
from syrfa.models import (
    AdaptiveParameters,
    Extractor,
    ResidualAdditionalParameters,
    StyleAugmentation,
    TwoStreamExtractor,
    adapter_movement,
    build_adapters,
)


def fill(module):
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_()


def test_rap_shapes_and_size_of_the_paper():
    adapters = build_adapters("rap", Extractor().block_shapes)
    shapes = [tuple(p.shape) for p in adapters.parameters()]
    assert shapes == [(32, 7, 32, 32), (64, 7, 16, 16), (64, 1, 8, 8)]
    assert sum(p.numel() for p in adapters.parameters()) == 348_160


def test_ap_size_of_the_published_script():
    adapters = build_adapters("ap", Extractor().block_shapes, depth=5)
    assert sum(p.numel() for p in adapters.parameters()) == 2 * 5 * 348_160 == 3_481_600
    assert [tuple(p.shape) for p in adapters[2].parameters()] == [(64, 1, 8, 8)] * 10


def test_rap_formula():
    rap = ResidualAdditionalParameters((2, 3, 4, 5)).double()
    fill(rap)
    r = torch.randn(2, 2, 3, 4, 5, dtype=torch.float64)
    out = rap(r)
    for place in [(0, 0, 0, 0, 0), (1, 1, 2, 3, 4), (0, 1, 2, 0, 3)]:
        assert out[place].item() == pytest.approx(r[place].item() * (1 + rap.weight[place[1:]].item()), rel=1e-12)


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_ap_formula(depth):
    ap = AdaptiveParameters((1, 1, 1, 3), depth).double()
    fill(ap)
    r = torch.randn(4, 1, 1, 1, 3, dtype=torch.float64)
    out = ap(r)
    for b in range(4):
        for i in range(3):
            value = r[b, 0, 0, 0, i].item()
            for layer in range(depth):
                if layer:
                    value = max(value, 0.0)
                value = value * ap.scale[layer][0, 0, 0, i].item() + ap.bias[layer][0, 0, 0, i].item()
            assert out[b, 0, 0, 0, i].item() == pytest.approx(value, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(("name", "depth"), [("rap", 1), ("ap", 1), ("none", 1)])
def test_untrained_adapters_change_nothing(name, depth):
    torch.manual_seed(0)
    plain = TwoStreamExtractor(Extractor(2, 3, 16), StyleAugmentation()).eval()
    adapted = TwoStreamExtractor(plain.extractor, plain.style, name, depth).eval()
    x = torch.rand(3, 3, 3, 16, 16)
    assert torch.equal(plain.clean(x), adapted.clean(x))
    draw = plain.draw(x)
    for one, other in zip(plain(x, draw), adapted(x, draw), strict=True):
        assert torch.equal(one, other)
    assert adapter_movement(adapted.adapters) == {"mean_abs": 0.0, "max_abs": 0.0}


def test_an_untrained_deep_ap_changes_the_restyled_stream_alone():
    """Its ReLUs cut what restyling made negative; a block's own output is never negative."""
    torch.manual_seed(0)
    plain = TwoStreamExtractor(Extractor(2, 3, 16), StyleAugmentation()).eval()
    adapted = TwoStreamExtractor(plain.extractor, plain.style, "ap", 5).eval()
    x = torch.rand(3, 3, 3, 16, 16)
    draw = plain.draw(x)
    (clean, augmented), (adapted_clean, adapted_augmented) = plain(x, draw), adapted(x, draw)
    assert torch.equal(clean, adapted_clean)
    assert not torch.equal(augmented, adapted_augmented)


@pytest.mark.parametrize(("gain", "tolerance"), [(1.0, 1e-3), (10.0, 1e-5)])
def test_instance_norm_cancels_a_uniform_rap(gain, tolerance):
    """w = 0 and w = 1 agree, up to InstanceNorm's epsilon beside the convolutions' variance."""
    torch.manual_seed(0)
    network = TwoStreamExtractor(Extractor(4, 3, 16), StyleAugmentation(), "rap").double().eval()
    x = torch.rand(2, 3, 3, 16, 16, dtype=torch.float64)
    with torch.no_grad():
        for parameter in network.extractor.parameters():
            parameter *= gain
        before = network.clean(x)
        for adapter in network.adapters:
            adapter.weight.fill_(1)
        after = network.clean(x)
        network.adapters[0].weight.normal_()
        other = network.clean(x)
    assert (before - after).abs().max() < tolerance
    assert (before - other).abs().max() > 0.1  # whereas a RAP that is not uniform does change the output


def test_movement_measures_the_distance_from_the_identity():
    rap = build_adapters("rap", [(1, 1, 1, 2), (1, 1, 1, 2)])
    with torch.no_grad():
        rap[0].weight.copy_(torch.tensor([0.5, -1.5]).view(1, 1, 1, 2))
    assert adapter_movement(rap) == {"mean_abs": 0.5, "max_abs": 1.5}
    ap = build_adapters("ap", [(1, 1, 1, 1)])
    with torch.no_grad():
        ap[0].scale[0].fill_(0.5)
        ap[0].bias[0].fill_(0.25)
    assert adapter_movement(ap) == {"mean_abs": 0.375, "max_abs": 0.5}


def test_mistakes_are_refused():
    with pytest.raises(ConfigError, match="choose rap, ap or none"):
        build_adapters("rab", [])
    with pytest.raises(ConfigError, match="depth"):
        AdaptiveParameters((1,), 0)
