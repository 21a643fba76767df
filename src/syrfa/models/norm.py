"""Instance normalisation for channels-last convolutions on a CPU, and the trace of a pass for its derivative.

torch's own makes channels-last maps contiguous, and the next convolution turns them back, which costs half as much as
the convolution. Here the maps stay as they are. (torch's group normalisation keeps them too, but subtracts a squared
mean from a mean of squares in float32, which loses a faint pattern on a bright map.)
"""

from collections.abc import Iterator, Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.autograd.function import BackwardCFunction
from torch.nn import functional as F

EPSILON = 1e-5
CACHED = 2 * 2**20  # bytes: of 0.5 to 8 MiB the fastest, forwards and backwards


class _Standardise(torch.autograd.Function):
    """x_hat and 1/deviation of x (B, C, ...); both are outputs, so that derivatives of any order exist."""

    @staticmethod
    def forward(x: Tensor) -> tuple[Tensor, Tensor]:
        dims = _space(x)
        x_hat, scale = torch.empty_like(x), x.new_empty([*x.shape[:2], *[1] * len(dims)])
        for part in _parts(x):
            centred = torch.sub(x[part], x[part].mean(dims, keepdim=True), out=x_hat[part])
            torch.rsqrt(centred.square().mean(dims, keepdim=True).add_(EPSILON), out=scale[part])
            centred.mul_(scale[part])
        return x_hat, scale

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
    """x_hat and 1/deviation, (B, C, ...) and (B, C, 1, ...), float32 or wider, of every channel of x (B, C, ...)."""
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    if torch.compiler.is_compiling() and not torch.is_grad_enabled():
        return _Standardise.forward(wide)  # plain operations, which export understands
    x_hat, scale = _Standardise.apply(wide)
    return x_hat, scale


def standardised_tangent(t: Tensor, x_hat: Tensor, scale: Tensor) -> Tensor:
    """The derivative of x_hat along t, all of one shape, `scale` the inverse deviation; also the transposed map."""
    dims = _space(t)
    if torch.is_grad_enabled():  # a derivative of this may be wanted
        along = (t * x_hat).mean(dims, keepdim=True)
        return (t - t.mean(dims, keepdim=True) - x_hat * along) * scale
    found = torch.empty_like(x_hat)
    for part in _parts(x_hat):
        along = (t[part] * x_hat[part]).mean(dims, keepdim=True)
        torch.sub(t[part], t[part].mean(dims, keepdim=True), out=found[part])
        found[part].addcmul_(x_hat[part], along, value=-1).mul_(scale[part])
    return found


def _parts(x: Tensor) -> list[slice]:
    """Whole samples of x that a CPU's cache holds together; all of x on another device, and for a compiler."""
    if not x.is_cpu or torch.compiler.is_compiling():
        return [slice(None)]
    step = max(1, CACHED // max(1, x[:1].numel() * x.element_size()))
    return [slice(first, first + step) for first in range(0, len(x), step)]


def _space(x: Tensor) -> tuple[int, ...]:
    return tuple(range(2, x.ndim))


class InstanceNorm(nn.Module):
    """Every channel of every sample to mean 0 and deviation 1; no parameters, no running statistics."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, ...) standardised over all that follows C; statistics of bfloat16 maps are float32."""
        if x.is_cuda:
            return F.instance_norm(x, eps=EPSILON)
        return standardise(x)[0].to(x.dtype)


class Trace:
    """The standardised convolutions of one pass, in order: filled by the first pass, read by every later one.

    The forward-mode product J u of the alignment step needs the derivative of a function whose value the step already
    has. A pass that reads the trace computes only that derivative, along (t, dW), t the tangent of a convolution's
    input and dW that of its weight: d(x * W) = t * W + x * dW, then the derivative of the standardisation at the known
    x_hat and deviation. All other layers cost little and are left to `torch.func.jvp`.
    """

    def __init__(self) -> None:
        self._kept: list[tuple[Tensor, Tensor]] = []
        self._replay: Iterator[tuple[Tensor, Tensor]] | None = None

    def rewind(self) -> None:
        """The next pass reads."""
        self._replay = iter(self._kept)

    def standardised(self, conv: nn.Conv3d, x: Tensor) -> Tensor:
        """InstanceNorm(conv(x)), of conv's dtype."""
        if self._replay is not None:
            return cast(Tensor, _Known.apply(x, conv.weight, *next(self._replay))).to(x.dtype)
        out = conv(x)
        x_hat, scale = standardise(out)
        self._kept.append((x_hat.detach(), scale.detach()))
        return x_hat.to(out.dtype)


class _Known(torch.autograd.Function):
    """A standardised convolution (kernel 3, padding 1) whose value x_hat and inverse deviation are known."""

    @staticmethod
    def forward(x: Tensor, weight: Tensor, x_hat: Tensor, scale: Tensor) -> Tensor:
        del x, weight, scale
        return x_hat.view_as(x_hat)

    @staticmethod
    def setup_context(ctx: BackwardCFunction, inputs: tuple[Tensor, Tensor, Tensor, Tensor], output: Tensor) -> None:
        del output
        ctx.save_for_forward(*inputs)
        ctx.set_materialize_grads(False)

    @staticmethod
    def jvp(ctx: BackwardCFunction, t: Tensor | None, d_weight: Tensor | None, *_: None) -> Tensor:
        saved: Sequence[Tensor] = ctx.saved_tensors
        x, weight, x_hat, scale = saved
        moved = [F.conv3d(a, b, padding=1) for a, b in ((t, weight), (x, d_weight)) if a is not None and b is not None]
        total = moved[0] if len(moved) == 1 else moved[0].add_(moved[1])
        return standardised_tangent(total.to(x_hat.dtype), x_hat, scale)
