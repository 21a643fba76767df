"""Adapters: what phase 2 puts behind each extractor block (Eq. 12-16), by name or by class path."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from syrfa.errors import ConfigError
from syrfa.utils.class_path import import_class


class Adapter(nn.Module, ABC):
    """The adapter of one block. Untrained it should change nothing, or phase 2 starts worse than phase 1 ended.

    Args:
        shape: (channels, time, height, width) of the block's output.
    """

    def __init__(self, shape: Sequence[int]) -> None:
        super().__init__()
        self.shape = tuple(shape)

    @abstractmethod
    def forward(self, r: Tensor) -> Tensor:
        """What the next block sees in place of r, both (B, channels, time, height, width)."""

    @abstractmethod
    def movement(self) -> Tensor:
        """How far each weight, or what it stands for, is from changing nothing; flat and detached."""


ADAPTERS: dict[str, type[Adapter]] = {}
NO_ADAPTER = "none"
Kind = TypeVar("Kind", bound=type[Adapter])


def register_adapter(name: str) -> Callable[[Kind], Kind]:
    """Decorates an `Adapter` class that the option `adapter` shall know by `name`."""

    def register(kind: Kind) -> Kind:
        ADAPTERS[name] = kind
        return kind

    return register


@register_adapter("rap")
class ResidualAdditionalParameters(Adapter):
    """RAP, f_tau(r) = r * w + r (Eq. 16), w of the output's shape and 0 at the start."""

    def __init__(self, shape: Sequence[int]) -> None:
        super().__init__(shape)
        self.weight = nn.Parameter(torch.zeros(*shape))

    def forward(self, r: Tensor) -> Tensor:
        """Scales r (B, c, t, h, w) element by element."""
        return r * self.weight + r

    def movement(self) -> Tensor:
        """W, flat."""
        return self.weight.detach().flatten()


@register_adapter("ap")
class AdaptiveParameters(Adapter):
    """AP, the adaptive parameters of ITTA [7]: `depth` layers of scale and bias, ReLU between them.

    Untrained it changes nothing, except that from depth 2 on the ReLU cuts what restyling made negative.

    Args:
        shape: (channels, time, height, width) of the block's output.
        depth: number of layers; 1 by default, 5 in the published script.
    """

    def __init__(self, shape: Sequence[int], depth: int = 1) -> None:
        super().__init__(shape)
        if depth < 1:
            raise ConfigError(f"adapter_args.depth={depth}: it must be at least 1")
        self.scale = nn.ParameterList([nn.Parameter(torch.ones(*shape)) for _ in range(depth)])
        self.bias = nn.ParameterList([nn.Parameter(torch.zeros(*shape)) for _ in range(depth)])

    def forward(self, r: Tensor) -> Tensor:
        """Passes r (B, c, t, h, w) through every layer."""
        for layer, (scale, bias) in enumerate(zip(self.scale, self.bias, strict=True)):
            r = (r.relu() if layer else r) * scale + bias
        return r

    def movement(self) -> Tensor:
        """How far each scale is from 1 and each bias from 0, flat."""
        return torch.cat([s.detach().flatten() - 1 for s in self.scale] + [b.detach().flatten() for b in self.bias])


def build_adapters(name: str, shapes: Sequence[Sequence[int]], **arguments: Any) -> nn.ModuleList:  # noqa: ANN401
    """One adapter per block; `none` gives identities.

    Args:
        name: a registered name, `none`, or the class path of an `Adapter`.
        shapes: of the blocks' outputs.
        **arguments: of the adapter's constructor, besides the shape.

    Raises:
        ConfigError: there is no such adapter, or it does not take the arguments.
    """
    if name == NO_ADAPTER:
        if arguments:
            raise ConfigError(f"adapter_args={arguments}: adapter {NO_ADAPTER} takes none")
        return nn.ModuleList(nn.Identity() for _ in shapes)
    if name not in ADAPTERS and "." not in name:
        known = ", ".join([*ADAPTERS, NO_ADAPTER])
        raise ConfigError(f"adapter is '{name}'; choose {known}, or the class path of an Adapter")
    kind = ADAPTERS[name] if name in ADAPTERS else import_class(name, Adapter)  # type: ignore[type-abstract]
    try:
        inspect.signature(kind).bind(shapes[0], **arguments)
    except TypeError as error:
        raise ConfigError(f"adapter_args={arguments}: adapter {name} does not take them ({error})") from error
    return nn.ModuleList(kind(shape, **arguments) for shape in shapes)


def adapter_movement(adapters: nn.ModuleList) -> dict[str, float]:
    """Mean and maximum absolute `movement` over all adapters; 0 without any (docs/method.md)."""
    parts = [adapter.movement() for adapter in adapters if isinstance(adapter, Adapter)]
    moved = torch.cat(parts).abs() if parts else torch.zeros(1)
    return {"mean_abs": moved.mean().item(), "max_abs": moved.max().item()}
