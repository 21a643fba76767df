"""Batches of tubes: drawn at random for training, in index order for scoring."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, DistributedSampler

from syrfa.errors import LabelError
from syrfa.tubes.cache import TubeCache
from syrfa.tubes.labels import ABNORMAL, NORMAL
from syrfa.tubes.spec import TubeFilter

ClassBalance = Literal["equal", "natural"]
Step = tuple[int, int]  # epoch, step of the epoch


@dataclass(frozen=True)
class Group:
    """A part of every training batch: `share` batch sizes of tubes, drawn from `rows` of the cache's index.

    Where `label_rule` says what makes a tube abnormal, the batch also holds the labels of the tubes drawn, `label`.
    """

    cache: TubeCache
    rows: NDArray[np.int64]
    share: int = 1
    label_rule: TubeFilter | None = None


def labelled_groups(cache: TubeCache, rule: TubeFilter, balance: ClassBalance) -> dict[str, Group]:
    """Groups of a split whose labels are known; a tube of unknown label is never drawn.

    `equal` balance gives `normal` and `abnormal`, equally many; `natural` gives `labelled`, twice as many tubes, both
    kinds as often as they occur. `puzzle` holds normal tubes, and comes last.
    """
    rows = cache.select(rule)
    labels = cache.labels(rows, rule)
    normal, abnormal = rows[labels == NORMAL], rows[labels == ABNORMAL]
    _check(normal, "normal ", cache)
    _check(abnormal, "abnormal ", cache)
    puzzle = {"puzzle": Group(cache, normal)}
    if balance == "natural":
        known = rows[(labels == NORMAL) | (labels == ABNORMAL)]
        return {"labelled": Group(cache, known, share=2, label_rule=rule), **puzzle}
    return {"normal": Group(cache, normal), "abnormal": Group(cache, abnormal), **puzzle}


def normal_groups(cache: TubeCache, rule: TubeFilter, name: str, puzzle: str) -> dict[str, Group]:
    """Groups of a split that is normal by definition: `name` of tubes as they are, `puzzle` of those to permute."""
    rows = cache.select(rule)
    _check(rows, "", cache)
    return {name: Group(cache, rows), puzzle: Group(cache, rows)}


def _check(rows: NDArray[np.int64], kind: str, cache: TubeCache) -> None:
    if len(rows) == 0:
        raise LabelError(
            f"{cache.folder}: none of {len(cache)} tubes is a usable {kind}one to train on; check the tracks and "
            "masks of the data set, and data.*.filter"
        )


class DrawnBatches(Dataset[dict[str, Tensor]]):
    """Training batches; batch (epoch, step) is the same whenever and wherever it is drawn.

    The batch of all processes together is drawn at once and process `rank` takes its part, so `world_size`
    processes with batches of b see what one process with batches of `world_size` * b sees.

    Args:
        groups: name of a part of the batch -> what it is drawn from, in the order of the draws.
        batch_size: tubes a group of share 1, a process.
        seed: of every draw.
        rank: number of this process.
        world_size: how many processes train together.
        repeats: name of a further part -> the group whose very tubes it holds.
    """

    def __init__(
        self,
        groups: dict[str, Group],
        batch_size: int,
        seed: int,
        rank: int = 0,
        world_size: int = 1,
        repeats: dict[str, str] | None = None,
    ) -> None:
        self.groups, self.batch_size, self.repeats = groups, batch_size, repeats or {}
        self.seed, self.rank, self.world_size = seed, rank, world_size

    def rows(self, step: Step) -> dict[str, NDArray[np.int64]]:
        """The rows drawn for the batch, per group; without repetition where the group is large enough."""
        generator = np.random.default_rng([self.seed, *step])
        drawn = {}
        for name, group in self.groups.items():
            mine = group.share * self.batch_size
            total = mine * self.world_size
            joint = generator.choice(group.rows, total, replace=len(group.rows) < total)
            drawn[name] = joint[self.rank * mine : (self.rank + 1) * mine]
        return drawn

    def __getitem__(self, step: Step) -> dict[str, Tensor]:
        batch = {}
        for name, rows in self.rows(step).items():
            group = self.groups[name]
            batch[name] = torch.from_numpy(group.cache.read(rows))
            if group.label_rule is not None:
                labels = group.cache.labels(rows, group.label_rule)
                batch["label"] = torch.from_numpy(labels.astype(np.int64))
        return batch | {name: batch[group] for name, group in self.repeats.items()}


class StepSampler(DistributedSampler[Step]):
    """Yields (epoch, step), going on from the number of batches trained so far.

    Lightning restores its counters when a run is resumed, but hands out the data from the start of an epoch; counting
    batches is right in every case. It leaves a DistributedSampler in its place under DDP.

    `trained` returns how many batches were trained so far; without it every epoch begins at step 0.
    """

    def __init__(self, steps: int, trained: Callable[[], int] | None = None) -> None:
        # not super().__init__(): it asks for a process group, and every process takes every step
        self.steps, self.trained, self.epoch = steps, trained, 0

    def __iter__(self) -> Iterator[Step]:
        first = self.epoch * self.steps if self.trained is None else self.trained()
        return iter([divmod(batch, self.steps) for batch in range(first, first + self.steps)])

    def __len__(self) -> int:
        return self.steps


class StepLoader(DataLoader[Any]):
    """A DataLoader that Lightning takes for resumable; its own counters and `StepSampler` do the work."""

    def state_dict(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Nothing."""


class OrderedBatches(Dataset[dict[str, Tensor]]):
    """Batches of given rows of a cache's index, in order; the last one may be smaller.

    A batch holds `tubes` uint8 (b, T, size, size, channels), `row` int64 (b,), the row of the cache's index, `video`
    int64 (b,), `frame` int64 (b,), 0-based, and `xyxy` float32 (b, 4), the box in pixels.
    """

    def __init__(self, cache: TubeCache, rows: NDArray[np.int64], batch_size: int) -> None:
        self.cache, self.selected, self.batch_size = cache, rows, batch_size

    def __len__(self) -> int:
        return -(-len(self.selected) // self.batch_size)

    def __getitem__(self, batch: int) -> dict[str, Tensor]:
        rows = self.selected[batch * self.batch_size : (batch + 1) * self.batch_size]
        index = self.cache.index
        columns: dict[str, NDArray[Any]] = {
            "tubes": self.cache.read(rows),
            "row": rows,
            "video": index.video[rows].astype(np.int64),
            "frame": index.frame[rows].astype(np.int64),
            "xyxy": index.xyxy[rows],
        }
        return {name: torch.from_numpy(column) for name, column in columns.items()}


class BatchSplitter(DistributedSampler[int]):
    """Deals whole batches out to the processes: none twice, none dropped, unlike torch's own sampler."""

    def __init__(self, batches: int, rank: int = 0, world_size: int = 1) -> None:
        self.mine = range(rank, batches, world_size)  # not super().__init__(): see StepSampler

    def __iter__(self) -> Iterator[int]:
        return iter(self.mine)

    def __len__(self) -> int:
        return len(self.mine)

    def set_epoch(self, epoch: int) -> None:
        """Nothing is shuffled."""
