"""The stand-in for bfloat16 units against torch's own bfloat16 kernels, and against float64."""

import pytest
import torch
from bfloat16_kernels import Bfloat16Kernels
from torch.nn import functional as F

ULP = 2.0**-7  # between 1 and its neighbour in bfloat16


def operands(*shapes):
    torch.manual_seed(0)
    return [torch.randn(shape).bfloat16() for shape in shapes]


def convolution():
    x, w = operands((2, 3, 3, 6, 6), (4, 3, 3, 3, 3))
    x, w = x.requires_grad_(), w.requires_grad_()
    out = F.conv3d(x, w, padding=1)
    g = torch.ones_like(out)
    return [out, *torch.autograd.grad(out, (x, w), g)]


def linear():
    x, w, b = operands((5, 7), (3, 7), (3,))
    return [F.linear(x, w, b), x @ w.T]


@pytest.mark.parametrize("call", [convolution, linear])
def test_equals_torchs_kernels_but_for_rounding(call):
    expected = call()
    with Bfloat16Kernels() as mode:
        found = call()
    assert mode.replaced
    for a, b in zip(found, expected, strict=True):
        assert a.dtype == b.dtype == torch.bfloat16
        assert (a.float() - b.float()).abs().max() <= ULP * b.float().abs().max()


def test_is_the_exact_product_rounded_once():
    x, w = operands((2, 3, 3, 6, 6), (4, 3, 3, 3, 3))
    with Bfloat16Kernels():
        found = F.conv3d(x, w, padding=1)
    exact = F.conv3d(x.double(), w.double(), padding=1)
    # half a unit in the last place, and float32's own sum of 81 products
    assert ((found.double() - exact).abs() <= (ULP / 2 + 1e-4) * exact.abs() + 1e-4).all()


def test_inference_mode_runs_through_it_too():
    layers = [torch.nn.Conv3d(3, 4, 3), torch.nn.Conv2d(3, 4, 3), torch.nn.Linear(6, 4)]
    inputs = [torch.randn(2, 3, 3, 6, 6), torch.randn(2, 3, 6, 6), torch.randn(2, 6)]
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16), Bfloat16Kernels() as mode:
        for number, (layer, x) in enumerate(zip(layers, inputs, strict=True), 1):
            assert layer(x).dtype == torch.bfloat16
            assert mode.replaced == number


def test_float32_is_left_alone():
    x, w = (t.float() for t in operands((2, 3, 3, 6, 6), (4, 3, 3, 3, 3)))
    with Bfloat16Kernels() as mode:
        found = F.conv3d(x, w, padding=1)
    assert not mode.replaced
    assert torch.equal(found, F.conv3d(x, w, padding=1))


def test_autocast_runs_through_it_forwards_and_backwards():
    layer = torch.nn.Conv3d(3, 4, 3, padding=1)
    x = torch.randn(2, 3, 3, 6, 6)
    with Bfloat16Kernels() as mode:
        with torch.autocast("cpu", torch.bfloat16):
            out = layer(x)
        out.float().sum().backward()
    assert out.dtype == torch.bfloat16
    assert layer.weight.grad.dtype == torch.float32
    assert mode.replaced == 2
