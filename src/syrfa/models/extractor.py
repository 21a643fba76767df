"""The feature extractor f_theta: three 3-D convolution blocks and a 2-D neck (docs/method.md).

It is Jigsaw-VAD's "deep + wide" network. At the paper's width of 32, 7 frames and 64 pixels it has 454,240
parameters and needs 2.46 GMAC a tube.
"""

from typing import cast

import torch
from torch import Tensor, nn

from syrfa.errors import ConfigError
from syrfa.models.norm import InstanceNorm, Trace


class ConvBlock(nn.Sequential):
    """Twice (Conv3d without bias, InstanceNorm3d, ReLU), then a max pool.

    Args:
        inputs: channels in.
        outputs: channels out.
        pool: kernel and stride of the pool over (time, height, width).
    """

    def __init__(self, inputs: int, outputs: int, pool: tuple[int, int, int]) -> None:
        layers: list[nn.Module] = []
        for channels in (inputs, outputs):
            layers += [nn.Conv3d(channels, outputs, kernel_size=3, padding=1, bias=False), InstanceNorm(), nn.ReLU()]
        super().__init__(*layers, nn.MaxPool3d(pool))
        # a CPU convolves up to three times as fast this way at small widths; the memory format follows the weights
        self.to(memory_format=torch.channels_last_3d)

    def forward(self, x: Tensor, trace: Trace | None = None) -> Tensor:
        """(B, outputs, ...) of x (B, inputs, T, H, W), its convolutions written to or read from `trace`."""
        for conv, norm in ((self[0], self[1]), (self[3], self[4])):
            x = torch.relu(norm(conv(x)) if trace is None else trace.standardised(cast(nn.Conv3d, conv), x))
        return cast(Tensor, self[-1](x))


class Neck(nn.Module):
    """Conv2d with bias, InstanceNorm2d, ReLU, channel dropout, MaxPool 2, flatten.

    The dropout mask is an argument, so that a second pass over the same batch can repeat it exactly.
    """

    def __init__(self, channels: int, dropout: float = 0.3) -> None:
        super().__init__()
        self.channels = channels
        self.dropout = dropout
        self.conv = nn.Conv2d(channels, channels, kernel_size=3, padding=1)
        self.norm = InstanceNorm()
        self.pool = nn.MaxPool2d(2)

    def draw_mask(self, batch: int, like: Tensor) -> Tensor | None:
        """A dropout mask, (batch, channels, 1, 1), 0 or 1/(1 - p), of `like`'s dtype and device; None in eval mode."""
        if not self.training or self.dropout == 0:
            return None
        keep = like.new_empty(batch, self.channels, 1, 1).bernoulli_(1 - self.dropout)
        return keep / (1 - self.dropout)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Features (B, channels * h/2 * w/2) of block 3's output (B, channels, 1, h, w)."""
        x = torch.relu(self.norm(self.conv(x.squeeze(2))))
        if mask is not None:
            x = x * mask
        pooled: Tensor = self.pool(x)
        return pooled.flatten(1)


class Extractor(nn.Module):
    """Blocks 1 to 3 and the neck.

    Args:
        width: channels of block 1; blocks 2 and 3 have twice as many. 32 is the paper's.
        frames: T, the odd length of a tube.
        size: side of the square input in pixels, a multiple of 16. 64 is the paper's.
    """

    def __init__(self, width: int = 32, frames: int = 7, size: int = 64) -> None:
        super().__init__()
        if frames % 2 == 0 or frames < 1:
            raise ConfigError(f"frames is {frames}; a tube has an odd number of frames")
        if size % 16 or size < 16:
            raise ConfigError(f"size is {size}; it must be a multiple of 16")
        if width < 1:
            raise ConfigError(f"width is {width}; it must be at least 1")
        self.width, self.frames, self.size = width, frames, size
        self.blocks = nn.ModuleList(
            [
                ConvBlock(3, width, (1, 2, 2)),
                ConvBlock(width, 2 * width, (1, 2, 2)),
                ConvBlock(2 * width, 2 * width, (frames, 2, 2)),
            ]
        )
        self.neck = Neck(2 * width)

    @property
    def settings(self) -> dict[str, int]:
        """The constructor's arguments."""
        return {"width": self.width, "frames": self.frames, "size": self.size}

    @property
    def features(self) -> int:
        """Length of O: 1,024 at width 32 and 64 pixels."""
        return 2 * self.width * (self.size // 16) ** 2

    @property
    def block_shapes(self) -> list[tuple[int, int, int, int]]:
        """(channels, time, height, width) of each block's output; an adapter's weight has the same shape."""
        w, t, s = self.width, self.frames, self.size
        return [(w, t, s // 2, s // 2), (2 * w, t, s // 4, s // 4), (2 * w, 1, s // 8, s // 8)]

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """O, float (B, features), of tubes (B, 3, T, size, size) in [0, 1]; the dropout mask is drawn where None."""
        for block in self.blocks:
            x = block(x)
        features: Tensor = self.neck(x, self.neck.draw_mask(len(x), x) if mask is None else mask)
        return features
