"""Runs a plan: several processes at a time, one failure loses no other run, a killed call is taken up again."""

import os
import shlex
import sys
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from syrfa.engine import JobStore, folder_lock
from syrfa.engine.processes import Processes, last_line
from syrfa.engine.store import JOB
from syrfa.errors import UserError
from syrfa.evaluation.result import Result, parse_result
from syrfa.reporting.table_plan import THREADS, Command, Plan, Run
from syrfa.training.run_folder import CHECKPOINTS, RESULT
from syrfa.utils.files import read_sealed

PYTHON: Sequence[str] = (sys.executable, "-m", "syrfa")


@dataclass(frozen=True)
class Outcome:
    """What became of a run: a result, or why there is none; neither where it is not made, or only to be started from.

    `reason` begins with `failed: ` or `not run: `; `content` are the bytes of result.json that `result` is.
    """

    result: Result | None = None
    reason: str | None = None
    content: bytes = b""

    @property
    def failed(self) -> bool:
        """Whether the run was tried in vain."""
        return self.reason is not None and self.reason.startswith("failed")


class TableRuns:
    """The runs of a plan on disk, each a job whose identity is its configuration, its seed and the tested data.

    `jobs` processes run at a time; `program` is what is before the arguments of a command.
    """

    def __init__(self, plan: Plan, jobs: int = 1, program: Sequence[str] = PYTHON) -> None:
        self.plan, self.jobs, self.program = plan, jobs, tuple(program)
        self.tested = plan.data.copy_tested()
        self.environment = {**os.environ, THREADS: plan.threads}

    def is_done(self, run: Run) -> bool:
        """Whether nothing is left to do: there is a result, or, of a run that no row shows, a checkpoint."""
        left = self._store(run).left(["fit", "test"])
        return "test" not in left or not (run.shown or "fit" in left)

    def make(self, out: Path) -> dict[Run, Outcome]:
        """Makes what is not there yet, in the folder of all runs; DataNotFoundError where a data set has no videos."""
        with folder_lock(out, wait=True):
            left = [run for run in self.plan.runs if not self.is_done(run)]
            lost = [run.start for run in left if run.start is not None and not run.start.checkpoint.is_file()]
            left = [run for run in self.plan.runs if run in left or run in lost]
            there = f"{len(self.plan.runs) - len(left)} of {len(self.plan.runs)} runs are there"
            print(f"{there}, {len(left)} to do, {self.jobs} at a time", flush=True)
            processes = Processes()
            made: dict[Run, Outcome] = {}
            try:
                reason = self._prepare(out, processes) if left else None
                made = {run: Outcome(reason=reason) for run in left} if reason else self._make(left, processes)
            finally:
                processes.stop()
            return {run: made.get(run) or self._kept(run) for run in self.plan.runs}

    def _kept(self, run: Run) -> Outcome:
        """What is there of a run already."""
        if self._store(run).part("test") is None:
            return Outcome()
        content = (run.folder / RESULT).read_bytes()
        return Outcome(parse_result(content, run.folder / RESULT), content=content)

    def _prepare(self, out: Path, processes: Processes) -> str | None:
        self.plan.data.check()
        for number, command in enumerate(self.plan.preparation):
            print(f"preparing: {shlex.join(command)}", flush=True)
            if reason := self._call(command, out / f"prepare{number}.log", processes):
                return reason
        self.tested = self.plan.data.copy_tested()  # of a world that was generated just now
        return None

    def _make(self, left: list[Run], processes: Processes) -> dict[Run, Outcome]:
        """Every run as soon as the one it starts from is done."""
        outcomes: dict[Run, Outcome] = {}
        waiting, running = list(left), dict[Future[Outcome], Run]()
        with ThreadPoolExecutor(self.jobs) as pool:
            try:
                while waiting or running:
                    ready = [run for run in waiting if run.start not in left or run.start in outcomes]
                    waiting = [run for run in waiting if run not in ready]
                    for run in ready:
                        start = outcomes.get(run.start) if run.start else None
                        running[pool.submit(self._one, run, start, processes)] = run
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        run = running.pop(future)
                        outcomes[run] = future.result()
                        progress = f"[{len(outcomes)}/{len(left)}] {run.experiment} seed {run.seed}"
                        print(f"{progress}: {outcomes[run].reason or 'done'}", flush=True)
            except BaseException:
                processes.stop()
                pool.shutdown(cancel_futures=True)
                raise
        return outcomes

    def _one(self, run: Run, start: Outcome | None, processes: Processes) -> Outcome:
        """Fit and test of one run, as far as they are not done."""
        if start is not None and start.failed and run.start is not None:
            return Outcome(reason=f"failed: {run.start.name} failed")
        try:
            if not processes.wait_for(run.folder):  # of a fit that a killed call left
                return Outcome(reason="failed: stopped")
            for command in self._begin(run):
                if reason := self._call(command, run.folder / f"{command[0]}.log", processes):
                    return Outcome(reason=reason)
                file = run.checkpoint if command[0] == "fit" else run.folder / RESULT
                if not file.is_file():
                    return Outcome(reason=f"failed: {command[0]}: left no {file.name}")
                self._store(run).finish(command[0], {"command": shlex.join(command)}, [file])
            return self._kept(run)
        except UserError as error:  # of its own folder: the others go on
            return Outcome(reason=f"failed: {error}")
        except OSError as error:  # without the path: the table is read on other machines
            return Outcome(reason=f"failed: {Path(error.filename or run.folder).name}: {error.strerror}")

    def _begin(self, run: Run) -> list[Command]:
        """Claims the folder; what another configuration left there is removed. The commands that are left to run."""
        store = self._store(run)
        store.claim(overwrite=True)
        fitted, begun = store.part("fit") is not None, store.part("begun") is not None
        if not begun:
            for checkpoint in (run.folder / CHECKPOINTS).glob("*.ckpt"):
                checkpoint.unlink()
            store.finish("begun", {})
        fit = run.resume() if begun and run.checkpoint.is_file() else run.fit
        return [*([] if fitted else [fit]), *([run.test] if run.shown else [])]

    def _store(self, run: Run) -> JobStore:
        # what cannot be compared because the data are gone is taken as it is
        tested = self.tested or (read_sealed(run.folder / JOB) or {}).get("tested")
        return JobStore(run.folder, {"run": run.name, "seed": run.seed, "hash": run.hash, "tested": tested})

    def _call(self, command: Command, log: Path, processes: Processes) -> str | None:
        """Runs one command; None when it went well, else why it did not."""
        code = processes.run([*self.program, *command], log, self.environment)
        last = last_line(log).removeprefix(f"syrfa {command[0]}: error: ")
        why = f"killed by signal {-code}" if code < 0 else f"{last} (exit code {code}, {log.name})"
        return f"failed: {command[0]}: {why}" if code else None
