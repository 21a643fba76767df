"""The domain objective and the reversal's coefficient, against plain loops and numbers."""

import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from syrfa.losses import domain_accuracy, domain_loss, reversal_coefficient


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
