"""What changes over a run: its progress, and the learning rate that follows it."""

import math
from typing import Literal

from lightning import Trainer

RateSchedule = Literal["constant", "cosine"]


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
