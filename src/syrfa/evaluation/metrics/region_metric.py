"""RBDC and TBDC of a split as one torchmetrics metric, collected video by video, on one process or many."""

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.regions import Regions
from syrfa.evaluation.metrics.per_video import PerVideoMetric
from syrfa.evaluation.metrics.region_level import MatchedVideo, match, region_metrics
from syrfa.evaluation.metrics.value import MetricValue
from syrfa.evaluation.scores import ObjectScores


class RegionMetric(PerVideoMetric):
    """Region and track based detection criteria with bootstrap intervals over videos; see `region_metrics`.

    Args:
        resamples: bootstrap draws; 0 leaves the intervals out.
        seed: of the bootstrap and of the chance level.
        settings: passed to `torchmetrics.Metric`.

    Example:
        >>> truth = Regions(np.array([4]), np.array([[10.0, 10, 29, 49]]), np.array([0]), (240, 360))
        >>> box, score = np.array([[12, 9, 30, 50]], np.float32), np.array([0.7])
        >>> metric = RegionMetric(resamples=0)
        >>> metric.update(0, ObjectScores("01", 9, 240, 360, np.array([4], np.int32), box, score), truth)
        >>> metric.compute()["rbdc"].value
        1.0
    """

    higher_is_better = True

    def update(self, video: int, objects: ObjectScores, regions: Regions) -> None:
        """Adds one whole video.

        Args:
            video: its number within the split; once only.
            objects: its scored boxes.
            regions: its abnormal regions.

        Raises:
            LabelError: regions do not fit the video.
            ValueError: the video was already given.
        """
        found = match(objects, regions)
        self.add(video, np.array([found.frames]), found.score, found.false, found.box, found.region, found.track)

    def compute(self) -> dict[str, MetricValue]:
        """`rbdc` and `tbdc`."""
        return region_metrics(self.videos(), self.resamples, self.seed)

    def videos(self) -> list[MatchedVideo]:
        """Every video held, by video number."""
        return [
            MatchedVideo(int(frames[0]), score, false > 0, _whole(box), _whole(region), _whole(track))
            for frames, score, false, box, region, track in self.held().values()
        ]


def _whole(values: NDArray[np.float64]) -> NDArray[np.int64]:
    return values.astype(np.int64)
