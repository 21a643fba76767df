"""Restyling a whole list of tubes batch by batch: who takes whose style is settled beforehand, not by the batches."""

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from syrfa.models.streams import StreamDraw, TwoStreamExtractor
from syrfa.models.style import StyleAugmentation, StyleDraw


@dataclass(frozen=True)
class StyleRing:
    """The choices of one restyling of `len(order)` tubes.

    The tubes stand in a ring in random order. At the k-th augmented block each takes the style of the tube k places
    on: all donors of a block differ, a tube's donors differ from block to block, and none is the tube itself, for which
    O' = O would hold by construction. In training the donors are those of a random permutation of the batch, fixed
    points included.

    A donor's style at a later block is that of its own restyled stream, as in training, so a tube's O' depends on a few
    of the tubes behind it and on no other: `window` names them.

    Attributes:
        order: int64 (n,), which tube stands at each place.
        keep: for each augmented block float64 (n,), the share of its own style that the tube at a place keeps; 1 where
            the block does not restyle it.
        size: n.
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
        """O of the window and O' of its first part.

        Args:
            network: in eval mode.
            x: its input, (stop - start + reach, 3, T, size, size), of the tubes at `window(start, stop)`.
            start: first place.
            stop: place behind the last.
            adapted: whether the adapters take part.

        Returns:
            O (stop - start + reach, features), and O' (stop - start, features) of the places `start` to `stop`.
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
