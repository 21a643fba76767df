"""Object scores of the Trainer's batches, over all processes, as one `ObjectScores` a video."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from lightning import Trainer
from numpy.typing import NDArray
from torch import Tensor

from syrfa.errors import ConfigError
from syrfa.evaluation.reference import ReferenceScores
from syrfa.evaluation.scores import ObjectScores, hold
from syrfa.tubes.datamodule import TubeDataModule
from syrfa.tubes.source import EvaluatedSplit
from syrfa.utils.process import of_every_process


class ScoreCollector:
    """Holds every tube's row and scores until an evaluation ends."""

    def __init__(self) -> None:
        self.rows: list[NDArray[np.int64]] = []
        self.scores: dict[str, list[NDArray[np.float64]]] = {"score": []}

    def add(self, outputs: Tensor | Mapping[str, Tensor] | None) -> None:
        """Takes a step's outputs: `row` int64 (B,), `score` float (B,) and, from every step or none, others like it."""
        if not isinstance(outputs, Mapping):
            raise TypeError(f"a step returned {type(outputs).__name__}, not row and score")
        self.rows.append(outputs["row"].cpu().numpy())
        for name in outputs.keys() - {"row"}:
            self.scores.setdefault(name, []).append(outputs[name].double().cpu().numpy())

    def gather(self, expected: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
        """`score` and the others, float64 (n,), in the order of `expected`, on every rank; a row counts once.

        RuntimeError where a row was not scored, or a score is not finite.
        """
        parts = of_every_process((self.rows, self.scores))
        rows = np.concatenate([np.empty(0, np.int64), *(batch for part, _ in parts for batch in part)])
        rows, first = np.unique(rows, return_index=True)
        order = np.argsort(expected, kind="stable")
        if not np.array_equal(rows, expected[order]):
            raise RuntimeError(f"{len(rows)} tubes were scored where {len(expected)} were expected")
        gathered = {}
        for name in sorted({name for _, scores in parts for name in scores}):
            found = np.empty(len(expected))
            scored = [batch for _, scores in parts for batch in scores.get(name, ())]
            found[order] = np.concatenate([np.empty(0), *scored])[first]
            if not np.isfinite(found).all():
                raise RuntimeError("a score is not finite: the weights have diverged")
            gathered[name] = found
        return gathered


def data_of(trainer: Trainer, *accessors: str) -> TubeDataModule:
    """The trainer's DataModule: a `TubeDataModule`, or any other with the accessors that are used of it.

    Always: `use(stage)`, None where the stage (`validate` or `test`) has no split, and `evaluated(stage)`, an object
    like `EvaluatedSplit`: `cache` (with `index`, `video_infos`, `frame_labels(number)`, `spec.temporal_radius`, `key`),
    `rows`, `source`, `domain`, `dataset`, `split` and `manifest_hash`. Optional: `switches` and `oracle`. For reference
    scores: `prepare_normals()`, `training_normals(boxes)` and `ordered_dataloader(split)`; for the feature distance:
    `eval_batch_size`. ConfigError where one is missing.
    """
    data: Any = trainer.datamodule  # type: ignore[attr-defined]  # Trainer sets it when it attaches the data
    absent = [name for name in ("use", "evaluated", *accessors) if not hasattr(data, name)]
    if absent:
        raise ConfigError(
            f"FrameAUC: a {type(data).__name__} has no {', '.join(absent)}; give the Trainer a TubeDataModule, or a "
            "DataModule with the accessors that `syrfa.evaluation.collector.data_of` lists"
        )
    found: TubeDataModule = data
    return found


def objects_of(split: EvaluatedSplit, scores: NDArray[np.float64]) -> list[ObjectScores]:
    """One `ObjectScores` for every video of the split, from scores float64 (n,) in the order of `split.rows`."""
    index = split.cache.index
    video = index.video[split.rows]
    found = []
    for number, info in enumerate(split.cache.video_infos):
        rows, own = split.rows[video == number], scores[video == number]
        size = info.frames, info.height, info.width
        objects = ObjectScores(info.name, *size, index.frame[rows], index.xyxy[rows], own)
        found.append(hold(objects, getattr(info, "centres", None)))
    return found


def labels_of(split: EvaluatedSplit) -> Sequence[NDArray[np.uint8]] | None:
    """Frame labels of every video, or None when the split has none."""
    labels = [split.cache.frame_labels(number) for number in range(len(split.cache.video_infos))]
    known = [label for label in labels if label is not None]
    return known if len(known) == len(labels) else None


def prepare_reference(trainer: Trainer) -> None:
    """Builds missing tubes of the target's training split, in one process a machine; ConfigError for another domain."""
    data = data_of(trainer, "prepare_normals", "training_normals", "ordered_dataloader")
    if data.evaluated("test").domain != "target":
        raise ConfigError(
            "evaluation.reference: it takes the target's training split, which is normal by definition; set "
            "data.test_on to target, or evaluation.reference to []"
        )
    if trainer.local_rank == 0:
        data.prepare_normals()
    trainer.strategy.barrier("training normals")


def score_reference(trainer: Trainer, tested: EvaluatedSplit, boxes: int) -> ReferenceScores:
    """About `boxes` normals of the target's training split with the module's scores. Every process must call it."""
    split, every = data_of(trainer).training_normals(boxes)
    collector, strategy = ScoreCollector(), trainer.strategy
    with torch.no_grad():
        for number, batch in enumerate(data_of(trainer).ordered_dataloader(split)):
            collector.add(strategy.predict_step(strategy.batch_to_device(batch), number))
    objects = objects_of(split, collector.gather(split.rows)["score"])
    same = split.manifest_hash == tested.manifest_hash
    return ReferenceScores(objects, split.split, every, split.manifest_hash, same)


def is_partial(limit: float) -> bool:
    """Whether a `limit_*_batches` leaves out a part of the split: 1.0 is everything, 1 is one batch."""
    return not isinstance(limit, float) or limit < 1.0
