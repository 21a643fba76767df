"""Style augmentation: the augmented stream takes the channel statistics of another sample (AdaIN, Eq. 1-3).

A `StyleDraw` holds every random choice of one step, so that the same augmentation can be applied again, exactly,
by the forward-mode pass of the alignment step.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from syrfa.errors import ConfigError

EPSILON = 1e-5  # the InstanceNorm default: keeps the division by a flat channel's deviation finite


@dataclass(frozen=True)
class StyleDraw:
    """The random choices of one step.

    Attributes:
        permutation: for each augmented block number (1-based) int64 (B,), whose statistics a sample takes.
        keep: for each augmented block float (B, 1, 1, 1, 1), the share of its own statistics a sample keeps;
            0 is a full exchange.
    """

    permutation: dict[int, Tensor]
    keep: dict[int, Tensor]


class StyleAugmentation(nn.Module):
    """Exchanges per-channel mean and deviation between the samples of a batch; has no parameters.

    Args:
        blocks: after which blocks (1-based).
        mix: `swap` takes the other sample's statistics whole; `beta` mixes both with a Beta(alpha, alpha) share.
        stats: statistics per frame over (H, W), or one for the whole tube over (T, H, W).
        one_of: augment after one of `blocks`, picked at random each step, instead of after all of them.
        alpha: parameter of the Beta distribution.
    """

    def __init__(
        self,
        blocks: Sequence[int] = (1, 2),
        mix: Literal["swap", "beta"] = "swap",
        stats: Literal["spatial", "spatiotemporal"] = "spatiotemporal",
        one_of: bool = False,
        alpha: float = 0.1,
    ) -> None:
        super().__init__()
        if not blocks or not set(blocks) <= {1, 2, 3}:
            raise ConfigError(f"style blocks are {list(blocks)}; choose from 1, 2 and 3")
        self.blocks = tuple(sorted(set(blocks)))
        self.mix, self.one_of, self.alpha = mix, one_of, alpha
        self.dims = (3, 4) if stats == "spatial" else (2, 3, 4)

    def draw(self, batch: int, device: torch.device) -> StyleDraw:
        """Draws one step's choices from torch's global generator for a batch of `batch` samples."""
        blocks: tuple[int, ...] = self.blocks
        if self.one_of:
            blocks = (blocks[int(torch.randint(len(blocks), ()))],)
        permutation = {n: torch.randperm(batch, device=device) for n in blocks}
        keep = {n: self._draw_keep(batch).to(device) for n in blocks}
        return StyleDraw(permutation, keep)

    def _draw_keep(self, batch: int) -> Tensor:
        if self.mix == "swap":
            return torch.zeros(batch, 1, 1, 1, 1)
        return torch.distributions.Beta(self.alpha, self.alpha).sample((batch, 1, 1, 1, 1))

    def forward(self, x: Tensor, block: int, draw: StyleDraw) -> Tensor:
        """Block `block`'s output (B, C, T, H, W) of the augmented stream, restyled; untouched if not drawn."""
        if block not in draw.permutation:
            return x
        variance, mean = torch.var_mean(x.detach(), dim=self.dims, keepdim=True)
        deviation = (variance + EPSILON).sqrt()
        other, keep = draw.permutation[block], draw.keep[block].to(x.dtype)
        mixed_mean = torch.lerp(mean[other], mean, keep)
        mixed_deviation = torch.lerp(deviation[other], deviation, keep)
        return (x - mean) * (mixed_deviation / deviation) + mixed_mean
