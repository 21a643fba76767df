"""The two puzzles of stage 0, their loss, and normality as how well they are solved (docs/method.md).

Facts about [23] come from its published code: the blank border, the labels' conventions, what a static tube does. The
permutations themselves are drawn by the caller (`draw_order`); the frames are permuted by `permute_frames`.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from syrfa.losses.objectives import puzzle_loss

GRID = 3  # patches along a side


def patch_grid(size: int) -> tuple[int, int]:
    """Border and side of a patch in pixels, with 3 * patch + 2 * border = size.

    [23] has 2 and 20 at 64 pixels. At another size the patch is the largest one of at most 20/64 of it that leaves
    the same whole border on both sides: 1 and 10 at 32, 2 and 4 at 16, 3 and 14 at 48.

    Args:
        size: side of the tube in pixels; even, at least 8.
    """
    patch = 2 * (size * 10 // 64)  # an odd patch in an even size would leave half a pixel
    return (size - GRID * patch) // 2, patch


def blank_border(x: Tensor) -> Tensor:
    """Tubes (B, C, T, S, S) with zeros in the border around the patches; so is every input of the network in [23]."""
    size = x.shape[-1]
    border, _ = patch_grid(size)
    return F.pad(x[..., border : size - border, border : size - border], (border, border, border, border))


def permute_patches(x: Tensor, places: Tensor) -> Tensor:
    """Tubes (B, C, T, S, S) whose patches are moved, in every frame alike, inside a blank border.

    `places`, int64 (B, 9), is the place that each patch is moved to; patches and places count row by row.
    """
    batch, channels, frames, size, _ = x.shape
    border, patch = patch_grid(size)
    inner = x[..., border : size - border, border : size - border]
    grid = inner.reshape(batch, channels, frames, GRID, patch, GRID, patch).permute(0, 3, 5, 1, 2, 4, 6)
    source = places.argsort(dim=1)  # the inverse: which patch comes to each place
    moved = grid.flatten(1, 2)[torch.arange(batch, device=x.device)[:, None], source]
    back = (
        moved.view(batch, GRID, GRID, channels, frames, patch, patch).permute(0, 3, 4, 1, 5, 2, 6).reshape(inner.shape)
    )
    return F.pad(back, (border, border, border, border))


def flip_some(x: Tensor, chosen: Tensor) -> Tensor:
    """Tubes (B, C, T, H, W), those of `chosen`, bool (B,), mirrored left to right."""
    return torch.where(chosen[:, None, None, None, None], x.flip(-1), x)


def is_static(x: Tensor, threshold: float) -> Tensor:
    """Bool (B,): no value of the last frame of x (B, C, T, H, W) differs from the first's by `threshold` or more."""
    return (x[:, :, -1] - x[:, :, 0]).abs().amax(dim=(1, 2, 3)) < threshold


def keep_in_order(order: Tensor, static: Tensor) -> Tensor:
    """Frame orders int64 (B, T) with the identity in place of those of `static`, bool (B,)."""
    return torch.where(static[:, None], torch.arange(order.shape[1], device=order.device), order)


def jigsaw_losses(
    temporal_logits: Tensor, order: Tensor, spatial_logits: Tensor, places: Tensor
) -> tuple[Tensor, Tensor]:
    """The temporal and the spatial cross-entropy, each averaged over its own tubes and pieces; [23] adds them.

    The conventions differ. Temporal row i, of (B, T, T), is about place i: its label, `order` of `permute_frames`, is
    where the frame now there came from. Spatial row p, of (B', 9, 9), is about patch p: its label, `places` of
    `permute_patches`, is where that patch went.
    """
    return puzzle_loss(temporal_logits, order), puzzle_loss(spatial_logits, places)


def puzzle_normality(logits: Tensor) -> Tensor:
    """(B,) in [0, 1]: the smallest probability, of logits (B, n, n), that an unmoved piece is given for its place."""
    return logits.softmax(dim=-1).diagonal(dim1=-2, dim2=-1).amin(dim=-1)


def jigsaw_normality(temporal_logits: Tensor, spatial_logits: Tensor) -> Tensor:
    """(B,) in [0, 1]: the mean of both puzzles' normalities.

    [23] scales each puzzle's frame scores by the extremes of the test video before it averages them; that takes
    statistics of test data, and an object's score here uses nothing but the object.
    """
    return (puzzle_normality(temporal_logits) + puzzle_normality(spatial_logits)) / 2
