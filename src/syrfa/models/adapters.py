"""Adapters that stand after each extractor block in phase 2 (Eq. 12-16)."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from syrfa.errors import ConfigError

AdapterName = Literal["rap", "ap", "none"]


class ResidualAdditionalParameters(nn.Module):
    """RAP, f_tau(r) = r * w + r (Eq. 16). w starts at 0, so that an untrained RAP changes nothing.

    Args:
        shape: (channels, time, height, width) of the block's output, and of w.
    """

    def __init__(self, shape: Sequence[int]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(*shape))

    def forward(self, r: Tensor) -> Tensor:
        """Scales r (B, c, t, h, w) element by element."""
        return r * self.weight + r

    def movement(self) -> Tensor:
        """How far each weight is from the identity, flat."""
        return self.weight.detach().flatten()


class AdaptiveParameters(nn.Module):
    """AP, the adaptive parameters of ITTA [7]: `depth` layers of scale and bias, ReLU between them.

    Untrained it changes nothing, except that from depth 2 on the ReLU cuts what restyling made negative.

    Args:
        shape: (channels, time, height, width) of the block's output.
        depth: number of layers; 1 by default, 5 in the published script.
    """

    def __init__(self, shape: Sequence[int], depth: int = 1) -> None:
        super().__init__()
        if depth < 1:
            raise ConfigError(f"adapter depth is {depth}; it must be at least 1")
        self.scale = nn.ParameterList([nn.Parameter(torch.ones(*shape)) for _ in range(depth)])
        self.bias = nn.ParameterList([nn.Parameter(torch.zeros(*shape)) for _ in range(depth)])

    def forward(self, r: Tensor) -> Tensor:
        """Passes r (B, c, t, h, w) through every layer."""
        for layer, (scale, bias) in enumerate(zip(self.scale, self.bias, strict=True)):
            r = (r.relu() if layer else r) * scale + bias
        return r

    def movement(self) -> Tensor:
        """How far each scale is from 1 and each bias from 0, flat."""
        parts = [s.detach().flatten() - 1 for s in self.scale] + [b.detach().flatten() for b in self.bias]
        return torch.cat(parts)


def build_adapters(name: AdapterName, shapes: Sequence[Sequence[int]], depth: int = 1) -> nn.ModuleList:
    """One adapter per block; `none` gives identities.

    Raises:
        ConfigError: there is no adapter of that name.
    """
    if name == "rap":
        return nn.ModuleList(ResidualAdditionalParameters(shape) for shape in shapes)
    if name == "ap":
        return nn.ModuleList(AdaptiveParameters(shape, depth) for shape in shapes)
    if name == "none":
        return nn.ModuleList(nn.Identity() for _ in shapes)
    raise ConfigError(f"adapter is '{name}'; choose rap, ap or none")


def adapter_movement(adapters: nn.ModuleList) -> dict[str, float]:
    """Mean and maximum absolute distance of all adapter weights from the identity (docs/method.md, section 4)."""
    parts = [m.movement() for m in adapters if isinstance(m, ResidualAdditionalParameters | AdaptiveParameters)]
    if not parts:
        return {"mean_abs": 0.0, "max_abs": 0.0}
    moved = torch.cat(parts).abs()
    return {"mean_abs": moved.mean().item(), "max_abs": moved.max().item()}
