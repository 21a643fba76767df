"""The network of both phases: a clean and a restyled stream through shared blocks (Eq. 1-3 and 12-15)."""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from syrfa.models.adapters import AdapterName, build_adapters
from syrfa.models.extractor import Extractor, Neck
from syrfa.models.style import StyleAugmentation, StyleDraw


@dataclass(frozen=True)
class StreamDraw:
    """Every random choice of one pass: style, and the dropout mask of clean and restyled stream together."""

    style: StyleDraw
    dropout: Tensor | None


class TwoStreamExtractor(nn.Module):
    """The extractor, its style augmentation and, in phase 2, its adapters.

    Block 1 runs once for both streams, since they part only behind it; the rest runs on both as one batch, which
    InstanceNorm (statistics per sample) makes exact.

    Args:
        extractor: f_theta.
        style: the style augmentation.
        adapter: which adapter stands after each block.
        adapter_depth: layers of an AP adapter.
    """

    def __init__(
        self,
        extractor: Extractor,
        style: StyleAugmentation,
        adapter: AdapterName = "none",
        adapter_depth: int = 1,
    ) -> None:
        super().__init__()
        self.extractor = extractor
        self.style = style
        self.adapters = build_adapters(adapter, extractor.block_shapes, adapter_depth)

    @property
    def neck(self) -> Neck:
        """The extractor's neck."""
        return self.extractor.neck

    def draw(self, x: Tensor) -> StreamDraw:
        """Draws the choices for one two-stream pass over x (B, ...) from torch's global generator."""
        return StreamDraw(
            style=self.style.draw(len(x), x.device),
            dropout=self.neck.draw_mask(2 * len(x), x),
        )

    def forward(self, x: Tensor, draw: StreamDraw) -> tuple[Tensor, Tensor]:
        """Both streams.

        Args:
            x: tubes, float (B, 3, T, size, size) in [0, 1].
            draw: the random choices of this pass.

        Returns:
            O and O', each (B, features).
        """
        clean = self.extractor.blocks[0](x)
        both = self.adapters[0](torch.cat([clean, self.style(clean, 1, draw.style)]))
        for number in (2, 3):
            both = self.extractor.blocks[number - 1](both)
            if number in draw.style.permutation:
                clean, augmented = both.chunk(2)
                both = torch.cat([clean, self.style(augmented, number, draw.style)])
            both = self.adapters[number - 1](both)
        first, second = self.neck(both, draw.dropout).chunk(2)
        return first, second

    def clean(self, x: Tensor) -> Tensor:
        """O alone, (B, features), through the adapters: the path of the puzzle (Eq. 9) and of the score (Eq. 20)."""
        for block, adapter in zip(self.extractor.blocks, self.adapters, strict=True):
            x = adapter(block(x))
        return cast(Tensor, self.neck(x, self.neck.draw_mask(len(x), x)))
