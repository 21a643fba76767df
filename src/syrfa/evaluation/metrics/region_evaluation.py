"""RBDC and TBDC of one evaluation, beside those of its baselines."""

from collections.abc import Mapping, Sequence
from typing import Any

from syrfa.datasets.regions import Regions
from syrfa.evaluation.metrics.region_level import CHANCE_DRAWS, MIN_IOU, TRACK_SHARE
from syrfa.evaluation.metrics.region_metric import RegionMetric
from syrfa.evaluation.metrics.value import MetricValue
from syrfa.evaluation.scores import ObjectScores


class RegionEvaluation:
    """RBDC and TBDC of a scored split, and of other scores of the same boxes.

    The regions of a video are given to one process; all processes together give every video's.

    Args:
        objects: one entry a video, as the model scored them: no protocol, no smoothing.
        baselines: other scores of the same objects, by name.
        bootstrap: resamples of the videos for the intervals; 0 for none.
        seed: of the resampling and of the chance level.
    """

    def __init__(
        self,
        objects: Sequence[ObjectScores],
        baselines: Mapping[str, Sequence[ObjectScores]],
        bootstrap: int = 1000,
        seed: int = 0,
    ) -> None:
        self._ours, self._objects = RegionMetric(bootstrap, seed), objects
        self._baselines = {name: (RegionMetric(bootstrap, seed), scores) for name, scores in baselines.items()}

    def add(self, video: int, regions: Regions) -> None:
        """Adds the regions of a video, by its number within the split; once only.

        Raises:
            LabelError: they do not fit the video.
        """
        for metric, scored in ((self._ours, self._objects), *self._baselines.values()):
            metric.update(video, scored[video], regions)

    def result(self, ground_truth: str) -> dict[str, Any]:
        """What was found, over the videos of all processes; every process must call this.

        Args:
            ground_truth: how the regions were made, in words.

        Returns:
            JSON: `rbdc`, `tbdc`, `ground_truth`, what was counted, and `baselines` by name; null with a reason where
            there is no region.
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
            "tracks": sum(video.tracks for video in matched),
            "boxes": sum(len(video.score) for video in matched),
            "min_iou": MIN_IOU,
            "track_share": TRACK_SHARE,
            "chance_is": f"the same boxes with uniform random scores, mean of {CHANCE_DRAWS} draws",
            "baselines": {name: _json(metric.compute()) for name, (metric, _) in self._baselines.items()},
        }


def _json(values: Mapping[str, MetricValue]) -> dict[str, Any]:
    return {name: value.to_json() for name, value in values.items()}
