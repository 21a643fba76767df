"""The gradient reversal layer (Ganin and Lempitsky, 2015): nothing on the way forward, the other direction back."""

from typing import Any, cast

import torch
from torch import Tensor, nn


class _Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, coefficient: float) -> Tensor:  # noqa: ANN401 - torch names no type for it
        ctx.coefficient = coefficient
        return x.view_as(x)  # not x itself, which torch would take for an input returned unchanged

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401
        (gradient,) = gradients
        return -ctx.coefficient * gradient, None


class GradientReversal(nn.Module):
    """Stands between what is learned and a head that it shall not please: R(x) = x, dR/dx = -coefficient.

    What lies behind the layer descends a loss, what lies before it ascends the same one, `coefficient` times as fast.
    """

    def forward(self, x: Tensor, coefficient: float) -> Tensor:
        """X, of any shape and dtype; its gradient is `-coefficient` times the one that arrives."""
        return cast(Tensor, _Reverse.apply(x, coefficient))
