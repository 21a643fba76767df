"""Workers of a Ray cluster. The only file that imports ray."""

import importlib
import os
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import cv2

from syrfa.engine.base import Attempt, Item, Job, Pool, VideoDone
from syrfa.engine.local import run_timed
from syrfa.errors import EngineError


class RayCluster(Pool):
    """Runs a job in Ray tasks of one CPU each, spread over the nodes; of one GPU too, for a network where there is one.

    The cluster is that of RAY_ADDRESS or of this machine; where there is none, one is started here. Every node needs
    syrfa of the same version, and the folders of data and output at the same paths.

    Args:
        job: is stored in the cluster once, and kept by every worker process.
        workers: videos at a time; None for as many as the cluster takes.

    Raises:
        EngineError: ray is not installed, or its cluster cannot be reached.
    """

    def __init__(self, job: Job, workers: int | None = None) -> None:
        super().__init__()
        self.ray = _import_ray()
        self._started = not self.ray.is_initialized()
        if self._started:
            try:
                self.ray.init(include_dashboard=False, log_to_driver=False, logging_level="warning")
            except (
                Exception
            ) as error:  # ConnectionError, ValueError, RuntimeError, ...: whatever keeps it from starting
                reason = str(error).splitlines()[0]
                raise EngineError(f"engine ray: no cluster to be reached or started ({reason})") from error
        gpus = 1 if job.runs_network and self.ray.cluster_resources().get("GPU", 0) >= 1 else 0
        options = {"num_cpus": 1, "num_gpus": gpus, "max_retries": 0, "scheduling_strategy": "SPREAD"}
        self._task = self.ray.remote(**options)(_run_on_node)
        self._job = (uuid4().hex, [self.ray.put(job)], str(Path.cwd()))  # within a list a reference is not resolved
        self.workers = workers
        self.running: dict[Any, Item] = {}

    def next_attempt(self) -> Attempt:
        """See `Pool.next_attempt`."""
        (reference,), _ = self.ray.wait(list(self.running), num_returns=1)
        item = self.running.pop(reference)
        self._occupy()
        try:
            return Attempt(item, self.ray.get(reference))
        except self.ray.exceptions.RayTaskError as error:
            cause = error.cause
            return Attempt(item, error=cause if isinstance(cause, Exception) else error)
        except self.ray.exceptions.RayError:  # the worker crashed or was killed for its memory, or its node went away
            return Attempt(item)

    def close(self) -> None:
        """See `Pool.close`; leaves the cluster unless it was joined before."""
        super().close()
        for reference in self.running:
            self.ray.cancel(reference, force=True)
        if self._started:
            self.ray.shutdown()

    def _occupy(self) -> None:
        while self.queue and (self.workers is None or len(self.running) < self.workers):
            item = self.queue.popleft()
            self.running[self._task.remote(self._job, item)] = item


_jobs: dict[str, Job] = {}  # of this worker process


def _run_on_node(job: tuple[str, list[Any], str], item: Item) -> VideoDone:
    """Runs in a worker process of the cluster, in the caller's folder, so that relative paths mean the same."""
    ray = _import_ray()
    key, (reference,), folder = job
    if key not in _jobs:
        cv2.setNumThreads(1)
        try:
            os.chdir(folder)
        except OSError as error:
            raise EngineError(f"{folder}: a node of the cluster has no such folder; all nodes must share it") from error
        _jobs[key] = ray.get(reference)
    done = run_timed(_jobs[key], item)
    return replace(done, worker=f"{ray.get_runtime_context().get_node_id()} {done.worker}")


def _import_ray() -> Any:  # noqa: ANN401 - a module without types
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # before ray is imported: otherwise it reports its use
    try:
        ray = importlib.import_module("ray")
        importlib.import_module("ray.exceptions")
    except ImportError as error:
        raise EngineError("engine ray: ray is not installed; install syrfa[ray], or use --engine local") from error
    return ray
