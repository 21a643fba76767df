"""What training steps share: labelled batches, and the progress and learning-rate factor of a run."""

import math
from types import SimpleNamespace

import pytest
import torch

from syrfa.modules.steps import labelled_tubes, progress, rate_factor


def test_normal_and_abnormal_tubes_are_put_together(loader):
    batch = loader(1, batch=3).dataset[0]
    batch["abnormal"] = batch["abnormal"][:2]
    tubes, labels, _ = labelled_tubes(batch)
    assert torch.equal(tubes, torch.cat([batch["normal"], batch["abnormal"]]))
    assert labels.tolist() == [0, 0, 0, 1, 1]
    assert labels.dtype == torch.int64


def test_labelled_tubes_are_taken_as_they_are(loader):
    batch = {**loader(1, groups=("labelled", "puzzle")).dataset[0], "label": torch.tensor([1, 0, 0, 1])}
    tubes, labels, _ = labelled_tubes(batch)
    assert tubes is batch["labelled"]
    assert labels is batch["label"]


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
