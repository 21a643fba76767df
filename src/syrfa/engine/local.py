"""Workers of this machine: this process, or several that are spawned."""

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait as wait_for_any

import cv2

from syrfa.engine.base import Attempt, Item, Job, Pool, VideoDone

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def default_workers(runs_network: bool) -> int:
    """One a core, but one alone for a network where there is a GPU."""
    if runs_network:
        import torch  # only here: boxes from files need no torch

        if torch.cuda.is_available():
            return 1
    return len(os.sched_getaffinity(0))


def run_timed(job: Job, item: Item) -> VideoDone:
    """Runs the job on one video in this process, and adds the processor time that it took."""
    start = time.process_time()
    done = job.run(item)
    return replace(done, seconds={**done.seconds, "cpu": time.process_time() - start}, worker=str(os.getpid()))


class ThisProcess(Pool):
    """One worker: the caller."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self.job = job

    def next_attempt(self) -> Attempt:
        """Runs the job on the next video."""
        item = self.queue.popleft()
        try:
            return Attempt(item, run_timed(self.job, item))
        except Exception as error:
            return Attempt(item, error=error)


class LocalProcesses(Pool):
    """Spawned processes. Each has an executor of its own, so that one that dies takes no other's video with it.

    They are spawned, not forked: the parent may hold a GPU or running threads, which a fork does not survive.
    """

    def __init__(self, job: Job, workers: int) -> None:
        super().__init__()
        self.job = job
        self.free: list[ProcessPoolExecutor | None] = [None] * workers  # None: not started, or dead
        self.running: dict[Future[VideoDone], tuple[ProcessPoolExecutor, Item]] = {}

    def next_attempt(self) -> Attempt:
        """See `Pool.next_attempt`."""
        future = wait(self.running, return_when=FIRST_COMPLETED).done.pop()
        executor, item = self.running.pop(future)
        error = future.exception()
        died = isinstance(error, BrokenProcessPool)
        if died:
            executor.shutdown()
        self.free.append(None if died else executor)
        self._occupy()
        if died:
            return Attempt(item)
        if isinstance(error, Exception):
            return Attempt(item, error=error)
        return Attempt(item, future.result())

    def close(self) -> None:
        """See `Pool.close`."""
        super().close()
        for executor in [*self.free, *(executor for executor, _ in self.running.values())]:
            if executor is not None:
                executor.shutdown(cancel_futures=True)

    def _occupy(self) -> None:
        while self.queue and self.free:
            executor = self.free.pop() or self._executor()
            item = self.queue.popleft()
            with _single_threaded_children():
                try:
                    future = executor.submit(_run_in_worker, item)
                except BrokenProcessPool:  # its process died while it had nothing to do
                    executor = self._executor()
                    future = executor.submit(_run_in_worker, item)
            self.running[future] = (executor, item)

    def _executor(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(1, get_context("spawn"), _start_worker, (self.job,))


_job: Job | None = None


def _start_worker(job: Job) -> None:
    global _job
    _job = job
    cv2.setNumThreads(1)
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    """A killed parent must not leave workers that wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        wait_for_any([parent.sentinel])
        os._exit(1)


def _run_in_worker(item: Item) -> VideoDone:
    assert _job is not None
    return run_timed(_job, item)


@contextmanager
def _single_threaded_children() -> Iterator[None]:
    """Numerical libraries read their thread counts when first loaded, so children get them from the environment."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value
