"""`syrfa summary`: the results of runs as a small table, beside box_width and chance."""

import json
from pathlib import Path
from typing import Any

from syrfa.errors import DataNotFoundError
from syrfa.report.table import text_table
from syrfa.run_folder import RESULT

COLUMNS = ("run", "module", "protocol", "smoothing", "micro AUROC", "95 % interval", "box_width", "chance")


def summary(runs: list[Path], all_readings: bool = False) -> None:
    """Print the results of runs beside box_width and chance.

    Args:
        runs: folders of runs, each with a result.json.
        all_readings: print every protocol and smoothing of each run, not only the first.
    """
    results = [(Path(run), read_result(Path(run))) for run in runs]
    rows = [
        row(result, reading)
        for _, result in results
        for reading in (result["readings"] if all_readings else result["readings"][:1])
    ]
    print(text_table(rows, COLUMNS))
    for folder, result in results:
        print(f"\n{folder}: {result['dataset']} {result['split']}, seed {result['seed']}, {result['steps']} steps")
        for file in sorted(folder.glob("*.png")):
            print(f"  {file}")


def read_result(folder: Path) -> dict[str, Any]:
    """A run's result.json.

    Raises:
        DataNotFoundError: there is none, so the run did not finish.
    """
    path = folder / RESULT
    if not path.is_file():
        raise DataNotFoundError(f"no {RESULT} in {folder}: the run has not finished; run `syrfa test` for it")
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def row(result: dict[str, Any], reading: dict[str, Any]) -> list[str]:
    """One table row, numbers in per cent."""
    ours = reading["metrics"]["micro_auroc"]
    width = reading["baselines"]["box_width"]["micro_auroc"]
    return [
        f"{result['experiment']}/{result['run_id']}",
        result["module"],
        reading["protocol"]["protocol"],
        reading["protocol"]["smoothing"],
        _percent(ours["value"]),
        f"{_percent(ours.get('ci_low'))} to {_percent(ours.get('ci_high'))}",
        _percent(width["value"]),
        _percent(ours.get("chance")),
    ]


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"
