"""A job over videos: what a worker gets, what it reports, and what a pool of workers is."""

import errno
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from syrfa.errors import CacheError, CheckpointError, ConfigError, EngineError, WeightsNotFoundError

_OF_ALL_VIDEOS = (CacheError, CheckpointError, ConfigError, EngineError, WeightsNotFoundError)
_OF_THE_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


class Item(Protocol):
    """What a job is run on: a video, recorded or still to be generated; no two have one name."""

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def path(self) -> Path: ...  # noqa: D102


@dataclass(frozen=True)
class VideoDone:
    """What a worker reports of a finished video; its product is on disk by then.

    Attributes:
        name: of the video.
        frames: its length.
        seconds: wall time by step (see `StepTimer`), and the processor time of the worker under `cpu`.
        worker: where it ran: a process id, or the id of a Ray node and a process id.
    """

    name: str
    frames: int
    seconds: dict[str, float]
    worker: str = ""


class Job(Protocol):
    """What is done to a video. It is sent to every worker once, pickled, and must not depend on the order of videos.

    Attributes:
        runs_network: whether a GPU, where there is one, is worth more than several processes.
    """

    runs_network: bool

    def run(self, item: Any, /) -> VideoDone:  # noqa: ANN401 - a job knows the kind of its items
        """Does it, and leaves the product on disk whole or not at all, so that it can be done again."""
        ...


@dataclass(frozen=True)
class Attempt:
    """How one try at a video ended: with a report, an error of the job, or neither where the worker died."""

    item: Item
    done: VideoDone | None = None
    error: Exception | None = None


class Pool(ABC):
    """Workers that run one job, each on one video at a time."""

    def __init__(self) -> None:
        self.queue: deque[Item] = deque()

    def submit(self, item: Item) -> None:
        """Puts a video at the end of the queue."""
        self.queue.append(item)
        self._occupy()

    def _occupy(self) -> None:  # noqa: B027 - one process has nothing to hand out
        """Gives videos to workers that have none."""

    @abstractmethod
    def next_attempt(self) -> Attempt:
        """Waits until a submitted video has ended one way or another."""

    def close(self) -> None:
        """Drops what is queued, and ends the workers when they have finished what they have begun."""
        self.queue.clear()


def concerns_all(error: Exception) -> bool:
    """Whether an error is of no single video, so that going on would only repeat it."""
    return isinstance(error, _OF_ALL_VIDEOS) or (isinstance(error, OSError) and error.errno in _OF_THE_DISK)


class StepTimer:
    """Adds up wall time by step in `seconds`; for batches and frames, not for boxes.

    Steps that run in different threads overlap, so that their sum may exceed the time of the whole.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Counts the time inside the block; a step belongs to one thread."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
