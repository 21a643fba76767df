"""The gradient reversal layer: the identity forward, minus the coefficient times the gradient back."""

import pytest
import torch

from syrfa.models import GradientReversal


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


def test_a_path_around_the_layer_keeps_its_gradient():
    x = torch.ones(3, requires_grad=True)
    (3 * x + 2 * GradientReversal()(x, 0.25)).sum().backward()
    assert torch.equal(x.grad, torch.full((3,), 3 - 0.25 * 2))


def test_under_autocast_the_features_get_their_own_dtype_back():
    x = torch.randn(2, 4, requires_grad=True)
    head = torch.nn.Linear(4, 2)
    with torch.autocast("cpu", torch.bfloat16):
        head(GradientReversal()(x, 1.0)).sum().backward()
    assert x.grad.dtype == torch.float32
    torch.testing.assert_close(x.grad, -head.weight.sum(0).expand(2, 4), rtol=0.02, atol=0.02)
