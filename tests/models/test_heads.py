"""The heads on O."""

import pytest
import torch

from syrfa.errors import ConfigError
from syrfa.models import Classifier, ConsistencyHead, DomainClassifier, GradientReversal


def test_classifier_is_an_affine_map_to_two_logits():
    head = Classifier(5)
    assert head(torch.zeros(3, 5)).shape == (3, 2)
    assert torch.equal(head(torch.zeros(1, 5))[0], head.bias)


@pytest.mark.parametrize("depth", [1, 3, 10])
@pytest.mark.parametrize("bias", [False, True])
def test_consistency_head_starts_as_the_identity(depth, bias):
    head = ConsistencyHead(6, depth, bias)
    d = torch.randn(2, 6)
    assert torch.equal(head(d), d)
    assert sum(p.numel() for p in head.parameters()) == 6 * depth * (2 if bias else 1)


def test_consistency_head_of_the_paper_has_1024_entries():
    assert sum(p.numel() for p in ConsistencyHead(1024).parameters()) == 1024


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


# --- the gradient reversal layer: the identity forward, minus the coefficient times the gradient back


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("coefficient", [0.0, 0.5, 1.0, 3.0])
def test_forward_is_the_identity_and_backward_the_reverse(dtype, coefficient):
    x = torch.randn(4, 3, 2, requires_grad=True).to(dtype).detach().requires_grad_()
    out = GradientReversal()(x, coefficient)
    assert torch.equal(out, x)
    assert out.dtype == dtype
    arriving = torch.randn(4, 3, 2).to(dtype)
    (found,) = torch.autograd.grad(out, x, arriving)
    assert found.dtype == dtype
    assert torch.equal(found, -coefficient * arriving)


def test_against_finite_differences_of_the_loss_behind_it():
    torch.manual_seed(0)
    x, weight = torch.randn(5, dtype=torch.float64), torch.randn(5, dtype=torch.float64)

    def loss(x, weight):
        return (x * weight).sin().sum()

    first, head = x.clone().requires_grad_(), weight.clone().requires_grad_()
    loss(GradientReversal()(first, 0.7), head).backward()
    for number in range(5):
        step = torch.zeros(5, dtype=torch.float64)
        step[number] = 1e-6
        of_x = (loss(x + step, weight) - loss(x - step, weight)) / 2e-6
        of_weight = (loss(x, weight + step) - loss(x, weight - step)) / 2e-6
        assert first.grad[number].item() == pytest.approx(-0.7 * of_x.item(), abs=1e-8)
        assert head.grad[number].item() == pytest.approx(of_weight.item(), abs=1e-8)  # what is behind is not reversed


def test_under_autocast_the_features_get_their_own_dtype_back():
    x = torch.randn(2, 4, requires_grad=True)
    head = torch.nn.Linear(4, 2)
    with torch.autocast("cpu", torch.bfloat16):
        head(GradientReversal()(x, 1.0)).sum().backward()
    assert x.grad.dtype == torch.float32
    torch.testing.assert_close(x.grad, -head.weight.sum(0).expand(2, 4), rtol=0.02, atol=0.02)
