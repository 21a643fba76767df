"""The network of both phases: a clean and a restyled stream through shared blocks (Eq. 1-3 and 12-15).

`TwoStreamExtractor` restyles a batch, `StyleRing` a whole list of tubes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from syrfa.models.adapters import NO_ADAPTER, build_adapters
from syrfa.models.extractor import Extractor, Neck
from syrfa.models.norm import Trace
from syrfa.models.style import JointBatch, StyleAugmentation, StyleDraw


@dataclass(frozen=True)
class StreamDraw:
    """Every choice of one pass: style, the dropout mask of both streams together, and whether adapters take part."""

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
        adapter: which adapter comes after each block, see `build_adapters`.
        adapter_args: arguments of the adapter's constructor.
    """

    def __init__(
        self,
        extractor: Extractor,
        style: StyleAugmentation,
        adapter: str = NO_ADAPTER,
        adapter_args: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.extractor = extractor
        self.style = style
        self.adapters = build_adapters(adapter, extractor.block_shapes, **(adapter_args or {}))

    @property
    def neck(self) -> Neck:
        """The extractor's neck."""
        return self.extractor.neck

    def draw(self, x: Tensor, joint: JointBatch | None = None, adapted: bool = True) -> StreamDraw:
        """Draws the choices for one pass of x (B, ...), a part of `joint`, from torch's global generator."""
        joint = joint or JointBatch(len(x))
        style = self.style.draw(joint, x.device)
        mask = self.neck.draw_mask(2 * joint.size, x)
        if mask is not None:
            mask = joint.part(mask.view(2, joint.size, *mask.shape[1:]), dim=1).flatten(0, 1)
        return StreamDraw(style, mask, adapted)

    def forward(self, x: Tensor, draw: StreamDraw, trace: Trace | None = None) -> tuple[Tensor, Tensor]:
        """Both streams, O and O', each (B, features).

        Args:
            x: tubes, float (B, 3, T, size, size) in [0, 1].
            draw: the random choices of this pass.
            trace: what an earlier pass of the same arguments and weights left for this one, or this one leaves.
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
        """O alone, (B, features), of tubes x as in `forward`: the path of the puzzle (Eq. 9) and the score (Eq. 20)."""
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


@dataclass(frozen=True)
class StyleRing:
    """The choices that restyle a whole list of `len(order)` tubes, however it is cut into batches.

    The tubes form a ring in random order. At the k-th augmented block each takes the style of the tube k places on, so
    none takes its own, for which O' = O would hold by construction. (In training the donors are those of a random
    permutation of the batch, fixed points included.) A donor's style at a later block is that of its own restyled
    stream, as in training, so a tube's O' depends on the few tubes that `window` names.

    Attributes:
        order: int64 (n,), which tube is at each place.
        keep: for each augmented block float64 (n,), the share of its own style that the tube at a place keeps.
    """

    order: NDArray[np.int64]
    keep: dict[int, NDArray[np.float64]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Tubes in the ring."""
        return len(self.order)

    @property
    def reach(self) -> int:
        """How many places behind a tube its O' depends on."""
        return len(self.keep) * (len(self.keep) + 1) // 2

    @classmethod
    def draw(cls, style: StyleAugmentation, size: int, generator: np.random.Generator) -> "StyleRing":
        """Draws a ring for `style`; with `one_of` each tube is restyled at one block of its own.

        Raises:
            ValueError: `size` is so small that a tube would take its own style.
        """
        if size <= len(style.blocks):
            raise ValueError(f"{size} tubes are too few to restyle one another at {len(style.blocks)} blocks")
        order = generator.permutation(size)
        shares = {
            block: generator.beta(style.alpha, style.alpha, size) if style.mix == "beta" else np.zeros(size)
            for block in style.blocks
        }
        if style.one_of:
            chosen = generator.choice(np.array(style.blocks), size)
            shares = {block: np.where(chosen == block, share, 1.0) for block, share in shares.items()}
        return cls(order, shares)

    def window(self, start: int, stop: int) -> NDArray[np.int64]:
        """The places `start` to `stop` and those that their O' depends on, int64 (stop - start + reach,)."""
        return np.arange(start, stop + self.reach) % self.size

    def streams(
        self, network: TwoStreamExtractor, x: Tensor, start: int, stop: int, adapted: bool
    ) -> tuple[Tensor, Tensor]:
        """O of the window, (stop - start + reach, features), and O' of the places `start` to `stop`.

        Args:
            network: in eval mode.
            x: its input, (stop - start + reach, 3, T, size, size), of the tubes at `window(start, stop)`.
            start: first place.
            stop: place behind the last.
            adapted: whether the adapters take part.
        """
        places = self.window(start, stop)
        last = len(places) - 1
        # near the end of the window a tube has no donor there; what becomes of it reaches none of the places asked for
        donors = {block: np.minimum(np.arange(len(places)) + k, last) for k, block in enumerate(self.keep, start=1)}
        permutation = {block: torch.from_numpy(donor).to(x.device) for block, donor in donors.items()}
        keep = {block: torch.from_numpy(share[places]).to(x) for block, share in self.keep.items()}
        style = StyleDraw(permutation, {block: share.view(-1, 1, 1, 1, 1) for block, share in keep.items()})
        clean, restyled = network(x, StreamDraw(style, None, adapted))
        return clean, restyled[: stop - start]
