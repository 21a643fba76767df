"""Runs the points of a sweep, several at a time, each in a process of its own."""

import fcntl
import os
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

from syrfa.errors import ConfigError
from syrfa.run_folder import CHECKPOINTS
from syrfa.sweeps.definition import Sweep
from syrfa.sweeps.point import Point
from syrfa.sweeps.record import Outcome, finished

LOCK = ".sweep.lock"
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
    with _locked(folder) as lock:
        work = _Work(sweep, folder, lock)
        with ThreadPoolExecutor(jobs) as threads:
            running = {threads.submit(work.run, point): point for point in points}
            try:
                for future in as_completed(running):
                    yield future.result()
            except BaseException:
                for future in running:
                    future.cancel()
                work.stop()
                raise


class _Work:
    """The processes of a sweep.

    Args:
        sweep: the sweep.
        folder: its folder.
        lock: a descriptor that every process inherits, so that the folder stays locked for as long as one lives, though
            the process that started it was killed.
    """

    def __init__(self, sweep: Sweep, folder: Path, lock: int) -> None:
        self.sweep, self.folder, self.lock = sweep, folder, lock
        self.stopping = False
        self.processes: list[subprocess.Popen[bytes]] = []

    def run(self, point: Point) -> Outcome:
        """Runs one point to its end."""
        place = self.folder / point.id
        place.mkdir(parents=True, exist_ok=True)
        with (place / LOG).open("wb") as log:
            process = subprocess.Popen(
                [*point.command, *self._place_options(place)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment(point),
                pass_fds=[self.lock],
            )
            self.processes.append(process)
            if self.stopping:  # it was started in the moment of stopping
                process.terminate()
            code = process.wait()
        outcome = finished(point, place)
        if outcome is not None and code == 0:
            return outcome
        return Outcome(point, "failed", reason=f"exit code {code}: {_last_line(place / LOG)}")

    def stop(self) -> None:
        """Asks every process to stop; their threads wait for them."""
        self.stopping = True
        for process in self.processes:
            if process.poll() is None:
                process.terminate()

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


@contextmanager
def _locked(folder: Path) -> Iterator[int]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigError(
                f"{folder}: a sweep, or a point that one started, is still at work there; wait for it, or end it"
            ) from error
        yield file.fileno()


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
