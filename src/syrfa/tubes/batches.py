"""Batches of tubes: drawn at random for training, in index order for scoring."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, DistributedSampler

from syrfa.tubes.cache import TubeCache

Step = tuple[int, int]  # epoch, step of the epoch


class DrawnBatches(Dataset[dict[str, Tensor]]):
    """Training batches; batch (epoch, step) is the same whenever and wherever it is drawn.

    The batch of all processes together is drawn at once and process `rank` takes its part, so `world_size`
    processes with batches of b see what one process with batches of `world_size` * b sees.

    Args:
        cache: holds the tubes.
        groups: name of a part of the batch -> rows of the cache's index to draw from.
        batch_size: tubes a group, a process.
        seed: of every draw.
        rank: number of this process.
        world_size: how many processes train together.
    """

    def __init__(
        self,
        cache: TubeCache,
        groups: dict[str, NDArray[np.int64]],
        batch_size: int,
        seed: int,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        self.cache, self.groups, self.batch_size = cache, groups, batch_size
        self.seed, self.rank, self.world_size = seed, rank, world_size

    def rows(self, step: Step) -> dict[str, NDArray[np.int64]]:
        """The rows of the batch, per group; without repetition where the group is large enough."""
        generator = np.random.default_rng([self.seed, *step])
        total = self.batch_size * self.world_size
        mine = slice(self.rank * self.batch_size, (self.rank + 1) * self.batch_size)
        return {
            name: generator.choice(rows, total, replace=len(rows) < total)[mine] for name, rows in self.groups.items()
        }

    def __getitem__(self, step: Step) -> dict[str, Tensor]:
        return {name: torch.from_numpy(self.cache.read(rows)) for name, rows in self.rows(step).items()}


class StepSampler(DistributedSampler[Step]):
    """Yields (epoch, step), going on from the number of batches trained so far.

    Lightning restores its counters when a run is resumed, but hands out the data from the start of an epoch, and
    after a resumption by steps its epochs are no longer of full length; counting batches is right in every case.
    It leaves a DistributedSampler in its place under DDP.

    Args:
        steps: batches an epoch.
        trained: returns how many batches were trained so far; None to begin every epoch at step 0.
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
    """A DataLoader that tells Lightning it can be resumed; `StepSampler` does the work."""

    def state_dict(self) -> dict[str, Any]:
        """Nothing: Lightning's own counters say where to go on."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Nothing, see `state_dict`."""


class OrderedBatches(Dataset[dict[str, Tensor]]):
    """Batches of given rows, in order.

    A batch holds `tubes` uint8 (b, T, size, size, channels), `row` int64 (b,), the row of the cache's index, `video`
    int64 (b,), `frame` int64 (b,), 0-based, and `xyxy` float32 (b, 4), the box in pixels.

    Args:
        cache: holds the tubes.
        rows: rows of its index.
        batch_size: tubes a batch; the last one may be smaller.
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
    """Deals whole batches out to the processes: none twice, none dropped, unlike torch's own sampler.

    Args:
        batches: how many there are.
        rank: number of this process.
        world_size: how many processes score together.
    """

    def __init__(self, batches: int, rank: int = 0, world_size: int = 1) -> None:
        self.mine = range(rank, batches, world_size)  # not super().__init__(): see StepSampler

    def __iter__(self) -> Iterator[int]:
        return iter(self.mine)

    def __len__(self) -> int:
        return len(self.mine)

    def set_epoch(self, epoch: int) -> None:
        """Nothing is shuffled."""
