"""Runs a plan: several processes at a time, one failure loses no other run, a killed call is taken up again."""

import os
import shlex
import sys
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from syrfa.engine import folder_lock
from syrfa.engine.processes import Processes, last_line
from syrfa.errors import UserError
from syrfa.evaluation.result import Result, parse_result
from syrfa.reporting.state import begin, finished, is_done, mark_finished, mark_fitted
from syrfa.reporting.table_runs import Command, Plan, Run
from syrfa.training.run_folder import RESULT

PYTHON: Sequence[str] = (sys.executable, "-m", "syrfa")


@dataclass(frozen=True)
class Outcome:
    """What became of a run: a result, or why there is none; neither where it was only to be started from.

    Attributes:
        result: the content of its result.json.
        reason: begins with `failed: ` or `not run: `.
        content: the bytes that `result` was read from.
    """

    result: Result | None = None
    reason: str | None = None
    content: bytes = b""

    @property
    def failed(self) -> bool:
        """Whether the run was tried in vain."""
        return self.reason is not None and self.reason.startswith("failed")


def kept(run: Run) -> Outcome:
    """What is there of a run already."""
    content = finished(run)
    return Outcome() if content is None else Outcome(parse_result(content, run.folder / RESULT), content=content)


class Runner:
    """Runs plans.

    Args:
        jobs: processes at a time.
        program: what stands before the arguments of a command; `python -m syrfa` by default.
    """

    def __init__(self, jobs: int = 1, program: Sequence[str] | None = None) -> None:
        self.jobs, self.program = jobs, tuple(program or PYTHON)

    def run(self, plan: Plan, out: Path) -> dict[Run, Outcome]:
        """Makes what is not there yet.

        Args:
            plan: of `make_plan`.
            out: the folder of all runs, of which the call keeps others out while it lasts.

        Returns:
            an outcome for every run of the plan.
        """
        with folder_lock(out, wait=True):
            left = _left(plan.runs)
            there = len(plan.runs) - len(left)
            print(f"{there} of {len(plan.runs)} runs are there, {len(left)} to do, {self.jobs} at a time", flush=True)
            outcomes = {run: kept(run) for run in plan.runs if run not in left}
            if left:
                outcomes.update(self._prepared(plan, left, out, Processes()))
            return {run: outcomes[run] for run in plan.runs}

    def _prepared(self, plan: Plan, left: list[Run], out: Path, processes: Processes) -> dict[Run, Outcome]:
        environment = {**os.environ, **plan.environment}
        try:
            for number, command in enumerate(plan.preparation):
                print(f"preparing: {shlex.join(command)}", flush=True)
                reason = self._call(command, out / f"prepare{number}.log", environment, processes)
                if reason is not None:
                    return {run: Outcome(reason=f"failed: {command[0]}: {reason}") for run in left}
            return self._scheduled(left, environment, processes)
        finally:
            processes.stop()

    def _scheduled(self, left: list[Run], environment: dict[str, str], processes: Processes) -> dict[Run, Outcome]:
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
                        running[pool.submit(self._one, run, environment, processes)] = run
                    done, _ = wait(running, return_when=FIRST_COMPLETED) if running else (set(), set())
                    for future in done:
                        run = running.pop(future)
                        outcomes[run] = future.result()
                        self._say(run, outcomes[run], len(outcomes), len(left))
            except BaseException:
                processes.stop()
                pool.shutdown(cancel_futures=True)
                raise
        return outcomes

    def _one(self, run: Run, environment: dict[str, str], processes: Processes) -> Outcome:
        """What becomes of one run."""
        try:
            return self._made(run, environment, processes)
        except UserError as error:  # of its own folder: the others go on
            return Outcome(reason=f"failed: {error}")
        except OSError as error:  # without the path: the table is read on other machines
            return Outcome(reason=f"failed: {Path(error.filename or run.folder).name}: {error.strerror}")

    def _made(self, run: Run, environment: dict[str, str], processes: Processes) -> Outcome:
        """Fit and test, as far as they are not done."""
        if not processes.wait_for(run.folder):  # of a fit that a killed call left
            return Outcome(reason="failed: stopped")
        todo = begin(run)
        steps = {"fit": [run.fit, run.test], "resume": [run.resume(), run.test], "test": [run.test]}[todo]
        for command in steps:
            reason = self._call(command, run.folder / f"{command[0]}.log", environment, processes)
            if reason is not None:
                return Outcome(reason=f"failed: {command[0]}: {reason}")
            if command[0] == "fit":
                mark_fitted(run)
                if not run.shown:
                    return Outcome()
        if not (run.folder / RESULT).is_file():
            return Outcome(reason=f"failed: test: left no {RESULT}")
        mark_finished(run)
        return kept(run)

    def _call(self, command: Command, log: Path, environment: dict[str, str], processes: Processes) -> str | None:
        """Runs one command; None when it went well, else why it did not."""
        code = processes.run([*self.program, *command], log, environment)
        return None if code == 0 else _reason(command[0], code, log)

    def _say(self, run: Run, outcome: Outcome, done: int, of: int) -> None:
        print(f"[{done}/{of}] {run.experiment} seed {run.seed}: {outcome.reason or 'done'}", flush=True)


def _left(runs: Sequence[Run]) -> list[Run]:
    """The runs that are not done, and those that one of them starts from but whose weights were removed."""
    left = [run for run in runs if not is_done(run)]
    lost = [run.start for run in left if run.start is not None and not run.start.checkpoint.is_file()]
    return [run for run in runs if run in left or run in lost]


def _reason(verb: str, code: int, log: Path) -> str:
    last = last_line(log).removeprefix(f"syrfa {verb}: error: ")
    return f"killed by signal {-code}" if code < 0 else f"{last} (exit code {code}, {log.name})"
