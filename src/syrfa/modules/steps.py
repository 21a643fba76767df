"""The terms that more than one module's loss has, from input to number."""

from torch import Tensor

from syrfa.losses import consistency_loss, draw_order, permute_frames, puzzle_loss, stream_difference
from syrfa.losses.objectives import ConsistencyInput, ConsistencyNorm
from syrfa.models import ConsistencyHead, TemporalHead, TwoStreamExtractor
from syrfa.modules.distributed import joint_batch


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
    norm: ConsistencyNorm,
    order: ConsistencyInput,
) -> tuple[Tensor, Tensor]:
    """L_cont and L_aux of phase 2, through the adapters (Eq. 12-15 and 19).

    Args:
        network: with adapters.
        consistency: f_c.
        temporal: f_t.
        x: normal real tubes, (B, 3, T, size, size).
        puzzle: normal real tubes for the puzzle, likewise.
        norm: the norm of L_cont.
        order: which stream is taken from which.
    """
    clean, augmented = network(x, network.draw(x, joint_batch(len(x))))
    l_cont = consistency_loss(consistency(stream_difference(clean, augmented, order)), norm)
    return l_cont, puzzle_term(network, temporal, puzzle, adapted=True)
