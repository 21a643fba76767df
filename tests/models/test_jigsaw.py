"""The stage-0 network: sizes, and which logits belong to which piece."""

import pytest
import torch

from syrfa.errors import ConfigError
from syrfa.models import Extractor, JigsawNetwork, PuzzleHead


def count(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize("frames", [7, 9])
def test_parameter_counts_of_the_published_network(frames):
    network = JigsawNetwork(Extractor(32, frames, 64))
    assert count(network.extractor) == 454_240
    assert count(network.temporal) == 1024 * 512 + 512 + 512 * frames**2 + frames**2
    assert count(network.spatial) == 1024 * 512 + 512 + 512 * 81 + 81
    assert count(network) == sum(map(count, (network.extractor, network.temporal, network.spatial)))


def test_head_row_i_belongs_to_piece_i():
    head = PuzzleHead(4, 5, 3).double()
    o = torch.randn(2, 4, dtype=torch.float64)
    logits = head(o)
    assert logits.shape == (2, 3, 3)
    for b in range(2):
        hidden = [max(0.0, (o[b] @ w + c).item()) for w, c in zip(head[0].weight, head[0].bias, strict=True)]
        for piece in range(3):
            for place in range(3):
                row = head[2].weight[3 * piece + place].tolist()
                expected = sum(h * w for h, w in zip(hidden, row, strict=True)) + head[2].bias[3 * piece + place]
                assert logits[b, piece, place].item() == pytest.approx(expected.item(), abs=1e-12)


def test_both_heads_read_the_same_features():
    network = JigsawNetwork(Extractor(2, 3, 16), hidden=6).eval()
    x = torch.rand(2, 3, 3, 16, 16)
    temporal, spatial = network(x)
    features = network.extractor(x)
    assert temporal.shape == (2, 3, 3)
    assert spatial.shape == (2, 9, 9)
    assert torch.equal(temporal, network.temporal(features))
    assert torch.equal(spatial, network.spatial(features))


def test_a_head_without_units_is_refused():
    with pytest.raises(ConfigError, match="hidden is 0"):
        JigsawNetwork(Extractor(2, 3, 16), hidden=0)
