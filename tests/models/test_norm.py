"""Our instance normalisation against torch's, its derivatives against torch's and against finite differences."""

import pytest
import torch
from torch.func import jvp
from torch.nn import functional as F

from syrfa.models import InstanceNorm

SHAPES = [(2, 3, 3, 4, 5), (2, 3, 4, 5), (1, 1, 1, 2, 2)]


def example(shape):
    torch.manual_seed(0)
    return (5 + 3 * torch.randn(shape, dtype=torch.float64)).requires_grad_()


@pytest.mark.parametrize("shape", SHAPES)
def test_equals_torch(shape):
    x = example(shape)
    torch.testing.assert_close(InstanceNorm()(x), F.instance_norm(x), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_first_and_second_derivatives_equal_finite_differences(shape):
    x = example(shape)
    assert torch.autograd.gradcheck(InstanceNorm(), x, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(InstanceNorm(), x)


@pytest.mark.parametrize("shape", SHAPES)
def test_jvp_equals_torch(shape):
    x = example(shape).detach()
    t = torch.randn_like(x)
    found, expected = (jvp(f, (x,), (t,))[1] for f in (InstanceNorm(), F.instance_norm))
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)


def test_a_flat_map_is_zero_and_finite():
    x = torch.full((1, 2, 2, 4, 4), 0.7, requires_grad=True)
    out = InstanceNorm()(x)
    assert out.abs().max() < 1e-3
    (gradient,) = torch.autograd.grad(out.square().sum(), x)
    assert gradient.isfinite().all()


def test_a_faint_pattern_on_a_bright_map_survives_float32():
    """A mean of squares minus a squared mean would lose it."""
    torch.manual_seed(0)
    x = 1 + 1e-2 * torch.randn(1, 1, 7, 64, 64, dtype=torch.float64)
    expected = F.instance_norm(x)
    torch.testing.assert_close(InstanceNorm()(x.float()).double(), expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last_3d])
def test_the_memory_format_stays(layout):
    x = torch.randn(2, 4, 3, 4, 4).contiguous(memory_format=layout)
    assert InstanceNorm()(x).is_contiguous(memory_format=layout)


def test_bfloat16_has_statistics_of_float32():
    x = (100 + torch.randn(2, 3, 7, 16, 16)).bfloat16()
    found = InstanceNorm()(x)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), F.instance_norm(x.float()), rtol=1e-2, atol=1e-2)
