"""The network of stage 0, Jigsaw-VAD [23]: the extractor and a head for each puzzle (docs/method.md)."""

from torch import Tensor, nn

from syrfa.errors import ConfigError
from syrfa.models.extractor import Extractor

PATCHES = 9  # a grid of 3 x 3


class PuzzleHead(nn.Sequential):
    """Linear, ReLU, Linear: for each of n pieces, logits over its n possible places.

    Args:
        features: length of O.
        hidden: width of the hidden layer.
        pieces: n; T frames, or 9 patches.
    """

    def __init__(self, features: int, hidden: int, pieces: int) -> None:
        if hidden < 1:
            raise ConfigError(f"hidden is {hidden}; it must be at least 1")
        super().__init__(nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, pieces * pieces))
        self.pieces = pieces

    def forward(self, features: Tensor) -> Tensor:
        """Logits (B, n, n) of O (B, features): row i scores the places of piece i."""
        for layer in self:
            features = layer(features)
        return features.view(-1, self.pieces, self.pieces)


class JigsawNetwork(nn.Module):
    """Extractor, temporal head and spatial head.

    At width 32, 7 frames, 64 pixels and hidden 512 the heads have 549,937 and 566,353 parameters.

    Args:
        extractor: f_theta.
        hidden: width of both heads' hidden layer; 512 is the published one.
    """

    def __init__(self, extractor: Extractor, hidden: int = 512) -> None:
        super().__init__()
        self.extractor = extractor
        self.hidden = hidden
        self.temporal = PuzzleHead(extractor.features, hidden, extractor.frames)
        self.spatial = PuzzleHead(extractor.features, hidden, PATCHES)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Both heads on tubes (B, 3, T, size, size) in [0, 1] with a blank border; `mask` as in `Extractor`.

        Returns:
            temporal logits (B, T, T), row i of the frame now in place i over the place it came from, and spatial
            logits (B, 9, 9), row p of the patch that belongs in place p over the place it is now in.
        """
        features = self.extractor(x, mask)
        return self.temporal(features), self.spatial(features)
