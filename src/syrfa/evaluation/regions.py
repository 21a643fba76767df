"""RBDC and TBDC of a test: the data set's abnormal regions against the object scores, before any protocol."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from syrfa.datasets.base import VideoDataset
from syrfa.datasets.regions import Regions
from syrfa.errors import UserError
from syrfa.evaluation.metrics.frame_level import MetricValue
from syrfa.evaluation.metrics.metric import RegionMetric
from syrfa.evaluation.metrics.region_level import CHANCE_DRAWS, MIN_IOU, TRACK_SHARE
from syrfa.evaluation.scores import ObjectScores, box_width
from syrfa.utils.process import of_every_process, own_share


def measure_regions(
    dataset: VideoDataset,
    split: str,
    objects: Sequence[ObjectScores],
    others: Mapping[str, Sequence[ObjectScores]],
    bootstrap: int,
) -> dict[str, Any]:
    """The entry `regions` of `result.json`; `others` are further scores of the same objects, by name.

    Every process must call this: each reads the regions of a share of the videos, and gets the whole.

    Returns:
        JSON of `RegionEvaluation`; null with a reason where the regions of a video are not known or do not fit.
    """
    baselines = {"box_width": [box_width(video) for video in objects], **others}
    evaluation = RegionEvaluation(objects, baselines, bootstrap)
    unknown: list[int] = []
    failed: list[tuple[int, str]] = []
    number = -1
    try:
        records = {record.name: record for record in dataset.videos(split)}
        for number in own_share(len(objects)):
            regions = dataset.regions(replace(records[objects[number].name], frames=objects[number].frames))
            if regions is None:
                unknown.append(number)
            else:
                evaluation.add(number, regions)
    except UserError as error:  # the scores are made: masks that do not fit must not cost the whole result
        failed.append((number, str(error)))
    # exchanged before anything is gathered: a process that leaves would keep the others waiting
    everywhere = of_every_process((failed, unknown))
    failed = [failure for failures, _ in everywhere for failure in failures]
    unknown = sorted(number for _, numbers in everywhere for number in numbers)
    if failed:
        return {"value": None, "reason": min(failed)[1]}
    if unknown:
        reason = (
            f"{dataset.name} {split}: the abnormal regions of {len(unknown)} of {len(objects)} videos are not known, "
            f"first {objects[unknown[0]].name}; pixel masks or object ids would say"
        )
        return {"value": None, "reason": reason}
    return evaluation.result(dataset.region_truth)


class RegionEvaluation:
    """RBDC and TBDC of a scored split, and of other scores of the same boxes.

    The regions of a video are given to one process; all processes together give every video's.
    """

    def __init__(
        self, objects: Sequence[ObjectScores], baselines: Mapping[str, Sequence[ObjectScores]], bootstrap: int
    ) -> None:
        self._objects, self._ours = objects, RegionMetric(bootstrap)
        self._baselines = {name: (RegionMetric(bootstrap), scores) for name, scores in baselines.items()}

    def add(self, video: int, regions: Regions) -> None:
        """Adds the regions of a video, by its number within the split, once; LabelError where they do not fit."""
        for metric, scored in ((self._ours, self._objects), *self._baselines.values()):
            metric.update(video, scored[video], regions)

    def result(self, ground_truth: str) -> dict[str, Any]:
        """What was found over the videos of all processes; every process must call this.

        JSON: `rbdc`, `tbdc`, `ground_truth` (how the regions were made), what was counted, and `baselines` by name;
        null with a reason where there is no region.
        """
        ours = self._ours.compute()
        if ours["rbdc"].value is None:
            return ours["rbdc"].to_json()
        with self._ours.sync_context():
            matched = self._ours.videos()
        return {
            **_json(ours),
            "ground_truth": ground_truth,
            "regions": sum(len(video.track) for video in matched),
            "tracks": sum(len(np.unique(video.track)) for video in matched),
            "boxes": sum(len(video.score) for video in matched),
            "min_iou": MIN_IOU,
            "track_share": TRACK_SHARE,
            "chance_is": f"the same boxes with uniform random scores, mean of {CHANCE_DRAWS} draws",
            "baselines": {name: _json(metric.compute()) for name, (metric, _) in self._baselines.items()},
        }


def _json(values: Mapping[str, MetricValue]) -> dict[str, Any]:
    return {name: value.to_json() for name, value in values.items()}
