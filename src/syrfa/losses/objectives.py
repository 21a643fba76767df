"""The objectives of both phases, one function per equation of the paper (section III)."""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

EPSILON = 1e-12  # inside the root of Eq. 5: the gradient of a plain L2 norm is NaN where O = O'

ConsistencyNorm = Literal["l2", "mse"]
ConsistencyInput = Literal["clean_minus_restyled", "restyled_minus_clean"]


def classification_loss(logits: Tensor, augmented_logits: Tensor, labels: Tensor) -> Tensor:
    """L_cls = CE(f_phi(O), y) + CE(f_phi(O'), y) (Eq. 4).

    Args:
        logits: (B, 2), of the clean stream.
        augmented_logits: (B, 2), of the restyled stream.
        labels: int64 (B,), 1 = abnormal.
    """
    return F.cross_entropy(logits, labels) + F.cross_entropy(augmented_logits, labels)


def stream_difference(clean: Tensor, restyled: Tensor, order: ConsistencyInput = "clean_minus_restyled") -> Tensor:
    """What f_c scales: O - O' (Eq. 5), or O' - O as in the published script; the sign matters to ReLU and offset."""
    return clean - restyled if order == "clean_minus_restyled" else restyled - clean


def consistency_loss(scaled_difference: Tensor, norm: ConsistencyNorm = "l2") -> Tensor:
    """L_cont = || f_c(O - O') ||_2, averaged over the batch (Eq. 5).

    Args:
        scaled_difference: f_c(O - O'), (B, features).
        norm: `mse` is the published script's reading, the mean of squares over all elements.
    """
    if norm == "mse":
        return scaled_difference.square().mean()
    return (scaled_difference.square().sum(dim=1) + EPSILON).sqrt().mean()


def puzzle_loss(logits: Tensor, order: Tensor) -> Tensor:
    """L_aux: cross-entropy of the true position of every frame of a permuted tube, averaged over frames (Eq. 9).

    Args:
        logits: (B, T, T), row i scores the positions of the frame now in place i.
        order: int64 (B, T), the position each frame had before the permutation.
    """
    return F.cross_entropy(logits.flatten(0, 1), order.flatten())


def permute_frames(tubes: Tensor, order: Tensor) -> Tensor:
    """Tubes (B, C, T, H, W) whose frame i is the original's frame order[:, i]; order int64 (B, T)."""
    return torch.take_along_dim(tubes, order[:, None, :, None, None], dim=2)


def draw_order(batch: int, frames: int, device: torch.device) -> Tensor:
    """One random permutation of `frames` positions per tube, int64 (batch, frames)."""
    return torch.rand(batch, frames, device=device).argsort(dim=1)
