"""Progress and learning-rate factor of a run."""

import math
from types import SimpleNamespace

import pytest

from syrfa.modules.steps import progress, rate_factor


def run(step, total):
    return SimpleNamespace(global_step=step, estimated_stepping_batches=total)


@pytest.mark.parametrize(("step", "total", "share"), [(0, 7, 0), (3, 12, 0.25), (12, 12, 1), (20, 12, 1)])
def test_progress_and_cosine(step, total, share):
    assert progress(run(step, total)) == share
    assert rate_factor(run(step, total), "cosine") == pytest.approx((1 + math.cos(math.pi * share)) / 2)
    assert rate_factor(run(step, total), "constant") == 1


def test_a_run_without_an_end_has_no_progress_and_keeps_its_rate():
    endless = run(1000, float("inf"))
    assert progress(endless) is None
    assert rate_factor(endless, "cosine") == 1
