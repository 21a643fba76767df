"""The heads on O."""

import pytest
import torch

from syrfa.errors import ConfigError
from syrfa.models import Classifier, ConsistencyHead, DomainClassifier, TemporalHead


def test_classifier_is_an_affine_map_to_two_logits():
    head = Classifier(5)
    assert head(torch.zeros(3, 5)).shape == (3, 2)
    assert torch.equal(head(torch.zeros(1, 5))[0], head.bias)


def test_temporal_head_row_i_belongs_to_frame_i():
    head = TemporalHead(4, 3).double()
    o = torch.randn(2, 4, dtype=torch.float64)
    logits = head(o)
    assert logits.shape == (2, 3, 3)
    for frame in range(3):
        for position in range(3):
            row = frame * 3 + position
            expected = o @ head.linear.weight[row] + head.linear.bias[row]
            torch.testing.assert_close(logits[:, frame, position], expected)


@pytest.mark.parametrize("depth", [1, 3, 10])
@pytest.mark.parametrize("bias", [False, True])
def test_consistency_head_starts_as_the_identity(depth, bias):
    head = ConsistencyHead(6, depth, bias)
    d = torch.randn(2, 6)
    assert torch.equal(head(d), d)
    assert sum(p.numel() for p in head.parameters()) == 6 * depth * (2 if bias else 1)


def test_consistency_head_of_the_paper_has_1024_entries():
    assert sum(p.numel() for p in ConsistencyHead(1024).parameters()) == 1024


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("relu", [False, True])
def test_consistency_head_equals_naive_loop(bias, relu):
    torch.manual_seed(0)
    head = ConsistencyHead(3, 4, bias, relu).double()
    with torch.no_grad():
        for parameter in head.parameters():
            parameter.normal_()
    d = torch.randn(2, 3, dtype=torch.float64)
    out = head(d)
    for b in range(2):
        for i in range(3):
            value = d[b, i].item()
            for layer in range(4):
                if relu and layer:
                    value = max(value, 0.0)
                value *= head.scale[layer, i].item()
                value += head.bias[layer, i].item() if bias else 0.0
            assert out[b, i].item() == pytest.approx(value, rel=1e-12, abs=1e-12)


def test_depth_zero_is_refused():
    with pytest.raises(ConfigError, match="depth"):
        ConsistencyHead(3, 0)


@pytest.mark.parametrize(("depth", "hidden", "count"), [(0, 7, 12), (1, 7, 42 + 16), (2, 7, 42 + 56 + 16)])
def test_domain_classifier_equals_naive_layers(depth, hidden, count):
    torch.manual_seed(0)
    head = DomainClassifier(5, depth, hidden).double()
    assert sum(p.numel() for p in head.parameters()) == count
    x = torch.randn(3, 5, dtype=torch.float64)
    expected = x
    weights = list(head.parameters())
    for layer in range(depth + 1):
        expected = expected @ weights[2 * layer].T + weights[2 * layer + 1]
        if layer < depth:
            expected = expected.clamp(min=0)
    torch.testing.assert_close(head(x), expected)


def test_default_domain_classifier_is_smaller_than_the_extractor():
    assert sum(p.numel() for p in DomainClassifier(1024).parameters()) == 1024 * 100 + 100 + 202


@pytest.mark.parametrize("wrong", [{"depth": -1}, {"hidden": 0}])
def test_a_domain_classifier_of_nothing_is_refused(wrong):
    with pytest.raises(ConfigError, match="domain classifier"):
        DomainClassifier(3, **wrong)
