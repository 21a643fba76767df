"""RBDC and TBDC of a split as one torchmetrics metric, collected video by video, on one process or many."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchmetrics import Metric

from syrfa.datasets.regions import Regions
from syrfa.metrics.region_level import MatchedVideo, match, region_metrics
from syrfa.metrics.value import MetricValue
from syrfa.scoring.objects import ObjectScores

_HEAD = 5  # video, frames, boxes, matches, regions


class RegionMetric(Metric):
    """Region and track based detection criteria with bootstrap intervals over videos; see `region_metrics`.

    `update` takes a whole video at once. Across processes the videos are gathered; one that several processes scored
    counts once.

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

    full_state_update = False
    is_differentiable = False
    higher_is_better = True

    rows: list[Tensor]

    def __init__(self, resamples: int = 1000, seed: int = 0, **settings: Any) -> None:  # noqa: ANN401 - torchmetrics'
        super().__init__(**settings)
        self.resamples = resamples
        self.seed = seed
        # one flat float64 state: every process then gathers the same type and rank, also one that saw no video
        self.add_state("rows", default=[], dist_reduce_fx="cat")

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
        if any(len(rows) and int(rows[0]) == video for rows in self.rows):
            raise ValueError(f"video {video} was already given; give all its boxes at once")
        found = match(objects, regions)
        head = (video, found.frames, len(found.score), len(found.box), len(found.track))
        columns = (head, found.score, found.false, found.box, found.region, found.track)
        self.rows.append(torch.from_numpy(np.concatenate(columns, dtype=np.float64)).to(self.device))

    def sync(self, *args: Any, **settings: Any) -> None:  # noqa: ANN401 - torchmetrics' own signature
        """Gathers the videos of all processes."""
        if not len(self.rows):
            self.rows.append(torch.zeros(0, dtype=torch.float64, device=self.device))
        super().sync(*args, **settings)

    def compute(self) -> dict[str, MetricValue]:
        """`rbdc` and `tbdc`."""
        return region_metrics(self.videos(), self.resamples, self.seed)

    def videos(self) -> list[MatchedVideo]:
        """Every video held, by video number."""
        held = self.rows if isinstance(self.rows, list) else [self.rows]  # a tensor after the gathering
        flat = np.concatenate([np.zeros(0), *(rows.detach().cpu().numpy().reshape(-1) for rows in held)])
        found: dict[int, MatchedVideo] = {}
        while len(flat):
            video, frames, boxes, matches, regions = (int(value) for value in flat[:_HEAD])
            ends = _HEAD + np.cumsum([boxes, boxes, matches, matches, regions])
            score, false, box, region, track, flat = np.split(flat[_HEAD:], ends - _HEAD)
            # the first process to give a video wins
            found.setdefault(video, MatchedVideo(frames, score, false > 0, _whole(box), _whole(region), _whole(track)))
        return [found[video] for video in sorted(found)]


def _whole(values: NDArray[np.float64]) -> NDArray[np.int64]:
    return values.astype(np.int64)
