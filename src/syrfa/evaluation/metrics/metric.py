"""Metrics of frames, alarms and regions as torchmetrics metrics, collected video by video, on one process or many."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torchmetrics import Metric

from syrfa.datasets.regions import Regions
from syrfa.errors import LabelError
from syrfa.evaluation.metrics.alarms import DEFAULT_RULE, AlarmRule, false_alarms
from syrfa.evaluation.metrics.bootstrap import bootstrap_intervals
from syrfa.evaluation.metrics.frame_level import METRICS, MetricValue
from syrfa.evaluation.metrics.region_level import MatchedVideo, match, region_metrics
from syrfa.evaluation.scores import ObjectScores
from syrfa.utils.process import of_every_process

Columns = list[NDArray[np.float64]]


class PerVideoMetric(Metric):
    """The base of metrics that take a whole video at once and have intervals over videos of `resamples` draws, or none.

    Across processes the videos are gathered; one that several processes give counts once. Numbers are float64.
    """

    full_state_update = False
    is_differentiable = False

    rows: list[Tensor]

    def __init__(self, resamples: int = 1000, seed: int = 0) -> None:
        super().__init__()
        self.resamples = resamples
        self.seed = seed
        # one flat state, whatever the columns: number of the video, number of columns, their lengths, the columns
        self.add_state("rows", default=[], dist_reduce_fx="cat")

    def add(self, video: int, *columns: NDArray[Any]) -> None:
        """Keeps the columns of one video, each (any length,); ValueError where it was already given."""
        if any(len(rows) and int(rows[0]) == video for rows in self.rows):
            raise ValueError(f"video {video} was already given; give all of it at once")
        head = [video, len(columns), *map(len, columns)]
        self.rows.append(torch.from_numpy(np.concatenate([head, *columns], dtype=np.float64)).to(self.device))

    def sync(
        self,
        dist_sync_fn: Callable[..., list[Tensor]] | None = None,
        *args: Any,  # noqa: ANN401 - torchmetrics' own signature
        **settings: Any,  # noqa: ANN401
    ) -> None:
        """Gathers the videos of all processes; also those of a process that has none."""
        if not len(self.rows):
            self.rows.append(torch.zeros(0, dtype=torch.float64, device=self.device))
        super().sync(dist_sync_fn or _gather, *args, **settings)

    def held(self) -> dict[int, Columns]:
        """The columns of every video held, float64, by its number, in the order of numbers."""
        parts = self.rows if isinstance(self.rows, list) else [self.rows]  # a tensor after the gathering
        flat = np.concatenate([np.zeros(0), *(rows.detach().cpu().numpy().reshape(-1) for rows in parts)])
        found: dict[int, Columns] = {}
        start = 0
        while start < len(flat):
            video, count = int(flat[start]), int(flat[start + 1])
            begin = start + 2 + count
            ends = begin + np.cumsum(flat[start + 2 : begin].astype(np.int64))
            # the first process to give a video wins
            found.setdefault(video, np.split(flat[begin : ends[-1]], ends[:-1] - begin))
            start = int(ends[-1])
        return dict(sorted(found.items()))


class FrameMetric(PerVideoMetric):
    """The base of metrics that take the score and the label of every frame; arguments as `PerVideoMetric`."""

    def update(self, video: int, scores: ArrayLike | Tensor, labels: ArrayLike | Tensor) -> None:
        """Adds one whole video, once: scores (frames,), labels (frames,), 1 = abnormal, of one length or LabelError."""
        score, label = column(scores), column(labels)
        if len(score) != len(label):
            raise LabelError(f"video {video}: {len(score)} frame scores but {len(label)} frame labels")
        self.add(video, score, label)

    def videos(self) -> tuple[Columns, Columns]:
        """Scores and labels of every video held, float64 (frames,), by video number."""
        held = self.held().values()
        return [score for score, _ in held], [label for _, label in held]


class FrameLevelMetric(FrameMetric):
    """Micro AUROC, macro AUROC, AUPRC, max F1 and EER with bootstrap intervals over videos.

    Example:
        >>> metric = FrameLevelMetric(resamples=0)
        >>> metric.update(0, [0.1, 0.9], [0, 1])
        >>> metric.compute()["micro_auroc"].value
        1.0
    """

    def compute(self) -> dict[str, MetricValue]:
        """Every metric of `METRICS` by name; errors as these."""
        scores, labels = self.videos()
        values = {name: measure(scores, labels) for name, measure in METRICS.items()}
        if self.resamples:
            intervals = bootstrap_intervals(scores, labels, self.resamples, self.seed)
            for name, (low, high) in intervals.items():
                values[name] = values[name]._replace(ci_low=low, ci_high=high)
        return values


class AlarmMetric(FrameMetric):
    """False alarms an hour at a recall, with an interval over videos; see `false_alarms`."""

    def __init__(self, rule: AlarmRule = DEFAULT_RULE, resamples: int = 1000, seed: int = 0) -> None:
        super().__init__(resamples, seed)
        self.rule = rule

    def compute(self) -> dict[str, Any]:
        """JSON and errors of `false_alarms`; null with a reason where the labels define none."""
        return false_alarms(*self.videos(), self.rule, self.resamples, self.seed)


class RegionMetric(PerVideoMetric):
    """Region and track based detection criteria with bootstrap intervals over videos; see `region_metrics`."""

    def update(self, video: int, objects: ObjectScores, regions: Regions) -> None:
        """Adds the scored boxes and the abnormal regions of one whole video; LabelError where they do not fit."""
        found = match(objects, regions)
        self.add(video, np.array([found.frames]), found.score, found.false, found.box, found.region, found.track)

    def compute(self) -> dict[str, MetricValue]:
        """`rbdc` and `tbdc`."""
        return region_metrics(self.videos(), self.resamples, self.seed)

    def videos(self) -> list[MatchedVideo]:
        """Every video held, by video number."""
        return [
            MatchedVideo(int(frames[0]), score, false > 0, *(column.astype(np.int64) for column in matches))
            for frames, score, false, *matches in self.held().values()
        ]


def column(values: ArrayLike | Tensor) -> NDArray[np.float64]:
    """Any numbers as float64 (n,)."""
    array = values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)
    return array.astype(np.float64).reshape(-1)


def _gather(rows: Tensor, group: Any = None) -> list[Tensor]:  # noqa: ANN401 - see of_every_process
    """The rows of every process. As objects: NCCL gathers no tensor of the CPU, which is where the callbacks' lie."""
    return [part.to(rows.device) for part in of_every_process(rows.cpu(), group)]
