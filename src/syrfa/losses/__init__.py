"""Objectives as pure functions, one per equation, and the gradient alignment."""

from syrfa.losses.alignment import (
    alignment_loss,
    consistency_head_gradient,
    difference_jvp,
    normalise_gradient,
)
from syrfa.losses.objectives import (
    classification_loss,
    consistency_loss,
    draw_order,
    permute_frames,
    puzzle_loss,
)

__all__ = [
    "alignment_loss",
    "classification_loss",
    "consistency_head_gradient",
    "consistency_loss",
    "difference_jvp",
    "draw_order",
    "normalise_gradient",
    "permute_frames",
    "puzzle_loss",
]
