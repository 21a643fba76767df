"""Each objective against a plain loop over the batch."""

import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from syrfa.losses import (
    classification_loss,
    consistency_loss,
    domain_accuracy,
    domain_loss,
    draw_order,
    permute_frames,
    puzzle_loss,
    reversal_coefficient,
)

CPU = torch.device("cpu")


def naive_cross_entropy(rows, targets):
    total = 0.0
    for row, target in zip(rows, targets, strict=True):
        total += math.log(sum(math.exp(v) for v in row)) - row[target]
    return total / len(targets)


@given(st.integers(1, 6), st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_classification_loss(batch, seed):
    generator = torch.Generator().manual_seed(seed)
    clean, augmented = torch.randn(2, batch, 2, dtype=torch.float64, generator=generator) * 3
    labels = torch.randint(0, 2, (batch,), generator=generator)
    expected = sum(naive_cross_entropy(rows.tolist(), labels.tolist()) for rows in (clean, augmented))
    assert classification_loss(clean, augmented, labels).item() == pytest.approx(expected, abs=1e-9)


@given(st.integers(1, 5), st.integers(1, 7), st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_consistency_loss(batch, features, seed):
    d = torch.randn(batch, features, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    norms = [math.sqrt(sum(v * v for v in row)) for row in d.tolist()]
    assert consistency_loss(d).item() == pytest.approx(sum(norms) / batch, abs=1e-9)
    squares = [v * v for row in d.tolist() for v in row]
    assert consistency_loss(d, "mse").item() == pytest.approx(sum(squares) / len(squares), abs=1e-9)


@pytest.mark.parametrize("norm", ["l2", "mse"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_consistency_gradient_is_finite_where_the_streams_agree(norm, dtype):
    d = torch.randn(3, 5).to(dtype)
    d[1] = 0
    d.requires_grad_()
    loss = consistency_loss(d, norm)
    (gradient,) = torch.autograd.grad(loss, d, create_graph=True)
    assert gradient.isfinite().all()
    assert (gradient[1] == 0).all()
    (second,) = torch.autograd.grad(gradient.square().sum(), d)
    assert second.isfinite().all()


@given(st.integers(1, 4), st.integers(1, 9), st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_puzzle_loss(batch, frames, seed):
    torch.manual_seed(seed)
    logits = torch.randn(batch, frames, frames, dtype=torch.float64)
    order = draw_order(batch, frames, CPU)
    per_tube = [naive_cross_entropy(rows.tolist(), places.tolist()) for rows, places in zip(logits, order, strict=True)]
    assert puzzle_loss(logits, order).item() == pytest.approx(sum(per_tube) / batch, abs=1e-9)


@given(st.integers(1, 4), st.integers(1, 9), st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_frame_i_of_a_permuted_tube_was_at_position_order_i(batch, frames, seed):
    torch.manual_seed(seed)
    tubes = torch.randn(batch, 2, frames, 3, 4)
    order = draw_order(batch, frames, CPU)
    permuted = permute_frames(tubes, order)
    assert permuted.shape == tubes.shape
    for b in range(batch):
        for i in range(frames):
            assert torch.equal(permuted[b, :, i], tubes[b, :, order[b, i]])


def test_naming_the_true_positions_solves_the_puzzle():
    """The frames carry their position as a grey value, so a perfect head can read it off the permuted tube."""
    torch.manual_seed(0)
    tubes = torch.arange(5.0).view(1, 1, 5, 1, 1).expand(8, 3, 5, 2, 2)
    order = draw_order(8, 5, CPU)
    read = permute_frames(tubes, order)[:, 0, :, 0, 0]
    perfect = 50.0 * torch.nn.functional.one_hot(read.long(), 5)
    assert puzzle_loss(perfect, order) < 1e-6
    inverse = 50.0 * torch.nn.functional.one_hot(read.long().argsort(dim=1), 5)
    assert puzzle_loss(inverse, order) > 1  # the inverse permutation is not the answer
    assert puzzle_loss(torch.zeros(8, 5, 5), order).item() == pytest.approx(math.log(5), rel=1e-6)


def test_orders_are_permutations_drawn_evenly():
    torch.manual_seed(0)
    orders = draw_order(3000, 3, CPU)
    assert orders.dtype == torch.int64
    assert (orders.sort(dim=1).values == torch.arange(3)).all()
    counts = torch.unique(orders, dim=0, return_counts=True)[1]
    assert len(counts) == 6
    assert counts.min() > 400
    assert counts.max() < 600


# --- the domain objective and the reversal's coefficient (Table 5)


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_domain_loss_and_accuracy_equal_plain_loops(sources, reals, seed):
    generator = torch.Generator().manual_seed(seed)
    logits = [torch.randn(n, 2, dtype=torch.float64, generator=generator) * 3 for n in (sources, reals)]
    losses, right = [], []
    for domain, rows in enumerate(logits):
        each = [math.log(sum(math.exp(v) for v in row)) - row[domain] for row in rows.tolist()]
        losses.append(sum(each) / len(each))
        right.append(sum((b > a) == (domain == 1) for a, b in rows.tolist()) / len(rows))
    assert domain_loss(*logits).item() == pytest.approx(sum(losses) / 2, abs=1e-9)
    assert domain_accuracy(*logits).item() == pytest.approx(sum(right) / 2, abs=1e-6)


def test_chance_is_ln_2_and_one_half_whatever_the_sizes():
    source, real = torch.zeros(8, 2, dtype=torch.float64), torch.zeros(2, 2, dtype=torch.float64)
    assert domain_loss(source, real).item() == pytest.approx(math.log(2), abs=1e-12)
    always_source = torch.tensor([[1.0, 0.0]])
    assert domain_accuracy(always_source.expand(8, 2), always_source.expand(2, 2)).item() == 0.5


def test_a_head_that_knows_only_how_often_each_occurs_gains_nothing():
    prior = torch.tensor([[math.log(0.8), math.log(0.2)]])
    assert domain_loss(prior.expand(8, 2), prior.expand(2, 2)).item() > math.log(2)


@pytest.mark.parametrize("alpha", [10.0, 1.0, 0.0, 1e4])
def test_coefficient_equals_the_formula(alpha):
    for p in (0.0, 1e-3, 0.1, 0.37, 0.5, 1.0):
        naive = 2 / (1 + float(torch.tensor(-alpha * p, dtype=torch.float64).exp())) - 1
        assert reversal_coefficient(p, alpha) == pytest.approx(naive, abs=1e-15)


def test_coefficient_rises_from_nothing_to_one():
    values = [reversal_coefficient(p / 100) for p in range(101)]
    assert values[0] == 0
    assert all(low < high for low, high in pairwise(values))
    assert values[-1] == pytest.approx(0.9999092, abs=1e-7)
    assert reversal_coefficient(1.0, alpha=1) == pytest.approx(0.4621172, abs=1e-7)
    assert reversal_coefficient(0.11) == pytest.approx(0.5, abs=0.01)
