"""Metrics of frame scores and labels as torchmetrics metrics, collected video by video, on one process or many."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from syrfa.errors import LabelError
from syrfa.evaluation.metrics.bootstrap import bootstrap_intervals
from syrfa.evaluation.metrics.frame_level import METRICS
from syrfa.evaluation.metrics.per_video import PerVideoMetric, column
from syrfa.evaluation.metrics.value import MetricValue

Curves = list[NDArray[np.float64]]


class FrameMetric(PerVideoMetric):
    """The base of metrics that take the score and the label of every frame; arguments as `PerVideoMetric`."""

    def update(self, video: int, scores: ArrayLike | Tensor, labels: ArrayLike | Tensor) -> None:
        """Adds one whole video.

        Args:
            video: its number within the split; once only.
            scores: (frames,), larger = more abnormal, any finite numbers.
            labels: (frames,), 1 = abnormal.

        Raises:
            LabelError: scores and labels differ in length.
            ValueError: the video was already given.
        """
        score, label = column(scores), column(labels)
        if len(score) != len(label):
            raise LabelError(f"video {video}: {len(score)} frame scores but {len(label)} frame labels")
        self.add(video, score, label)

    def videos(self) -> tuple[Curves, Curves]:
        """Scores and labels of every video held, float64 (frames,), by video number."""
        held = self.held().values()
        return [score for score, _ in held], [label for _, label in held]


class FrameLevelMetric(FrameMetric):
    """Micro AUROC, macro AUROC, AUPRC, max F1 and EER with bootstrap intervals over videos.

    Args:
        resamples: bootstrap draws; 0 leaves the intervals out.
        seed: of the bootstrap.
        settings: passed to `torchmetrics.Metric`.

    Example:
        >>> metric = FrameLevelMetric(resamples=0)
        >>> metric.update(0, [0.1, 0.9], [0, 1])
        >>> metric.compute()["micro_auroc"].value
        1.0
    """

    higher_is_better = None  # of the EER less is better

    def compute(self) -> dict[str, MetricValue]:
        """Every metric by name, as `syrfa.evaluation.metrics.frame_level.METRICS` lists them.

        Raises:
            LabelError: a label is neither 0 nor 1, or a video has no frame.
            ValueError: a score is not finite.
        """
        scores, labels = self.videos()
        values = {name: measure(scores, labels) for name, measure in METRICS.items()}
        if self.resamples:
            intervals = bootstrap_intervals(scores, labels, self.resamples, self.seed)
            values = {
                name: value._replace(ci_low=intervals[name].low, ci_high=intervals[name].high)
                for name, value in values.items()
            }
        return values
