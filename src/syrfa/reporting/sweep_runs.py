"""The points of a sweep: run several at a time, and what became of them as `sweep.json` and as a table."""

import csv
import math
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from syrfa.engine import folder_lock
from syrfa.engine.processes import Processes, last_line
from syrfa.errors import UserError
from syrfa.evaluation.audit import flags_of
from syrfa.evaluation.result import read_result, value_of
from syrfa.reporting.sweep import Point, Sweep
from syrfa.training.run_folder import CHECKPOINTS, TRAINING_LOG
from syrfa.utils.files import write_json
from syrfa.utils.text_table import text_table

RECORD = "sweep.json"
LOG = "log.txt"
_LOGGED = ("train/", "val/", "adapter/")  # those of the test come from the result


@dataclass(frozen=True)
class Outcome:
    """What became of a point; metrics are `train/...`, `val/...` and `test/...`, AUROCs as fractions."""

    point: Point
    state: Literal["finished", "failed"]
    metrics: dict[str, float | None] = field(default_factory=dict)
    protocol: str = ""  # of the test's first evaluation, with the flags: `strict centred (oracle)`
    flags: str = ""  # how the test split entered the point's weights, e.g. `transductive, oracle`
    reason: str = ""  # why it failed


def finished(point: Point, run: Path) -> Outcome | None:
    """The outcome of a point whose run has a result of this version; None where it has none."""
    try:
        result = read_result(run)
    except UserError:  # absent or damaged: it is run again
        return None
    first, flags = result["evaluations"][0], flags_of(result)
    metrics = _last_values(run / TRAINING_LOG)
    metrics |= {f"test/{name}": value["value"] for name, value in first["metrics"].items()}
    metrics["test/box_width/micro_auroc"] = value_of(first["baselines"].get("box_width"))
    protocol = f"{first['protocol']['protocol']} {first['protocol']['smoothing']}"
    return Outcome(point, "finished", metrics, f"{protocol} ({flags})" if flags else protocol, flags)


def run_points(sweep: Sweep, points: Sequence[Point], folder: Path, jobs: int) -> Iterator[Outcome]:
    """Runs points, each in the folder of its id, and yields each as it ends; one that fails does not stop the others.

    A point that was stopped goes on from its `last.ckpt`. When the caller is stopped, the processes are asked to stop
    as well (SIGTERM, upon which a fit saves and ends) and waited for.
    """
    processes = Processes()
    with folder_lock(folder), ThreadPoolExecutor(jobs) as threads:
        running = [threads.submit(_run, sweep, point, folder, processes) for point in points]
        try:
            for future in as_completed(running):
                yield future.result()
        except BaseException:
            for future in running:
                future.cancel()
            processes.stop()
            raise


def _run(sweep: Sweep, point: Point, folder: Path, processes: Processes) -> Outcome:
    run = folder / point.id
    processes.wait_for(run)  # of a fit that a killed sweep left
    last = run / CHECKPOINTS / "last.ckpt"
    options = [f"--run.root={folder.parent}", f"--run.experiment={folder.name}", f"--run.id={point.id}"]
    options += ["--run.test=true", f"--ckpt_path={last}" if last.is_file() else "--run.overwrite=true"]
    environment = {name: value for name, value in os.environ.items() if name != "WANDB_SWEEP_ID"}
    environment |= {"WANDB_RUN_ID": point.id, "WANDB_RUN_GROUP": sweep.name, "WANDB_JOB_TYPE": "sweep"}
    if sweep.project:
        environment.setdefault("WANDB_PROJECT", sweep.project)
    code = processes.run([*point.command, *options], run / LOG, environment)
    outcome = finished(point, run) if code == 0 else None
    return outcome or Outcome(point, "failed", reason=f"exit code {code}: {last_line(run / LOG)}")


def write_record(folder: Path, sweep: Sweep, outcomes: Sequence[Outcome]) -> None:
    """Writes `sweep.json` for the points that are finished or failed, in order; `run` is relative to the folder."""
    points = [
        {
            **{"parameters": one.point.parameters, "run": one.point.id, "checkpoints": one.point.checkpoints},
            **{key: getattr(one, key) for key in ("metrics", "protocol", "flags", "state")},
        }
        for one in outcomes
    ]
    head = {"sweep": sweep.name, "method": sweep.method, "parameters": list(sweep.parameters), "metric": sweep.metric}
    write_json(folder / RECORD, {**head, "points": points})


def outcome_table(sweep: Sweep, outcomes: Sequence[Outcome]) -> str:
    """One row a point: parameters, the sweep's metric, and what the test split gives; AUROCs in per cent."""
    metrics = [sweep.metric["name"]] if sweep.metric else []
    metrics = list(dict.fromkeys([*metrics, "test/micro_auroc", "test/box_width/micro_auroc"]))
    rows = [
        [
            *map(str, outcome.point.parameters.values()),
            *(_cell(name, outcome.metrics.get(name)) for name in metrics),
            outcome.protocol or "failed",
            outcome.point.id,
        ]
        for outcome in outcomes
    ]
    parameters = [name.removeprefix("model.init_args.") for name in sweep.parameters]
    return text_table(rows, [*parameters, *metrics, "protocol", "run"])


def _last_values(log: Path) -> dict[str, float | None]:
    """The last number in each column of a run's log; None where it is not finite."""
    if not log.is_file():
        return {}
    last: dict[str, float] = {}
    with log.open(newline="") as file:
        for row in csv.DictReader(file):
            last |= {name: float(cell) for name, cell in row.items() if name and name.startswith(_LOGGED) and cell}
    return {name: value if math.isfinite(value) else None for name, value in last.items()}


def _cell(name: str, value: float | None) -> float | str | None:
    if value is None or name.endswith("auroc"):
        return None if value is None else 100 * value
    return f"{value:.4g}"
