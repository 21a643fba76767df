"""Pixel augmentation of training tubes: the differences between cameras that InstanceNorm does not cancel."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from syrfa.models.style import JointBatch


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
