"""The calibrated readings of a test: training normals of the target are scored by the model under test."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from lightning import Trainer
from numpy.typing import NDArray

from syrfa.errors import ConfigError
from syrfa.evaluation import Calibration, ObjectScores, Protocol, box_width
from syrfa.evaluation.collector import ScoreCollector, data_of, objects_of
from syrfa.evaluation.evaluate import Labels, evaluate
from syrfa.evaluation.frame_curves import FrameCurves
from syrfa.evaluation.metrics.alarms import AlarmRule
from syrfa.evaluation.training_normals import GEOMETRY, QUANTILES, Method, check_quantiles
from syrfa.tubes.datamodule import EvaluatedSplit

ALARM_LEVELS = (0.5, 0.9)
"""Scores from which `called_abnormal` counts; a score is a probability."""


class NormalCalibration:
    """Scores boxes of the target's training split and reports the test again with scores calibrated by them.

    Args:
        methods: see `syrfa.evaluation.Calibration`; without one nothing is done.
        neighbours: see there.
        boxes: about as many boxes are scored, those of every n-th frame.
        quantiles: see there.

    Raises:
        ConfigError: a number is out of range.
    """

    def __init__(
        self, methods: Sequence[Method], neighbours: int, boxes: int, quantiles: tuple[float, float] = QUANTILES
    ) -> None:
        check_quantiles(quantiles)
        for name, value in (("neighbours", neighbours), ("boxes", boxes)):
            if value < 1:
                raise ConfigError(f"evaluation.calibration_{name}={value}: give a number of at least 1")
        self.methods = tuple(methods)
        self.neighbours, self.boxes, self.quantiles = neighbours, boxes, quantiles

    def setup(self, trainer: Trainer) -> None:
        """Builds the tubes of the training split where they are missing, in one process a machine.

        Raises:
            ConfigError: the test is not of the target.
        """
        data = data_of(trainer)
        if data.stage_domain["test"] != "target":
            raise ConfigError(
                "evaluation.calibration: it takes the target's training split, which is normal by definition; "
                "set data.test_on to target, or evaluation.calibration to []"
            )
        if trainer.local_rank == 0:
            data.prepare_normals()
        trainer.strategy.barrier("training normals")

    def readings(
        self,
        trainer: Trainer,
        test: EvaluatedSplit,
        objects: Sequence[ObjectScores],
        labels: Labels,
        protocols: Sequence[Protocol],
        bootstrap: int,
        alarms: AlarmRule,
        kept: FrameCurves | None = None,
    ) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
        """One evaluation per method and protocol that uses no test statistics, and what the normals scored.

        Every process must call this. Beside `box_width` stand `uncalibrated`, the model's own scores, and
        `calibrated_geometry`, the same without the network: its geometry alone, or for methods that have none, the
        widths in place of the scores. The second part is that of `called_abnormal`; None where there is no method.
        """
        if not self.methods:
            return [], None
        split, every = data_of(trainer).training_normals(self.boxes)
        normals = score_normals(trainer, split)
        source = {
            "every_frame": every,
            "normal_split": split.split,
            "normal_manifest_sha256": split.manifest_hash,
            # true only where a config names the test split as the one to train on
            "test_statistics": split.manifest_hash == test.manifest_hash,
        }
        normal_widths, widths = ([box_width(video) for video in videos] for videos in (normals, objects))
        readings = []
        for method in self.methods:
            calibration = Calibration(normals, method, self.neighbours, self.quantiles)
            if method in GEOMETRY:
                geometry = [calibration.apply(video, scored=False) for video in objects]
            else:
                by_width = Calibration(normal_widths, method, self.neighbours, self.quantiles)
                geometry = [by_width.apply(video) for video in widths]
            calibrated = [calibration.apply(video) for video in objects]
            others = {"without_reference": objects, "reference_geometry": geometry}
            for protocol in protocols:
                settings = protocol.describe()
                if settings["test_statistics"]:
                    continue
                reading = evaluate(calibrated, labels, protocol, bootstrap, others=others, alarms=alarms, kept=kept)
                readings.append({**reading, "protocol": {**settings, **calibration.describe(), **source}})
        return readings, {"split": split.split, "every_frame": every, **called_abnormal(normals)}


def called_abnormal(normals: Sequence[ObjectScores]) -> dict[str, Any]:
    """How many normal boxes the model calls abnormal, before any calibration.

    Returns:
        `objects`, `above` (the shares of boxes that score above 0.5 and above 0.9), and both again as `wide` for boxes
        wider than they are high: groups, bicycles, and the strips and torsos that a detector makes of people.
    """
    score = np.concatenate([video.object_score for video in normals])
    xyxy = np.concatenate([video.object_xyxy for video in normals])
    wide = xyxy[:, 2] - xyxy[:, 0] > xyxy[:, 3] - xyxy[:, 1]
    return {**_above(score), "wide": _above(score[wide])}


def _above(score: NDArray[np.float64]) -> dict[str, Any]:
    above = {str(level): float((score > level).mean()) if len(score) else None for level in ALARM_LEVELS}
    return {"objects": len(score), "above": above}


def score_normals(trainer: Trainer, split: EvaluatedSplit) -> list[ObjectScores]:
    """The boxes of `split` with the scores of the trainer's module, through its adapters where it has any.

    The batches are dealt out to the processes as those of a test are; every process gets all scores.
    """
    collector, strategy = ScoreCollector(), trainer.strategy
    with torch.no_grad():
        for number, batch in enumerate(data_of(trainer).ordered_dataloader(split)):
            collector.add(strategy.predict_step(strategy.batch_to_device(batch), number))
    return objects_of(split, collector.gather(split.rows)["score"])
