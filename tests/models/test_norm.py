"""Our instance normalisation against torch's, its derivatives against torch's and against finite differences."""

import pytest
import torch
from torch.func import jvp
from torch.nn import functional as F

from syrfa.models import InstanceNorm, norm

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


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last_3d])
def test_a_faint_pattern_on_a_bright_map_survives_float32(layout):
    """A mean of squares minus a squared mean would lose it; torch's kernels differ between memory formats in this."""
    torch.manual_seed(0)
    x = 1 + 1e-2 * torch.randn(1, 4, 7, 64, 64, dtype=torch.float64).contiguous(memory_format=layout)
    expected = F.instance_norm(x)
    torch.testing.assert_close(InstanceNorm()(x.float()).double(), expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("samples", [1, 2, 5])
def test_samples_taken_in_parts_equal_all_at_once(samples, monkeypatch):
    """Bit for bit: forwards, backwards and along a tangent."""
    torch.manual_seed(0)
    x, t = torch.randn(2, 5, 3, 2, 4, 4).unbind()
    monkeypatch.setattr(norm, "CACHED", samples * x[0].nbytes)
    in_parts = everything(x, t)
    monkeypatch.setattr(norm, "CACHED", 10 * x.nbytes)
    for found, expected in zip(in_parts, everything(x, t), strict=True):
        assert torch.equal(found, expected)


def everything(x, t):
    x = x.clone().requires_grad_()
    out = InstanceNorm()(x)
    return out, torch.autograd.grad(out, x, t)[0], jvp(InstanceNorm(), (x.detach(),), (t,))[1]


def test_an_empty_batch_stays_empty():
    x = torch.empty(0, 3, 2, 4, 4, requires_grad=True)
    out = InstanceNorm()(x)
    assert out.shape == x.shape
    assert torch.autograd.grad(out.sum(), x)[0].shape == x.shape


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last_3d])
def test_the_memory_format_stays(layout):
    x = torch.randn(2, 4, 3, 4, 4).contiguous(memory_format=layout)
    assert InstanceNorm()(x).is_contiguous(memory_format=layout)


def test_bfloat16_has_statistics_of_float32():
    x = (100 + torch.randn(2, 3, 7, 16, 16)).bfloat16()
    found = InstanceNorm()(x)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), F.instance_norm(x.float()), rtol=1e-2, atol=1e-2)


def test_export_takes_any_batch():
    x = torch.rand(2, 3, 2, 4, 4)
    with torch.no_grad():
        program = torch.export.export(InstanceNorm(), (x,), dynamic_shapes={"x": {0: torch.export.Dim.DYNAMIC}})
    more = torch.rand(5, 3, 2, 4, 4)
    torch.testing.assert_close(program.module()(more), InstanceNorm()(more))
