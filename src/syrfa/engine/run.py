"""One job over all videos: what fails is set aside until everything else is done."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal, NoReturn

from syrfa.datasets.base import VideoRecord
from syrfa.engine.base import Job, Pool, VideoDone, concerns_all
from syrfa.engine.local import LocalProcesses, ThisProcess, default_workers
from syrfa.engine.progress import Progress
from syrfa.errors import ConfigError, EngineError, UserError

EngineName = Literal["local", "ray"]

TRIES = 3  # of a video whose worker died
_HOPELESS = 4 * TRIES  # workers that die before any video is done: it is not the videos


def run_job(
    job: Job,
    records: Sequence[VideoRecord],
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
        records: the videos.
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
    if not records:
        return
    pool = _open_pool(job, len(records), engine, workers)
    try:
        with Progress(len(records), title, progress) as shown:
            for done in _run_all(pool, records):
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


def _run_all(pool: Pool, records: Sequence[VideoRecord]) -> Iterator[VideoDone]:
    deaths: Counter[str] = Counter()
    failed: list[Exception] = []
    for record in records:
        pool.submit(record)
    left = len(records)
    while left:
        attempt = pool.next_attempt()
        name = attempt.record.name
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
            if deaths.total() == _HOPELESS and left == len(records):
                raise EngineError(
                    f"{attempt.record.path}: {_HOPELESS} worker processes died before they finished any video"
                )
            if deaths[name] < TRIES:
                pool.submit(attempt.record)
                continue
            left -= 1
            failed.append(_died(attempt.record))
    if failed:
        _raise(failed, len(records))


def _died(record: VideoRecord) -> EngineError:
    return EngineError(
        f"{record.path}: the worker process died at video {record.name} in each of {TRIES} tries, most likely for want "
        "of memory; run it again with fewer workers"
    )


def _raise(failed: list[Exception], videos: int) -> NoReturn:
    """The one error, or the first of several and how many there are; a fault of the program goes first."""
    faults = [error for error in failed if not isinstance(error, UserError)]
    first = (faults or failed)[0]
    if faults or videos == 1:
        raise first
    others = "" if len(failed) == 1 else f"{len(failed)} videos failed like this or otherwise; "
    raise type(first)(f"{first} [{others}the other {videos - len(failed)} videos are done]") from first
