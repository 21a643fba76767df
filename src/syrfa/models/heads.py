"""Heads on the feature vector O: of the anomaly, the temporal puzzle, the consistency and the domain."""

from itertools import pairwise
from typing import Any, cast

import torch
from torch import Tensor, nn

from syrfa.errors import ConfigError


class Classifier(nn.Linear):
    """f_phi: logits (B, 2) of normal (0) and abnormal (1) from O (B, features)."""

    def __init__(self, features: int) -> None:
        super().__init__(features, 2)


class TemporalHead(nn.Module):
    """f_t: for each of T frames, logits over its T possible positions (Eq. 9).

    Args:
        features: length of O.
        frames: T.
    """

    def __init__(self, features: int, frames: int) -> None:
        super().__init__()
        self.frames = frames
        self.linear = nn.Linear(features, frames * frames)

    def forward(self, features: Tensor) -> Tensor:
        """Logits (B, T, T): row i scores the positions of frame i. The softmax over the last axis is in the loss."""
        logits: Tensor = self.linear(features)
        return logits.view(-1, self.frames, self.frames)


class DomainClassifier(nn.Sequential):
    """Logits (B, 2) of source (0) and target (1) from O (B, features), behind a gradient reversal layer.

    The default is the one that Ganin and Lempitsky (2015) put on their smallest network.

    Args:
        features: length of O.
        depth: hidden layers, each followed by a ReLU.
        hidden: units of each.
    """

    def __init__(self, features: int, depth: int = 1, hidden: int = 100) -> None:
        if depth < 0 or hidden < 1:
            raise ConfigError(f"the domain classifier has {depth} hidden layers of {hidden}; give at least 0 of 1 unit")
        sizes = [features, *[hidden] * depth]
        layers: list[nn.Module] = []
        for size, following in pairwise(sizes):
            layers += [nn.Linear(size, following), nn.ReLU()]
        super().__init__(*layers, nn.Linear(sizes[-1], 2))


class ConsistencyHead(nn.Module):
    """f_c: an element-wise learnable scale of O - O', initialised to 1 (Eq. 5).

    Args:
        features: length of O.
        depth: number of layers; the paper's text has one, the published script ten.
        bias: add a learnable offset, initialised to 0, in each layer.
        relu: put a ReLU between the layers.
    """

    def __init__(self, features: int, depth: int = 1, bias: bool = False, relu: bool = False) -> None:
        super().__init__()
        if depth < 1:
            raise ConfigError(f"consistency depth is {depth}; it must be at least 1")
        self.relu = relu
        self.scale = nn.Parameter(torch.ones(depth, features))
        self.bias = nn.Parameter(torch.zeros(depth, features)) if bias else None

    def forward(self, difference: Tensor) -> Tensor:
        """f_c(O - O'), (B, features)."""
        for layer, scale in enumerate(self.scale):
            if layer and self.relu:
                difference = difference.relu()
            difference = difference * scale
            if self.bias is not None:
                difference = difference + self.bias[layer]
        return difference


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
    """The gradient reversal layer (Ganin and Lempitsky, 2015): R(x) = x, dR/dx = -coefficient.

    What lies behind the layer descends a loss; what lies before it ascends the same one, `coefficient` times as fast.
    """

    def forward(self, x: Tensor, coefficient: float) -> Tensor:
        """X, of any shape and dtype; its gradient is `-coefficient` times the one that arrives."""
        return cast(Tensor, _Reverse.apply(x, coefficient))
