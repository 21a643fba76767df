"""One job over all videos: what fails is set aside until everything else is done."""

import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Literal, NoReturn

from tqdm import tqdm

from syrfa.engine.base import Item, Job, Pool, VideoDone, concerns_all
from syrfa.engine.local import LocalProcesses, ThisProcess, default_workers
from syrfa.errors import ConfigError, EngineError, UserError

EngineName = Literal["local", "ray"]

TRIES = 3  # of a video whose worker died
LOG_SECONDS = 60.0  # between two lines of a log
_HOPELESS = 4 * TRIES  # workers that die before any video is done: it is not the videos


def run_job(
    job: Job,
    items: Sequence[Item],
    engine: EngineName = "local",
    workers: int | None = None,
    progress: bool = True,
    title: str = "",
) -> Iterator[VideoDone]:
    """Runs `job` on every video and yields each report as it comes.

    A worker that dies costs the video it was at, which is tried again, twice at most. A video that the job refuses is
    set aside. Errors are raised after every other video is done, so that another run has only these left; an error
    that concerns all videos (a full disk, missing weights) is raised at once.

    Args:
        job: what is done.
        items: the videos.
        engine: `local` for processes of this machine, `ray` for a Ray cluster (see `syrfa.engine.cluster`).
        workers: videos at a time; None for one a CPU core, but one alone for a job that runs a network where there is
            a GPU, because each process would load the network onto it; under Ray None for all that the cluster takes.
            1 runs in this process under `local`.
        progress: show videos done, frames a second and the time left.
        title: of the progress.

    Raises:
        ConfigError: `workers` is below 1.
        EngineError: a worker died at the same video every time, or there is no Ray.
        UserError: what the job raised, with the number of other videos that failed.
    """
    if workers is not None and workers < 1:
        raise ConfigError(f"workers={workers}: give at least 1")
    if not items:
        return
    pool = _open_pool(job, len(items), engine, workers)
    try:
        with Progress(len(items), title, progress) as shown:
            for done in _run_all(pool, items):
                shown.update(done.frames)
                yield done
    finally:
        pool.close()


def _open_pool(job: Job, videos: int, engine: EngineName, workers: int | None) -> Pool:
    if engine == "ray":
        from syrfa.engine.cluster import RayCluster

        return RayCluster(job, workers)
    workers = min(workers or default_workers(job.runs_network), videos)
    return ThisProcess(job) if workers == 1 else LocalProcesses(job, workers)


def _run_all(pool: Pool, items: Sequence[Item]) -> Iterator[VideoDone]:
    deaths: Counter[str] = Counter()
    failed: list[Exception] = []
    for item in items:
        pool.submit(item)
    left = len(items)
    while left:
        attempt = pool.next_attempt()
        name = attempt.item.name
        if attempt.done is not None:
            left -= 1
            yield attempt.done
        elif attempt.error is not None:
            if concerns_all(attempt.error):
                raise attempt.error
            left -= 1
            failed.append(attempt.error)
        else:
            deaths[name] += 1
            if deaths.total() == _HOPELESS and left == len(items):
                raise EngineError(
                    f"{attempt.item.path}: {_HOPELESS} worker processes died before they finished any video"
                )
            if deaths[name] < TRIES:
                pool.submit(attempt.item)
                continue
            left -= 1
            failed.append(_died(attempt.item))
    if failed:
        _raise(failed, len(items))


def _died(item: Item) -> EngineError:
    return EngineError(
        f"{item.path}: the worker process died at video {item.name} in each of {TRIES} tries, most likely for want "
        "of memory; run it again with fewer workers"
    )


def _raise(failed: list[Exception], videos: int) -> NoReturn:
    """The one error, or the first of several and how many there are; an internal error goes first."""
    internal = [error for error in failed if not isinstance(error, UserError)]
    first = (internal or failed)[0]
    if internal or videos == 1:
        raise first
    others = "" if len(failed) == 1 else f"{len(failed)} videos failed like this or otherwise; "
    raise type(first)(f"{first} [{others}the other {videos - len(failed)} videos are done]") from first


class Progress:
    """Counts videos and frames: a bar where there is a terminal, a line a minute where there is none.

    Args:
        videos: how many there are.
        title: of the job.
        shown: False shows nothing.
    """

    def __init__(self, videos: int, title: str, shown: bool = True) -> None:
        self.videos, self.title, self.shown = videos, title, shown
        self.done, self.frames = 0, 0
        self.start = self.printed = time.monotonic()
        self._bar = tqdm(total=videos, desc=title, unit="video", disable=None if shown else True)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def update(self, frames: int) -> None:
        """Notes a finished video of so many frames."""
        self.done += 1
        self.frames += frames
        now = time.monotonic()
        self._bar.set_postfix_str(f"{self.frames / max(now - self.start, 1e-9):,.0f} frames/s", refresh=False)
        self._bar.update()
        if self.shown and not sys.stderr.isatty() and now - self.printed >= LOG_SECONDS:
            self.printed = now
            print(self.line(now - self.start), file=sys.stderr, flush=True)

    def line(self, seconds: float) -> str:
        """The line of a log after so many seconds."""
        left = timedelta(seconds=round(seconds / self.done * (self.videos - self.done)))
        return (
            f"{self.title}: {self.done:,} of {self.videos:,} videos, {self.frames:,} frames, "
            f"{self.frames / seconds:,.0f} frames/s, about {left} left"
        )
