"""What became of the points of a sweep: `sweep.json`, the table, and the best point by the sweep's metric."""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from syrfa.errors import UserError
from syrfa.evaluation.audit import flags_of
from syrfa.evaluation.result import read_result
from syrfa.reporting.point import Point
from syrfa.reporting.sweep import Sweep
from syrfa.training.run_folder import RESULT, TRAINING_LOG
from syrfa.utils.files import write_json
from syrfa.utils.text_table import text_table

RECORD = "sweep.json"
_LOGGED = ("train/", "val/", "adapter/")  # those of the test come from the result
Metrics = dict[str, float | None]


@dataclass(frozen=True)
class Outcome:
    """What became of a point.

    Attributes:
        point: which one.
        state: finished when its result is there.
        metrics: by name, AUROCs as fractions; those of training are `train/...`, of validation `val/...`, of the test
            split `test/...`.
        protocol: of the test's first reading, e.g. `strict centred`, with the flags: `strict centred (oracle)`.
        flags: how the test split entered the point's weights, e.g. `transductive, oracle`.
        reason: why it failed.
    """

    point: Point
    state: Literal["finished", "failed"]
    metrics: Metrics = field(default_factory=dict)
    protocol: str = ""
    flags: str = ""
    reason: str = ""


def finished(point: Point, folder: Path) -> Outcome | None:
    """The outcome of a point whose run is whole; None when it is not.

    Args:
        point: which one.
        folder: its run's folder; done when a result of this version is there.
    """
    if not (folder / RESULT).is_file():
        return None
    try:
        result = read_result(folder)
    except UserError:  # damaged: it is run again
        return None
    first = result["evaluations"][0]
    metrics = last_values(folder / TRAINING_LOG, _LOGGED)
    metrics |= {f"test/{name}": value["value"] for name, value in first["metrics"].items()}
    width = first["baselines"].get("box_width", {}).get("micro_auroc", {}).get("value")
    metrics["test/box_width/micro_auroc"] = width
    protocol, flags = f"{first['protocol']['protocol']} {first['protocol']['smoothing']}", flags_of(result)
    return Outcome(point, "finished", metrics, f"{protocol} ({flags})" if flags else protocol, flags)


def last_values(path: Path, prefixes: tuple[str, ...]) -> Metrics:
    """The last number in each column of a `metrics.csv` whose name begins so; None where it is not finite."""
    if not path.is_file():
        return {}
    last: dict[str, float] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            last |= {name: float(cell) for name, cell in row.items() if name and name.startswith(prefixes) and cell}
    return {name: value if math.isfinite(value) else None for name, value in last.items()}


def write_record(folder: Path, sweep: Sweep, outcomes: Sequence[Outcome]) -> None:
    """Writes `sweep.json` for the points that were settled.

    Args:
        folder: the sweep's folder; a point's `run` is relative to it.
        sweep: the sweep.
        outcomes: in the order of the points.
    """
    metric = sweep.metric
    content: dict[str, Any] = {
        "sweep": sweep.name,
        "method": sweep.method,
        "metric": None if metric is None else {"name": metric.name, "goal": metric.goal},
        "parameters": list(sweep.parameters),
        "points": [
            {
                "parameters": outcome.point.parameters,
                "run": outcome.point.id,
                "metrics": outcome.metrics,
                "protocol": outcome.protocol,
                "flags": outcome.flags,
                "checkpoints": outcome.point.checkpoints,
                "state": outcome.state,
            }
            for outcome in outcomes
        ],
    }
    write_json(folder / RECORD, content)


def best(sweep: Sweep, outcomes: Sequence[Outcome]) -> Outcome | None:
    """The point with the best value of the sweep's metric; the first of equal ones. None where no point has it."""
    if sweep.metric is None:
        return None
    sign = 1 if sweep.metric.goal == "maximize" else -1
    found = [(value, outcome) for outcome in outcomes if (value := outcome.metrics.get(sweep.metric.name)) is not None]
    return max(found, key=lambda pair: sign * pair[0])[1] if found else None


def chosen_by_test(sweep: Sweep, outcomes: Sequence[Outcome]) -> bool:
    """Whether the sweep's metric is one of the test split: by its name, or because `data.oracle` validates there."""
    name = sweep.metric.name if sweep.metric else ""
    oracle = any(outcome.metrics.get("val/oracle") for outcome in outcomes)
    return name.startswith("test/") or (name.startswith("val/") and oracle)


def table(sweep: Sweep, outcomes: Sequence[Outcome]) -> str:
    """One row a point: parameters, the sweep's metric, and what the test split gives; AUROCs in per cent."""
    chosen_by = sweep.metric.name if sweep.metric else None
    shown = [name for name in (chosen_by, "test/micro_auroc", "test/box_width/micro_auroc") if name]
    shown = list(dict.fromkeys(shown))
    columns = [*(name.removeprefix("model.init_args.") for name in sweep.parameters), *shown, "protocol", "run"]
    rows = [
        [
            *(str(outcome.point.parameters[name]) for name in sweep.parameters),
            *(_shown(name, outcome.metrics.get(name)) for name in shown),
            outcome.protocol or "failed",
            outcome.point.id,
        ]
        for outcome in outcomes
    ]
    return text_table(rows, columns)


def _shown(name: str, value: float | None) -> float | str | None:
    if value is None or name.endswith("auroc"):
        return None if value is None else 100 * value
    return f"{value:.4g}"
