"""Adapters: formulas, shapes, identity at the start (Eq. 16)."""

import pytest
import torch

from syrfa.errors import ConfigError
from syrfa.models import (
    Adapter,
    Extractor,
    StyleAugmentation,
    TwoStreamExtractor,
    adapter_movement,
    build_adapters,
    register_adapter,
)


@register_adapter("low rank")
class LowRank(Adapter):
    def __init__(self, shape, rank=1):
        super().__init__(shape)
        self.up = torch.nn.Parameter(torch.zeros(shape[0], rank))
        self.down = torch.nn.Parameter(torch.randn(rank, shape[0]))

    def forward(self, r):
        return r + torch.einsum("cd,bd...->bc...", self.up @ self.down, r)

    def movement(self):
        return (self.up @ self.down).detach().flatten()


def test_rap_shapes_and_size_of_the_paper():
    adapters = build_adapters("rap", Extractor().block_shapes)
    shapes = [tuple(p.shape) for p in adapters.parameters()]
    assert shapes == [(32, 7, 32, 32), (64, 7, 16, 16), (64, 1, 8, 8)]
    assert sum(p.numel() for p in adapters.parameters()) == 348_160


def test_ap_size_of_the_published_script():
    adapters = build_adapters("ap", Extractor().block_shapes, depth=5)
    assert sum(p.numel() for p in adapters.parameters()) == 2 * 5 * 348_160 == 3_481_600
    assert [tuple(p.shape) for p in adapters[2].parameters()] == [(64, 1, 8, 8)] * 10


@pytest.mark.parametrize("name", ["rap", "ap", "none", "low rank"])
def test_untrained_adapters_change_nothing(name):
    torch.manual_seed(0)
    plain = TwoStreamExtractor(Extractor(2, 3, 16), StyleAugmentation()).eval()
    adapted = TwoStreamExtractor(plain.extractor, plain.style, name).eval()
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
    adapted = TwoStreamExtractor(plain.extractor, plain.style, "ap", {"depth": 5}).eval()
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


def test_an_adapter_of_ones_own_moves_like_ours():
    (adapter,) = build_adapters("low rank", [(3, 1, 2, 2)], rank=2)
    with torch.no_grad():
        adapter.up[0], adapter.down[:] = 0.5, 1.0
    assert adapter_movement(torch.nn.ModuleList([adapter])) == pytest.approx({"mean_abs": 1 / 3, "max_abs": 1.0})


def test_an_adapter_by_class_path(monkeypatch, tmp_path):
    (tmp_path / "own_adapter.py").write_text(
        "from syrfa.models import ResidualAdditionalParameters\nclass Mine(ResidualAdditionalParameters): pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match=r"own_adapter\.Mine lies outside syrfa; .* add --allow_import own_adapter"):
        build_adapters("own_adapter.Mine", [(1,)])
    monkeypatch.setenv("SYRFA_ALLOW_IMPORT", "own_adapter")
    assert type(build_adapters("own_adapter.Mine", [(1,)])[0]).__name__ == "Mine"
    with pytest.raises(ConfigError, match=r"own_adapter\.Other is no Adapter"):
        build_adapters("own_adapter.Other", [(1,)])


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("rab", {}, "choose rap, ap, .*none, or the class path"),
        ("ap", {"depth": 0}, "depth=0"),
        ("rap", {"depth": 2}, "adapter rap does not take them"),
        ("none", {"depth": 2}, "none takes none"),
        ("syrfa.models.Extractor", {}, "is no Adapter"),
    ],
)
def test_mistakes_are_refused(name, arguments, message):
    with pytest.raises(ConfigError, match=message):
        build_adapters(name, [(1, 1, 1, 1)], **arguments)
