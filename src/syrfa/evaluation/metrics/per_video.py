"""A torchmetrics metric of whole videos: what it holds of each, and how the videos of all processes come together."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torchmetrics import Metric

from syrfa.utils.collective import of_every_process

Columns = list[NDArray[np.float64]]


class PerVideoMetric(Metric):
    """The base of metrics that take a whole video at once and have bootstrap intervals over videos.

    Across processes the videos are gathered; one that several processes give, as a sampler that pads its last batch
    makes them do, counts once. A metric's `update` calls `add`, its `compute` looks at `held`. Numbers are kept as
    float64, so what is computed does not depend on how the videos were shared out.

    Args:
        resamples: bootstrap draws; 0 leaves the intervals out.
        seed: of the draws.
        settings: passed to `torchmetrics.Metric`.
    """

    full_state_update = False
    is_differentiable = False

    rows: list[Tensor]

    def __init__(self, resamples: int = 1000, seed: int = 0, **settings: Any) -> None:  # noqa: ANN401 - torchmetrics'
        super().__init__(**settings)
        self.resamples = resamples
        self.seed = seed
        # one flat state, whatever the columns: number of the video, number of columns, their lengths, the columns
        self.add_state("rows", default=[], dist_reduce_fx="cat")

    def add(self, video: int, *columns: NDArray[Any]) -> None:
        """Keeps the columns of one video, each (any length,).

        Raises:
            ValueError: the video was already given.
        """
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


def column(values: ArrayLike | Tensor) -> NDArray[np.float64]:
    """Any numbers as float64 (n,)."""
    array = values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)
    return array.astype(np.float64).reshape(-1)


def _gather(rows: Tensor, group: Any = None) -> list[Tensor]:  # noqa: ANN401 - see of_every_process
    """The rows of every process. As objects: NCCL gathers no tensor of the CPU, which is where the callbacks' lie."""
    return [part.to(rows.device) for part in of_every_process(rows.cpu(), group)]
