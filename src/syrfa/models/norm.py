"""Instance normalisation for channels-last convolutions on a CPU.

torch's own makes channels-last maps contiguous, normalises and leaves them so; the next convolution turns them back,
which costs half as much as the convolution. Here the maps stay as they are.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.autograd.function import BackwardCFunction
from torch.nn import functional as F

EPSILON = 1e-5


class _Standardise(torch.autograd.Function):
    """x_hat and 1/deviation of x (B, C, ...); both are outputs, so that derivatives of any order exist."""

    @staticmethod
    def forward(x: Tensor) -> tuple[Tensor, Tensor]:
        dims = _space(x)
        x_hat = x - x.mean(dims, keepdim=True)
        scale = (x_hat.square().mean(dims, keepdim=True) + EPSILON).rsqrt()
        return x_hat.mul_(scale), scale

    @staticmethod
    def setup_context(ctx: BackwardCFunction, inputs: tuple[Tensor], output: tuple[Tensor, Tensor]) -> None:
        del inputs
        ctx.save_for_backward(*output)
        ctx.save_for_forward(*output)
        ctx.set_materialize_grads(False)

    @staticmethod
    def backward(ctx: BackwardCFunction, g: Tensor | None, g_scale: Tensor | None) -> Tensor | None:
        saved: Sequence[Tensor] = ctx.saved_tensors
        x_hat, scale = saved
        found = None if g is None else standardised_tangent(g, x_hat, scale)  # the map is its own transpose
        if g_scale is not None:
            count = x_hat[0, 0].numel()
            extra = -g_scale * scale.square() * x_hat / count
            found = extra if found is None else found + extra
        return found

    @staticmethod
    def jvp(ctx: BackwardCFunction, t: Tensor) -> tuple[Tensor, Tensor]:
        saved: Sequence[Tensor] = ctx.saved_tensors
        x_hat, scale = saved
        return standardised_tangent(t, x_hat, scale), -scale.square() * (x_hat * t).mean(_space(t), keepdim=True)


def standardise(x: Tensor) -> tuple[Tensor, Tensor]:
    """x_hat and 1/deviation, (B, C, ...) and (B, C, 1, ...), float32 or wider, of x (B, C, ...).

    x_hat has mean 0 and deviation 1 in every channel of every sample.
    """
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    if not torch.is_grad_enabled():
        return _Standardise.forward(wide)  # plain operations, which tracing and export understand
    x_hat, scale = _Standardise.apply(wide)
    return x_hat, scale


def standardised_tangent(t: Tensor, x_hat: Tensor, scale: Tensor) -> Tensor:
    """The derivative of x_hat along t, all of one shape, `scale` the inverse deviation; also the transposed map."""
    dims = _space(t)
    along = (t * x_hat).mean(dims, keepdim=True)
    found = (t - t.mean(dims, keepdim=True)).addcmul_(x_hat, along, value=-1)
    # in place where no derivative of this is wanted: a fresh map costs a CPU more than the product in it
    return found * scale if torch.is_grad_enabled() else found.mul_(scale)


def _space(x: Tensor) -> tuple[int, ...]:
    return tuple(range(2, x.ndim))


class InstanceNorm(nn.Module):
    """Every channel of every sample to mean 0 and deviation 1; no parameters, no running statistics."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, ...) standardised over all that follows C; statistics of bfloat16 maps are float32."""
        if x.is_cuda:
            return F.instance_norm(x, eps=EPSILON)
        return standardise(x)[0].to(x.dtype)
