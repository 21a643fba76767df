"""The objectives of both phases, one function per equation of the paper, and that of gradient reversal (Table 5)."""

import math
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


def domain_loss(source_logits: Tensor, real_logits: Tensor) -> Tensor:
    """Cross-entropy of the domain, averaged over each domain's tubes, then over both domains; ln 2 by chance.

    Args:
        source_logits: (B, 2), of tubes of the source, domain 0.
        real_logits: (B', 2), of tubes of the target, domain 1; half as many.
    """
    source = torch.zeros(len(source_logits), dtype=torch.int64, device=source_logits.device)
    real = torch.ones(len(real_logits), dtype=torch.int64, device=real_logits.device)
    return (F.cross_entropy(source_logits, source) + F.cross_entropy(real_logits, real)) / 2


def domain_accuracy(source_logits: Tensor, real_logits: Tensor) -> Tensor:
    """The mean of both domains' shares of tubes classified right; 0.5 by chance. Arguments as `domain_loss`."""
    source = (source_logits.argmax(dim=1) == 0).float().mean()
    real = (real_logits.argmax(dim=1) == 1).float().mean()
    return (source + real) / 2


def reversal_coefficient(progress: float, alpha: float = 10.0) -> float:
    """How strongly the gradient is reversed: 2 / (1 + exp(-alpha p)) - 1, from 0 towards 1 (Ganin and Lempitsky).

    Args:
        progress: p, the share of the training that is done, in [0, 1].
        alpha: how early it rises: it passes 1/2 at p = 1.1 / alpha, and ends at 0.9999 for 10 and at 0.46 for 1.
    """
    return 2 / (1 + math.exp(-alpha * progress)) - 1
