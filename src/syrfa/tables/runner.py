"""Runs a plan: several processes at a time, one failure loses no other run, a killed call is taken up again."""

import contextlib
import fcntl
import os
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from syrfa.errors import UserError
from syrfa.run_folder import RESULT
from syrfa.tables.plan import Command, Plan, Run
from syrfa.tables.state import Result, begin, finished, is_done, mark_finished, mark_fitted

PYTHON: Sequence[str] = (sys.executable, "-m", "syrfa")


@dataclass(frozen=True)
class Outcome:
    """What became of a run: a result, or why there is none; neither where it was only to be started from.

    Attributes:
        result: the content of its result.json.
        reason: begins with `failed: ` or `not run: `.
    """

    result: Result | None = None
    reason: str | None = None

    @property
    def failed(self) -> bool:
        """Whether the run was tried in vain."""
        return self.reason is not None and self.reason.startswith("failed")


class Runner:
    """Runs plans.

    Args:
        jobs: processes at a time.
        program: what stands before the arguments of a command; `python -m syrfa` by default.
    """

    def __init__(self, jobs: int = 1, program: Sequence[str] | None = None) -> None:
        self.jobs, self.program = jobs, tuple(program or PYTHON)
        self._lock = threading.Lock()
        self._alive: set[subprocess.Popen[bytes]] = set()
        self._stopping = False

    def run(self, plan: Plan, out: Path) -> dict[Run, Outcome]:
        """Makes what is not there yet.

        Args:
            plan: of `make_plan`.
            out: the folder of all runs, of which the call keeps others out while it lasts.

        Returns:
            an outcome for every run of the plan.
        """
        self._stopping = False
        with _only_one(out) as lock:
            left = _left(plan.runs)
            there = len(plan.runs) - len(left)
            print(f"{there} of {len(plan.runs)} runs are there, {len(left)} to do, {self.jobs} at a time", flush=True)
            outcomes = {run: Outcome(finished(run)) for run in plan.runs if run not in left}
            if left:
                environment = {**os.environ, **plan.environment}
                # the same sums however many processes share the machine
                environment.setdefault("OMP_NUM_THREADS", "1")
                outcomes.update(self._prepared(plan, left, environment, out, lock))
            return {run: outcomes[run] for run in plan.runs}

    def _prepared(
        self, plan: Plan, left: list[Run], environment: dict[str, str], out: Path, lock: int
    ) -> dict[Run, Outcome]:
        try:
            for number, command in enumerate(plan.preparation):
                print(f"preparing: {shlex.join(command)}", flush=True)
                reason = self._call(command, out / f"prepare{number}.log", environment, lock)
                if reason is not None:
                    return {run: Outcome(reason=f"failed: {command[0]}: {reason}") for run in left}
            return self._scheduled(left, environment, lock)
        finally:
            self._stop()

    def _scheduled(self, left: list[Run], environment: dict[str, str], lock: int) -> dict[Run, Outcome]:
        """Every run as soon as the one it starts from is done."""
        outcomes: dict[Run, Outcome] = {}
        waiting, running = list(left), dict[Future[Outcome], Run]()
        with ThreadPoolExecutor(self.jobs) as pool:
            try:
                while waiting or running:
                    ready = [run for run in waiting if run.start not in left or run.start in outcomes]
                    waiting = [run for run in waiting if run not in ready]
                    for run in ready:
                        before = outcomes.get(run.start) if run.start else None
                        if before is not None and before.failed:
                            outcomes[run] = Outcome(reason=f"failed: {run.start.name if run.start else ''} failed")
                            continue
                        running[pool.submit(self._one, run, environment, lock)] = run
                    done, _ = wait(running, return_when=FIRST_COMPLETED) if running else (set(), set())
                    for future in done:
                        run = running.pop(future)
                        outcomes[run] = future.result()
                        self._say(run, outcomes[run], len(outcomes), len(left))
            except BaseException:
                self._stop()
                pool.shutdown(cancel_futures=True)
                raise
        return outcomes

    def _one(self, run: Run, environment: dict[str, str], lock: int) -> Outcome:
        """What becomes of one run."""
        try:
            return self._made(run, environment, lock)
        except (OSError, UserError) as error:  # of its own folder: the others go on
            return Outcome(reason=f"failed: {error}")

    def _made(self, run: Run, environment: dict[str, str], lock: int) -> Outcome:
        """Fit and test, as far as they are not done."""
        todo = begin(run)
        steps = {"fit": [run.fit, run.test], "resume": [run.resume(), run.test], "test": [run.test]}[todo]
        for command in steps:
            reason = self._call(command, run.folder / f"{command[0]}.log", environment, lock)
            if reason is not None:
                return Outcome(reason=f"failed: {command[0]}: {reason}")
            if command[0] == "fit":
                mark_fitted(run)
                if not run.shown:
                    return Outcome()
        if not (run.folder / RESULT).is_file():
            return Outcome(reason=f"failed: test: left no {RESULT}")
        mark_finished(run)
        return Outcome(finished(run))

    def _call(self, command: Command, log: Path, environment: dict[str, str], lock: int) -> str | None:
        """Runs one command; None when it went well, else the last line of its log."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as file:
            with self._lock:
                if self._stopping:
                    return "stopped"
                process = subprocess.Popen(
                    [*self.program, *command],
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    env=environment,
                    # an interrupt of the terminal is for us, and we pass it on once
                    start_new_session=True,
                    # should this process be killed, the lock is held until its children are done
                    pass_fds=(lock,),
                )
                self._alive.add(process)
            code = process.wait()
            with self._lock:
                self._alive.discard(process)
        return None if code == 0 else _reason(command[0], code, log)

    def _stop(self) -> None:
        """Asks every process to write its checkpoint and end."""
        with self._lock:
            self._stopping = True
            for process in self._alive:
                process.terminate()

    def _say(self, run: Run, outcome: Outcome, done: int, of: int) -> None:
        print(f"[{done}/{of}] {run.experiment} seed {run.seed}: {outcome.reason or 'done'}", flush=True)


def _left(runs: Sequence[Run]) -> list[Run]:
    """The runs that are not done, and those that one of them starts from but whose weights were removed."""
    left = [run for run in runs if not is_done(run)]
    lost = [run.start for run in left if run.start is not None and not run.start.checkpoint.is_file()]
    return [run for run in runs if run in left or run in lost]


def _reason(verb: str, code: int, log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").replace("\r", "\n").splitlines() if line.strip()]
    last = lines[-1].strip().removeprefix(f"syrfa {verb}: error: ") if lines else "no output"
    return f"killed by signal {-code}" if code < 0 else f"{last} (exit code {code}, {log})"


@contextlib.contextmanager
def _only_one(out: Path) -> Iterator[int]:
    """Waits until no other call, and no process of an earlier one, works in `out`; yields the lock's descriptor."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / ".lock").open("wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"{out}: waiting for another call, or for processes that a killed one left", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()
