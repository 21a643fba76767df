"""What the training steps of several modules share: batches, random choices over all processes, terms, schedules."""

import math
from collections.abc import Callable, Sequence
from typing import Literal

import torch
from lightning import Trainer
from torch import Tensor, distributed

from syrfa.losses import draw_order, permute_frames, puzzle_loss, stream_difference
from syrfa.losses.objectives import ConsistencyInput
from syrfa.models import ConsistencyHead, JointBatch, TemporalHead, TwoStreamExtractor

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
    """L_aux of tubes x (B, 3, T, size, size), each put into an order of its own (Eq. 9).

    Args:
        network: the clean path of it is taken.
        temporal: f_t.
        x: this process' part of the joint batch.
        adapted: whether the adapters take part.
    """
    joint = joint_batch(len(x))
    order = joint.part(draw_order(joint.size, x.shape[2], x.device))
    return puzzle_loss(temporal(network.clean(permute_frames(x, order), joint, adapted)), order)


def adaptation_terms(
    network: TwoStreamExtractor,
    consistency: ConsistencyHead,
    temporal: TemporalHead,
    x: Tensor,
    puzzle: Tensor,
    loss: Callable[[Tensor], Tensor],
    order: ConsistencyInput,
) -> tuple[Tensor, Tensor]:
    """L_cont and L_aux of phase 2, through the adapters (Eq. 12-15 and 19).

    Args:
        network: with adapters.
        consistency: f_c.
        temporal: f_t.
        x: normal real tubes, (B, 3, T, size, size).
        puzzle: normal real tubes for the puzzle, likewise.
        loss: L_cont as a function of f_c(O - O').
        order: which stream is taken from which.
    """
    clean, augmented = network(x, network.draw(x, joint_batch(len(x))))
    l_cont = loss(consistency(stream_difference(clean, augmented, order)))
    return l_cont, puzzle_term(network, temporal, puzzle, adapted=True)


def progress(trainer: Trainer) -> float | None:
    """The share of a run's updates that is done, in [0, 1]: 0 in the first one. None where the run has no end.

    It counts updates and not batches, which differ where gradients are accumulated.
    """
    total = trainer.estimated_stepping_batches
    if not math.isfinite(total):
        return None
    return min(1.0, trainer.global_step / total)


def rate_factor(trainer: Trainer, schedule: RateSchedule) -> float:
    """The factor on the learning rate for this update, in [0, 1].

    Args:
        trainer: of the run.
        schedule: `cosine` falls to 0 over the run, and stays at 1 where the run has no end; `constant` is 1.
    """
    done = progress(trainer) if schedule == "cosine" else None
    return 1.0 if done is None else 0.5 * (1 + math.cos(math.pi * done))
