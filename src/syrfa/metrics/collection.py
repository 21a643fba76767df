"""All frame-level metrics of a split as one torchmetrics metric, collected video by video, on one process or many."""

from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torchmetrics import Metric

from syrfa.errors import LabelError
from syrfa.metrics.bootstrap import bootstrap_intervals
from syrfa.metrics.frame_level import METRICS
from syrfa.metrics.value import MetricValue

_COLUMNS = 4  # video, frame, score, label


class FrameLevelMetric(Metric):
    """Micro AUROC, macro AUROC, AUPRC, max F1 and EER with bootstrap intervals over videos.

    `update` takes a whole video at once. Across processes the videos are gathered; one that several processes scored,
    as a sampler that pads its last batch makes them do, counts once.

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

    full_state_update = False
    is_differentiable = False
    higher_is_better = None  # of the EER less is better

    rows: list[Tensor]

    def __init__(self, resamples: int = 1000, seed: int = 0, **settings: Any) -> None:  # noqa: ANN401 - torchmetrics'
        super().__init__(**settings)
        self.resamples = resamples
        self.seed = seed
        # one flat float64 state: every process then gathers the same type and rank, also one that saw no video
        self.add_state("rows", default=[], dist_reduce_fx="cat")

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
        score, label = _column(scores), _column(labels)
        if len(score) != len(label):
            raise LabelError(f"video {video}: {len(score)} frame scores but {len(label)} frame labels")
        if any(len(rows) and int(rows[0]) == video for rows in self.rows):
            raise ValueError(f"video {video} was already given; give all its frames at once")
        count = len(score)
        table = np.stack([np.full(count, video, np.float64), np.arange(count, dtype=np.float64), score, label], axis=1)
        self.rows.append(torch.from_numpy(table.reshape(-1)).to(self.device))

    def sync(self, *args: Any, **settings: Any) -> None:  # noqa: ANN401 - torchmetrics' own signature
        """Gathers the videos of all processes."""
        if not len(self.rows):
            self.rows.append(torch.zeros(0, dtype=torch.float64, device=self.device))
        super().sync(*args, **settings)

    def compute(self) -> dict[str, MetricValue]:
        """Every metric by name, as `syrfa.metrics.frame_level.METRICS` lists them."""
        scores, labels = self.videos()
        values = {name: measure(scores, labels) for name, measure in METRICS.items()}
        if self.resamples:
            intervals = bootstrap_intervals(scores, labels, self.resamples, self.seed)
            values = {
                name: value._replace(ci_low=intervals[name].low, ci_high=intervals[name].high)
                for name, value in values.items()
            }
        return values

    def videos(self) -> tuple[list[NDArray[np.float64]], list[NDArray[np.int64]]]:
        """Scores float64 (frames,) and labels int64 (frames,) of every video held, by video number."""
        held = self.rows if isinstance(self.rows, list) else [self.rows]  # a tensor after the gathering
        table = torch.cat([rows.reshape(-1) for rows in held]) if held else torch.zeros(0, dtype=torch.float64)
        unsorted = table.detach().cpu().numpy().astype(np.float64).reshape(-1, _COLUMNS)
        # one row a frame: the first process to give a video wins
        _, first = np.unique(unsorted[:, :2], axis=0, return_index=True)
        frames = unsorted[first]
        starts = np.unique(frames[:, 0], return_index=True)[1]
        parts = np.split(frames, starts[1:]) if len(frames) else []
        return [part[:, 2] for part in parts], [part[:, 3].astype(np.int64) for part in parts]


def _column(values: ArrayLike | Tensor) -> NDArray[np.float64]:
    array = values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)
    return array.astype(np.float64).reshape(-1)
