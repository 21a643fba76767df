"""The network of both phases: a clean and a restyled stream through shared blocks (Eq. 1-3 and 12-15)."""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from syrfa.models.adapters import AdapterName, build_adapters
from syrfa.models.extractor import Extractor, Neck
from syrfa.models.joint import JointBatch
from syrfa.models.style import StyleAugmentation, StyleDraw
from syrfa.models.trace import Trace


@dataclass(frozen=True)
class StreamDraw:
    """Every choice of one pass.

    Attributes:
        style: the style augmentation's.
        dropout: the mask of clean and restyled stream together; None without dropout.
        adapted: whether the adapters take part.
    """

    style: StyleDraw
    dropout: Tensor | None
    adapted: bool = True


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

    def draw(self, x: Tensor, joint: JointBatch | None = None, adapted: bool = True) -> StreamDraw:
        """Draws the choices for one two-stream pass from torch's global generator.

        Args:
            x: tubes (B, ...).
            joint: the joint batch that x is a part of; x alone by default.
            adapted: whether the adapters take part.
        """
        joint = joint or JointBatch(len(x))
        style = self.style.draw(joint, x.device)
        mask = self.neck.draw_mask(2 * joint.size, x)
        if mask is not None:
            mask = joint.part(mask.view(2, joint.size, *mask.shape[1:]), dim=1).flatten(0, 1)
        return StreamDraw(style, mask, adapted)

    def forward(self, x: Tensor, draw: StreamDraw, trace: Trace | None = None) -> tuple[Tensor, Tensor]:
        """Both streams.

        Args:
            x: tubes, float (B, 3, T, size, size) in [0, 1].
            draw: the random choices of this pass.
            trace: what an earlier pass of the same arguments and weights left for this one, or this one leaves.

        Returns:
            O and O', each (B, features).
        """
        clean = self.extractor.blocks[0](x, trace)
        both = self._adapt(1, torch.cat([clean, self.style(clean, 1, draw.style)]), draw.adapted)
        for number in (2, 3):
            both = self.extractor.blocks[number - 1](both, trace)
            if number in draw.style.permutation:
                clean, augmented = both.chunk(2)
                both = torch.cat([clean, self.style(augmented, number, draw.style)])
            both = self._adapt(number, both, draw.adapted)
        first, second = self.neck(both, draw.dropout).chunk(2)
        return first, second

    def clean(self, x: Tensor, joint: JointBatch | None = None, adapted: bool = True) -> Tensor:
        """O alone, (B, features): the path of the puzzle (Eq. 9) and of the score (Eq. 20).

        Args:
            x: tubes, float (B, 3, T, size, size) in [0, 1].
            joint: the joint batch that x is a part of, which the dropout is drawn for; x alone by default.
            adapted: whether the adapters take part.
        """
        return self._behind_block_1(self.extractor.blocks[0](x), joint or JointBatch(len(x)), adapted)

    def with_and_without_adapters(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """O through the adapters and O without them, as `clean` gives each; block 1, before all of them, runs once."""
        joint = JointBatch(len(x))
        first = self.extractor.blocks[0](x)
        return self._behind_block_1(first, joint, True), self._behind_block_1(first, joint, False)

    def _behind_block_1(self, x: Tensor, joint: JointBatch, adapted: bool) -> Tensor:
        x = self._adapt(1, x, adapted)
        for number in (2, 3):
            x = self._adapt(number, self.extractor.blocks[number - 1](x), adapted)
        mask = self.neck.draw_mask(joint.size, x)
        return cast(Tensor, self.neck(x, None if mask is None else joint.part(mask)))

    def _adapt(self, number: int, x: Tensor, adapted: bool) -> Tensor:
        return cast(Tensor, self.adapters[number - 1](x)) if adapted else x
