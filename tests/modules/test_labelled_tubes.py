"""Both shapes of a labelled batch become tubes and labels."""

import torch

from syrfa.modules.steps import labelled_tubes


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
