"""Several processes as one: gradients averaged by hand, and the joint batch that random choices are drawn for.

Gradients taken with `autograd.grad` bypass DistributedDataParallel's reducer.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, distributed

from syrfa.models import JointBatch


def processes() -> int:
    """How many processes train together."""
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_world_size()
    return 1


def average_over_ranks(gradients: Sequence[Tensor]) -> list[Tensor]:
    """The mean of each gradient over all ranks, in one collective; the gradients themselves in a single process."""
    if processes() == 1:
        return list(gradients)
    flat = torch.cat([g.reshape(-1) for g in gradients])
    distributed.all_reduce(flat)
    flat /= processes()
    parts = torch.split(flat, [g.numel() for g in gradients])
    return [part.view_as(g) for part, g in zip(parts, gradients, strict=True)]


def joint_batch(*groups: int) -> JointBatch:
    """The joint batch of all processes, each of which holds groups of these sizes, one behind the other.

    The joint batch has the same groups, and in each the samples of rank 0, then those of rank 1, and so on: as one
    process with batches that many times as large would hold them.
    """
    world = processes()
    if world == 1:
        return JointBatch(sum(groups))
    rank = distributed.get_rank()
    starts = [world * sum(groups[:number]) for number in range(len(groups))]
    mine = torch.cat([torch.arange(n) + start + rank * n for n, start in zip(groups, starts, strict=True)])

    def gather(values: Tensor) -> Tensor:
        parts = [torch.empty_like(values, memory_format=torch.contiguous_format) for _ in range(world)]
        distributed.all_gather(parts, values.contiguous())
        split = [torch.split(part, list(groups)) for part in parts]
        return torch.cat([split[r][g] for g in range(len(groups)) for r in range(world)])

    return JointBatch(world * sum(groups), mine, gather)
