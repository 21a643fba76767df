"""Runs the points of a sweep, several at a time, each in a process of its own."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from syrfa.engine import folder_lock
from syrfa.engine.processes import Processes, last_line
from syrfa.reporting.point import Point
from syrfa.reporting.record import Outcome, finished
from syrfa.reporting.sweep import Sweep
from syrfa.training.run_folder import CHECKPOINTS

LOG = "log.txt"


def run_points(sweep: Sweep, points: Sequence[Point], folder: Path, jobs: int) -> Iterator[Outcome]:
    """Runs points and yields each as it ends; one that fails does not stop the others.

    A point that was stopped goes on from its `last.ckpt`. When the caller is stopped, the processes are asked to stop
    as well (SIGTERM, upon which a fit saves and ends) and waited for.

    Args:
        sweep: names the W&B runs' group and project.
        points: which to run.
        folder: of the sweep; a point's run is the folder of its id in it.
        jobs: processes at a time.

    Raises:
        ConfigError: processes of another sweep are still at work in the folder.
    """
    with folder_lock(folder):
        work = _Work(sweep, folder, Processes())
        with ThreadPoolExecutor(jobs) as threads:
            running = {threads.submit(work.run, point): point for point in points}
            try:
                for future in as_completed(running):
                    yield future.result()
            except BaseException:
                for future in running:
                    future.cancel()
                work.processes.stop()
                raise


class _Work:
    """The points of a sweep as processes.

    Args:
        sweep: the sweep.
        folder: its folder.
        processes: run the points.
    """

    def __init__(self, sweep: Sweep, folder: Path, processes: Processes) -> None:
        self.sweep, self.folder, self.processes = sweep, folder, processes

    def run(self, point: Point) -> Outcome:
        """Runs one point to its end."""
        place = self.folder / point.id
        self.processes.wait_for(place)  # of a fit that a killed sweep left
        command = [*point.command, *self._place_options(place)]
        code = self.processes.run(command, place / LOG, self._environment(point))
        outcome = finished(point, place)
        if outcome is not None and code == 0:
            return outcome
        return Outcome(point, "failed", reason=f"exit code {code}: {last_line(place / LOG)}")

    def _place_options(self, place: Path) -> list[str]:
        """Where the run's files go, that it is tested, and whether it is new or goes on."""
        root, experiment = self.folder.parent, self.folder.name
        options = [f"--run.root={root}", f"--run.experiment={experiment}", f"--run.id={place.name}", "--run.test=true"]
        last = place / CHECKPOINTS / "last.ckpt"
        return [*options, f"--ckpt_path={last}" if last.is_file() else "--run.overwrite=true"]

    def _environment(self, point: Point) -> dict[str, str]:
        environment = {name: value for name, value in os.environ.items() if name != "WANDB_SWEEP_ID"}
        environment |= {"WANDB_RUN_ID": point.id, "WANDB_RUN_GROUP": self.sweep.name, "WANDB_JOB_TYPE": "sweep"}
        if self.sweep.project:
            environment.setdefault("WANDB_PROJECT", self.sweep.project)
        return environment
