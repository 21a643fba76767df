"""Objectives as pure functions, one per equation, the gradient alignment, and the puzzles of stage 0."""

from syrfa.losses.alignment import (
    alignment_loss,
    consistency_head_gradient,
    difference_jvp,
    gradient_cosine,
    normalise_gradient,
)
from syrfa.losses.jigsaw import (
    blank_border,
    flip_some,
    is_static,
    jigsaw_losses,
    jigsaw_normality,
    keep_in_order,
    patch_grid,
    permute_patches,
    puzzle_normality,
)
from syrfa.losses.objectives import (
    classification_loss,
    consistency_loss,
    domain_accuracy,
    domain_loss,
    draw_order,
    permute_frames,
    puzzle_loss,
    reversal_coefficient,
    stream_difference,
)

__all__ = [
    "alignment_loss",
    "blank_border",
    "classification_loss",
    "consistency_head_gradient",
    "consistency_loss",
    "difference_jvp",
    "domain_accuracy",
    "domain_loss",
    "draw_order",
    "flip_some",
    "gradient_cosine",
    "is_static",
    "jigsaw_losses",
    "jigsaw_normality",
    "keep_in_order",
    "normalise_gradient",
    "patch_grid",
    "permute_frames",
    "permute_patches",
    "puzzle_loss",
    "puzzle_normality",
    "reversal_coefficient",
    "stream_difference",
]
