"""Training curves from `metrics.csv`."""

import csv
import math
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from syrfa.reporting.report_runs import Run
from syrfa.training.run_folder import TRAINING_LOG

MOST_STEPS = 400
"""Points of one curve; of a longer training every n-th is drawn."""


def training_plots(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """One plot for each logged quantity, one line a run; empty where no run kept a log.

    Args:
        runs: of one experiment.
    """
    columns: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for run in runs:
        path = run.path(TRAINING_LOG)
        for name, points in (_columns(path) if path else {}).items():
            columns[name].append({"name": f"seed {run.result['seed']}", "points": points})
    return [
        {"kind": "lines", "name": name, "x": "step", "series": series}
        for name, series in sorted(columns.items())
        if any(len(line["points"]) > 1 for line in series)
    ]


def _columns(path: Path) -> dict[str, list[list[float]]]:
    """Step and value of every column; a cell that is empty or no finite number is left out."""
    found: dict[str, list[list[float]]] = defaultdict(list)
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        for number, row in enumerate(csv.DictReader(file)):
            step = _number(row.get("step"))
            for name, cell in row.items():
                value = _number(cell)
                if name and name not in ("step", "epoch") and not name.startswith("test/") and value is not None:
                    found[name].append([number if step is None else step, float(f"{value:.5g}")])
    return {name: points[:: -(-len(points) // MOST_STEPS)] for name, points in found.items()}


def _number(cell: object) -> float | None:
    try:
        value = float(str(cell))
    except ValueError:
        return None
    return value if math.isfinite(value) else None
