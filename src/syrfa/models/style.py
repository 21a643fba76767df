"""Style augmentation: the augmented stream takes the channel statistics of another sample (AdaIN, Eq. 1-3)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from syrfa.errors import ConfigError

StyleMix = Literal["swap", "beta"]
StyleStats = Literal["spatial", "spatiotemporal"]
EPSILON = 1e-5  # the InstanceNorm default: keeps the division by a flat channel's deviation finite


def alone(values: Tensor) -> Tensor:
    """The gathering of a single process."""
    return values


@dataclass(frozen=True)
class JointBatch:
    """The batch that all processes train on together: each draws for all of it, from one seed, and keeps its own part.

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


@dataclass(frozen=True)
class StyleDraw:
    """The random choices of one step, so that the alignment's forward-mode pass can apply them again, exactly.

    Attributes:
        permutation: for each augmented block number (1-based) int64 (B,), whose statistics a sample takes; a place in
            the joint batch of all processes.
        keep: for each augmented block float (B, 1, 1, 1, 1), the share of its own statistics a sample keeps;
            0 is a full exchange.
        gather: from a sample's statistics to those of the joint batch.
        recorded: for each augmented block what the first pass exchanged (own mean, ratio of deviations, new mean), for
            a second pass at the same weights; they are constants to every derivative.
    """

    permutation: dict[int, Tensor]
    keep: dict[int, Tensor]
    gather: Callable[[Tensor], Tensor] = alone
    recorded: dict[int, tuple[Tensor, Tensor, Tensor]] = field(default_factory=dict)


class StyleAugmentation(nn.Module):
    """Exchanges per-channel mean and deviation between the samples of a batch; has no parameters.

    Args:
        blocks: after which blocks (1-based).
        mix: `swap` takes the other sample's statistics whole; `beta` mixes both with a Beta(alpha, alpha) share.
        stats: statistics per frame over (H, W), or one for the whole tube over (T, H, W).
        one_of: augment after one of `blocks`, picked at random each step, instead of after all of them.
        alpha: parameter of the Beta distribution; above 0.
    """

    def __init__(
        self,
        blocks: Sequence[int] = (1, 2),
        mix: StyleMix = "swap",
        stats: StyleStats = "spatiotemporal",
        one_of: bool = False,
        alpha: float = 0.1,
    ) -> None:
        super().__init__()
        if not blocks or not set(blocks) <= {1, 2, 3}:
            raise ConfigError(f"style blocks are {list(blocks)}; choose from 1, 2 and 3")
        if alpha <= 0:
            raise ConfigError(f"style alpha is {alpha}; a Beta distribution needs a parameter above 0")
        self.blocks = tuple(sorted(set(blocks)))
        self.mix, self.one_of, self.alpha = mix, one_of, alpha
        self.dims = (3, 4) if stats == "spatial" else (2, 3, 4)

    def draw(self, joint: JointBatch, device: torch.device) -> StyleDraw:
        """Draws one step's choices for the joint batch from torch's global generator; keeps this process' part."""
        blocks: tuple[int, ...] = self.blocks
        if self.one_of:
            blocks = (blocks[int(torch.randint(len(blocks), ()))],)
        permutation = {n: joint.part(torch.randperm(joint.size, device=device)) for n in blocks}
        keep = {n: joint.part(self._draw_keep(joint.size).to(device)) for n in blocks}
        return StyleDraw(permutation, keep, joint.gather)

    def _draw_keep(self, batch: int) -> Tensor:
        if self.mix == "swap":
            return torch.zeros(batch, 1, 1, 1, 1)
        return torch.distributions.Beta(self.alpha, self.alpha).sample((batch, 1, 1, 1, 1))

    def forward(self, x: Tensor, block: int, draw: StyleDraw) -> Tensor:
        """Block `block`'s output (B, C, T, H, W) of the augmented stream, restyled; untouched if not drawn."""
        if block not in draw.permutation:
            return x
        if block not in draw.recorded:
            draw.recorded[block] = self._exchange(x.detach(), block, draw)
        mean, ratio, new_mean = draw.recorded[block]
        return (x - mean) * ratio + new_mean

    def _exchange(self, x: Tensor, block: int, draw: StyleDraw) -> tuple[Tensor, Tensor, Tensor]:
        """Each sample's own mean, the ratio of its new deviation to its own, and its new mean."""
        variance, mean = torch.var_mean(x, dim=self.dims, keepdim=True)
        deviation = (variance + EPSILON).sqrt()
        means, deviations = draw.gather(torch.stack([mean, deviation], dim=1)).unbind(dim=1)
        other, keep = draw.permutation[block], draw.keep[block].to(x.dtype)
        ratio = torch.lerp(deviations[other], deviation, keep) / deviation
        return mean, ratio, torch.lerp(means[other], mean, keep)


class SensorAugmentation(nn.Module):
    """Horizontal flip, gamma, blur and noise, drawn per tube from torch's global generator.

    Brightness and contrast are left out: InstanceNorm after the first convolution cancels them.

    Args:
        flip: probability of a horizontal flip.
        gamma: the exponent is drawn log-uniformly from [1/gamma, gamma].
        blur: largest standard deviation of a Gaussian blur, in input pixels.
        noise: largest standard deviation of additive noise, in units of the [0, 1] range.
    """

    def __init__(self, flip: float = 0.5, gamma: float = 1.5, blur: float = 1.0, noise: float = 0.04) -> None:
        super().__init__()
        self.flip, self.gamma, self.blur, self.noise = flip, gamma, blur, noise

    def forward(self, x: Tensor, joint: JointBatch | None = None) -> Tensor:
        """Augmented tubes; all frames of a tube alike but for the noise.

        Args:
            x: float (B, 3, T, H, W) in [0, 1], and so is what comes back.
            joint: the joint batch that x is a part of; x alone by default.
        """
        joint = joint or JointBatch(len(x))

        def uniform() -> Tensor:
            return joint.part(torch.rand(joint.size, 1, 1, 1, 1, device=x.device))

        x = torch.where(uniform() < self.flip, x.flip(-1), x)
        x = x.clamp_min(1e-4) ** (self.gamma ** (2 * uniform() - 1))
        x = self._blurred(x, uniform() * self.blur)
        noise = joint.part(torch.randn(joint.size, *x.shape[1:], device=x.device, dtype=x.dtype))
        return (x + noise * (uniform() * self.noise)).clamp(0, 1)

    @staticmethod
    def _blurred(x: Tensor, sigma: Tensor) -> Tensor:
        """A three-tap separable Gaussian per tube: sigma stays near a pixel, where three taps are enough."""
        side = torch.exp(-0.5 / sigma.clamp_min(1e-3).square())
        centre, side = 1 / (1 + 2 * side), side / (1 + 2 * side)
        for dim, pad in ((-1, (1, 1, 0, 0, 0, 0)), (-2, (0, 0, 1, 1, 0, 0))):
            padded, size = F.pad(x, pad, mode="replicate"), x.shape[dim]
            x = centre * x + side * (padded.narrow(dim, 0, size) + padded.narrow(dim, 2, size))
        return x
