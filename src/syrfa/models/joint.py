"""The batch that all processes train on together, so that its random choices are the same however it is split."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor


def alone(values: Tensor) -> Tensor:
    """The gathering of a single process: its own values are all there are."""
    return values


@dataclass(frozen=True)
class JointBatch:
    """What one process must know of the joint batch to draw for it and to take its own part.

    Every process draws for all samples, from the same seed, and keeps the choices of its own samples.

    Attributes:
        size: samples of all processes together.
        mine: int64 (b,), the places of this process' samples among them; None when it holds all, in order.
        gather: from one value a sample of this process, (b, ...), to those of all samples, (size, ...).
    """

    size: int
    mine: Tensor | None = None
    gather: Callable[[Tensor], Tensor] = alone

    def part(self, drawn: Tensor, dim: int = 0) -> Tensor:
        """This process' part of what was drawn for all, along `dim`."""
        return drawn if self.mine is None else drawn.index_select(dim, self.mine.to(drawn.device))
