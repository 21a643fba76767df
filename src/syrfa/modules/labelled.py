"""The labelled tubes of a training batch, in either shape that `TubeDataModule` gives them (`data.class_balance`)."""

import torch
from torch import Tensor

from syrfa.models import JointBatch
from syrfa.modules.distributed import joint_batch


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
