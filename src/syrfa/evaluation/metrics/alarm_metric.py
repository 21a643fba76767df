"""False alarms an hour as a torchmetrics metric, collected video by video, on one process or many."""

from typing import Any

from syrfa.evaluation.metrics.alarms import DEFAULT_RULE, AlarmRule, false_alarms
from syrfa.evaluation.metrics.metric import FrameMetric


class AlarmMetric(FrameMetric):
    """False alarms an hour at a recall, and what goes with them, with an interval over videos; see `false_alarms`.

    Args:
        rule: the recall and the frames of a second.
        resamples: bootstrap draws; 0 leaves the interval out.
        seed: of the bootstrap.
        settings: passed to `torchmetrics.Metric`.

    Example:
        >>> metric = AlarmMetric(AlarmRule(recall=0.9, fps=1), resamples=0)
        >>> metric.update(0, [0.9, 0.1, 0.2, 0.8, 0.7], [0, 0, 0, 1, 1])
        >>> metric.compute()["false_alarms_per_hour"]
        1200.0
    """

    higher_is_better = False

    def __init__(
        self,
        rule: AlarmRule = DEFAULT_RULE,
        resamples: int = 1000,
        seed: int = 0,
        **settings: Any,  # noqa: ANN401 - torchmetrics' own
    ) -> None:
        super().__init__(resamples, seed, **settings)
        self.rule = rule

    def compute(self) -> dict[str, Any]:
        """JSON of `false_alarms`; null with a reason where the labels define none.

        Raises:
            LabelError: a label is neither 0 nor 1, or a video has no frame.
            ValueError: a score is not finite.
        """
        return false_alarms(*self.videos(), self.rule, self.resamples, self.seed)
