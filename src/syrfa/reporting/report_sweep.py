"""Sweeps: what each point was set to and what it reached."""

import json
from pathlib import Path
from typing import Any

from syrfa.errors import UserError
from syrfa.reporting.report_words import audit_in_short, flags
from syrfa.reporting.runs import SWEEP, Run
from syrfa.training.run_folder import RESULT

_TEST = "test/micro_auroc"
_SHARES = ("auroc", "auprc", "f1", "eer")


def find_sweeps(place: Path) -> list[dict[str, Any]]:
    """Every `sweep.json` in or below a folder, as the report shows it; UserError for a damaged one.

    Each has `name`, `parameters` (without the path of the option), `metrics` (what points are chosen by, and last the
    micro AUROC of the test), `goal`, `oracle`, `finished`, and `points`, the best of the last metric first: `number`,
    `settings` and `metrics` by name (shares in per cent), and `told`: protocol, flags, audit, state, run.
    """
    return [_read(file) for file in sorted(place.rglob(SWEEP))] if place.is_dir() else []


def _read(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_bytes())
        points, goal = content["points"], content.get("metric") or {}
        reached = {name for point in points for name in point["metrics"]}
        metrics = [name for name in dict.fromkeys([goal.get("name", _TEST), _TEST]) if name in reached]
        keys = {name.rpartition(".")[2]: name for name in content["parameters"]}
        shown: list[dict[str, Any]] = [
            {
                "number": number,
                "settings": {name: point["parameters"].get(key) for name, key in keys.items()},
                "metrics": {name: _shown(name, point["metrics"].get(name)) for name in metrics},
                "told": _told(file.parent, point),
            }
            for number, point in enumerate(points, 1)
        ]
        oracle = any(point["metrics"].get("val/oracle") for point in points)
        words = f"{goal['name']} ({goal['goal']})" if goal else ""
        name = str(content["sweep"])
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{file}: damaged, or not what `syrfa sweep` writes; run the sweep again") from error
    if metrics:
        shown.sort(key=lambda point: -(point["metrics"][metrics[-1]] or -float("inf")))
    finished = sum(None not in point["metrics"].values() for point in shown if metrics)
    head = {"name": name, "parameters": [*keys], "metrics": metrics, "goal": words, "oracle": oracle}
    return {**head, "finished": finished, "points": shown}


def _told(folder: Path, point: dict[str, Any]) -> list[str]:
    """Protocol, flags, audit, state and run of a point; what its result does not say, as far as the sweep noted it."""
    place, noted, audit = folder / str(point.get("run")), str(point.get("flags", "-") or "none"), "-"
    if (place / RESULT).is_file():
        run = Run.open(place)
        noted, audit = flags([run]), audit_in_short([run], run.result["evaluations"][0])
    protocol, state, name = (str(point.get(key) or "-") for key in ("protocol", "state", "run"))
    return [protocol, noted, audit, state, name]


def _shown(name: str, value: object) -> float | None:
    """A metric; a share in per cent."""
    if not isinstance(value, int | float):
        return None
    return 100 * value if name.endswith(_SHARES) else value
