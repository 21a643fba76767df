"""One job over all videos: what fails is set aside until everything else is done."""

import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal, NoReturn

from tqdm import tqdm

from syrfa.engine.base import Item, Job, Pool, VideoDone, concerns_all
from syrfa.engine.local import LocalProcesses, ThisProcess, default_workers
from syrfa.errors import ConfigError, EngineError, UserError

EngineName = Literal["local", "ray"]

TRIES = 3  # of a video whose worker died
LOG_SECONDS = 60.0  # between two states of the progress where no terminal can overwrite them
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

    A video at which a worker dies is tried again, twice at most. Errors are raised after every other video is done, so
    that another run has only these left; one that concerns all videos (a full disk, missing weights) is raised at once.

    Args:
        job: what is done.
        items: the videos.
        engine: `local` for processes of this machine, `ray` for a Ray cluster (see `syrfa.engine.cluster`).
        workers: videos at a time; 1 runs in this process under `local`. None for one a CPU core, but one alone for a
            job that runs a network where there is a GPU; under Ray for all that the cluster takes.
        progress: show videos done, frames a second and the time left; once a minute where there is no terminal.
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
    pause = 0.1 if sys.stderr.isatty() else LOG_SECONDS
    bar = tqdm(total=len(items), desc=title, unit="video", disable=not progress, mininterval=pause, delay=pause)
    frames, start = 0, time.monotonic()
    try:
        for done in _run_all(pool, items):
            frames += done.frames
            bar.set_postfix_str(f"{frames / max(time.monotonic() - start, 1e-9):,.0f} frames/s", refresh=False)
            bar.update()
            yield done
    finally:
        bar.close()
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
        item, error = attempt.item, attempt.error
        if attempt.done is None and error is None:
            deaths[item.name] += 1
            if deaths.total() == _HOPELESS and left == len(items):
                raise EngineError(f"{item.path}: {_HOPELESS} worker processes died before they finished any video")
            if deaths[item.name] < TRIES:
                pool.submit(item)
                continue
            error = EngineError(
                f"{item.path}: the worker process died at video {item.name} in each of {TRIES} tries, most likely for "
                "want of memory; run it again with fewer workers"
            )
        elif error is not None and concerns_all(error):
            raise error
        left -= 1
        if attempt.done is not None:
            yield attempt.done
        elif error is not None:
            failed.append(error)
    if failed:
        _raise(failed, len(items))


def _raise(failed: list[Exception], videos: int) -> NoReturn:
    """Raises the first internal error, or else the first error and how many there are."""
    internal = [error for error in failed if not isinstance(error, UserError)]
    first = (internal or failed)[0]
    if internal or videos == 1:
        raise first
    others = "" if len(failed) == 1 else f"{len(failed)} videos failed like this or otherwise; "
    raise type(first)(f"{first} [{others}the other {videos - len(failed)} videos are done]") from first
