"""What the training steps of several modules share: batches, random choices over all processes, terms, schedules."""

import math
from collections.abc import Sequence
from typing import Literal

import torch
from lightning import Trainer
from torch import Tensor, distributed

from syrfa.losses import draw_order, permute_frames, puzzle_loss
from syrfa.models import JointBatch, TemporalHead, TwoStreamExtractor

RateSchedule = Literal["constant", "cosine"]


def processes() -> int:
    """How many processes train together."""
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_world_size()
    return 1


def average_over_ranks(gradients: Sequence[Tensor]) -> list[Tensor]:
    """The mean of each gradient over all ranks, in one collective; the gradients themselves in a single process.

    Gradients taken with `autograd.grad` bypass DistributedDataParallel's reducer.
    """
    if processes() == 1:
        return list(gradients)
    flat = torch.cat([g.reshape(-1) for g in gradients])
    distributed.all_reduce(flat)
    flat /= processes()
    parts = torch.split(flat, [g.numel() for g in gradients])
    return [part.view_as(g) for part, g in zip(parts, gradients, strict=True)]


def joint_batch(*groups: int) -> JointBatch:
    """The joint batch of all processes, each of which holds groups of these sizes, one behind the other.

    It has the same groups, in each the samples of rank 0, then those of rank 1, and so on, as in one process.
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


def labelled_tubes(batch: dict[str, Tensor]) -> tuple[Tensor, Tensor, JointBatch]:
    """Tubes uint8 (B, T, S, S, C), labels int64 (B,), 1 = abnormal, and the joint batch that they are a part of.

    Args:
        batch: with `labelled` and `label`; or with `normal` and `abnormal`, which are put one behind the other.
    """
    if "labelled" in batch:
        return batch["labelled"], batch["label"], joint_batch(len(batch["label"]))
    tubes = torch.cat([batch["normal"], batch["abnormal"]])
    labels = torch.zeros(len(tubes), dtype=torch.int64, device=tubes.device)
    labels[len(batch["normal"]) :] = 1
    return tubes, labels, joint_batch(len(batch["normal"]), len(batch["abnormal"]))


def puzzle_term(network: TwoStreamExtractor, temporal: TemporalHead, x: Tensor, adapted: bool) -> Tensor:
    """L_aux of tubes x (B, 3, T, size, size) of the joint batch, each put into an order of its own (Eq. 9)."""
    joint = joint_batch(len(x))
    order = joint.part(draw_order(joint.size, x.shape[2], x.device))
    return puzzle_loss(temporal(network.clean(permute_frames(x, order), joint, adapted)), order)


def progress(trainer: Trainer) -> float | None:
    """The share of a run's updates (not batches) that is done, 0 in the first one; None where the run has no end."""
    total = trainer.estimated_stepping_batches
    if not math.isfinite(total):
        return None
    return min(1.0, trainer.global_step / total)


def rate_factor(trainer: Trainer, schedule: RateSchedule) -> float:
    """The factor on the learning rate for this update: `cosine` falls from 1 to 0 over a run that has an end."""
    done = progress(trainer) if schedule == "cosine" else None
    return 1.0 if done is None else 0.5 * (1 + math.cos(math.pi * done))
