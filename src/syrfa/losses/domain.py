"""Telling the domains apart: the objective of the gradient reversal baseline (Table 5), and its coefficient."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F


def domain_loss(source_logits: Tensor, real_logits: Tensor) -> Tensor:
    """Cross-entropy of the domain, averaged over each domain's tubes and then over both domains; ln 2 by chance.

    The domains weigh the same however many tubes each has: a batch holds twice as many of the source, and a head that
    learned only how often each occurs would already be better than chance on the plain mean.

    Args:
        source_logits: (B, 2), of tubes of the source, domain 0.
        real_logits: (B', 2), of tubes of the target, domain 1.
    """
    source = torch.zeros(len(source_logits), dtype=torch.int64, device=source_logits.device)
    real = torch.ones(len(real_logits), dtype=torch.int64, device=real_logits.device)
    return (F.cross_entropy(source_logits, source) + F.cross_entropy(real_logits, real)) / 2


def domain_accuracy(source_logits: Tensor, real_logits: Tensor) -> Tensor:
    """The mean of both domains' shares of tubes told right, in [0, 1]; 0.5 by chance. Arguments as `domain_loss`."""
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
