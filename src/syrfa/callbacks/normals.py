"""The calibrated readings of a test: training normals of the target are scored by the model under test."""

from collections.abc import Sequence
from typing import Any

import torch
from lightning import Trainer

from syrfa.callbacks.collector import ScoreCollector, data_of, objects_of
from syrfa.errors import ConfigError
from syrfa.metrics.evaluation import Labels, evaluate
from syrfa.scoring import Calibration, ObjectScores, Protocol, box_width
from syrfa.scoring.calibration import GEOMETRY, Method
from syrfa.tubes.datamodule import EvaluatedSplit


class NormalCalibration:
    """Scores boxes of the target's training split and reports the test again with scores calibrated by them.

    Args:
        methods: see `syrfa.scoring.Calibration`; without one nothing is done.
        neighbours: see there.
        boxes: about as many boxes are scored, those of every n-th frame.

    Raises:
        ConfigError: a number is out of range.
    """

    def __init__(self, methods: Sequence[Method], neighbours: int, boxes: int) -> None:
        for name, value in (("neighbours", neighbours), ("boxes", boxes)):
            if value < 1:
                raise ConfigError(f"evaluation.calibration_{name}={value}: give a number of at least 1")
        self.methods = tuple(methods)
        self.neighbours, self.boxes = neighbours, boxes

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
    ) -> list[dict[str, Any]]:
        """One evaluation per method and protocol that uses no test statistics; every process must call this.

        Beside `box_width` stand `uncalibrated`, the model's own scores, and `calibrated_geometry`, the same
        without the network: its geometry alone, or for methods that have none, the widths in place of the scores.
        """
        if not self.methods:
            return []
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
            calibration = Calibration(normals, method, self.neighbours)
            if method in GEOMETRY:
                geometry = [calibration.apply(video, scored=False) for video in objects]
            else:
                by_width = Calibration(normal_widths, method, self.neighbours)
                geometry = [by_width.apply(video) for video in widths]
            calibrated = [calibration.apply(video) for video in objects]
            others = {"uncalibrated": objects, "calibrated_geometry": geometry}
            for protocol in protocols:
                settings = protocol.describe()
                if settings["test_statistics"]:
                    continue
                reading = evaluate(calibrated, labels, protocol, bootstrap, others=others)
                readings.append({**reading, "protocol": {**settings, **calibration.describe(), **source}})
        return readings


def score_normals(trainer: Trainer, split: EvaluatedSplit) -> list[ObjectScores]:
    """The boxes of `split` with the scores of the trainer's module, through its adapters where it has any.

    The batches are dealt out to the processes as those of a test are; every process gets all scores.
    """
    collector, strategy = ScoreCollector(), trainer.strategy
    with torch.no_grad():
        for number, batch in enumerate(data_of(trainer).ordered_dataloader(split)):
            collector.add(strategy.predict_step(strategy.batch_to_device(batch), number))
    return objects_of(split, collector.gather(split.rows)["score"])
