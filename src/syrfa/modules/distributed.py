"""Gradients taken with `autograd.grad` bypass DistributedDataParallel's reducer: they are averaged here."""

from collections.abc import Sequence

import torch
from torch import Tensor, distributed


def average_over_ranks(gradients: Sequence[Tensor]) -> list[Tensor]:
    """The mean of each gradient over all ranks, in one collective; the gradients themselves in a single process."""
    if not (distributed.is_available() and distributed.is_initialized() and distributed.get_world_size() > 1):
        return list(gradients)
    flat = torch.cat([g.reshape(-1) for g in gradients])
    distributed.all_reduce(flat)
    flat /= distributed.get_world_size()
    parts = torch.split(flat, [g.numel() for g in gradients])
    return [part.view_as(g) for part, g in zip(parts, gradients, strict=True)]
