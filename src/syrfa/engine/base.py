"""The protocol of an engine: a job, workers that run it on one video each, and what comes back."""

import errno
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Protocol

from syrfa.datasets.base import VideoRecord
from syrfa.errors import CacheError, CheckpointError, ConfigError, EngineError, WeightsNotFoundError

_OF_ALL_VIDEOS = (CacheError, CheckpointError, ConfigError, EngineError, WeightsNotFoundError)
_OF_THE_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


@dataclass(frozen=True)
class VideoDone:
    """What a worker reports of a finished video; its product is on disk by then.

    Attributes:
        name: of the video.
        frames: its length.
        seconds: wall time by stage (see `StageTimer`), and the processor time of the worker under `cpu`.
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

    def run(self, record: VideoRecord) -> VideoDone:
        """Does it, and leaves the product on disk whole or not at all, so that it can be done again."""
        ...


@dataclass(frozen=True)
class Attempt:
    """How one try at a video ended.

    Attributes:
        record: the video.
        done: the report; None where there is none.
        error: what the job raised; None with `done` also None says that the worker died.
    """

    record: VideoRecord
    done: VideoDone | None = None
    error: Exception | None = None


class Pool(ABC):
    """Workers that run one job, each on one video at a time."""

    @abstractmethod
    def submit(self, record: VideoRecord) -> None:
        """Puts a video at the end of the queue."""

    @abstractmethod
    def next_attempt(self) -> Attempt:
        """Waits until a submitted video has ended one way or another."""

    @abstractmethod
    def close(self) -> None:
        """Drops what is queued, and ends the workers when they have finished what they have begun."""


def concerns_all(error: Exception) -> bool:
    """Whether an error is of no single video, so that going on would only repeat it."""
    return isinstance(error, _OF_ALL_VIDEOS) or (isinstance(error, OSError) and error.errno in _OF_THE_DISK)
