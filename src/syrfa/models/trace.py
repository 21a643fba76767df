"""What a pass leaves for the forward-mode product J u, so that it need not convolve the same maps again.

`torch.func.jvp` computes a function and its derivative. The function is known: the step has run it. A second pass with
the trace of the first takes every standardised convolution from there and computes only its derivative along
(t, dW), t the tangent of its input and dW that of its weight:

    d(x * W) = t * W + x * dW,    then the derivative of the standardisation at the known x_hat and deviation.

All other layers cost little and are left to jvp.
"""

from collections.abc import Iterator, Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.autograd.function import BackwardCFunction
from torch.nn import functional as F

from syrfa.models.norm import standardise, standardised_tangent


class Trace:
    """The standardised convolutions of one pass, in order: filled by the first pass, read by every later one."""

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
