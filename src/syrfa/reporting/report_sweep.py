"""Sweeps: what each point was set to and what it reached."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from syrfa.errors import UserError
from syrfa.reporting.charts import Chart, sweep_charts
from syrfa.reporting.report_words import audit_in_short, flags
from syrfa.reporting.runs import SWEEP, Run
from syrfa.training.run_folder import RESULT

_TEST = ("test/micro_auroc", "micro_auroc")  # as `syrfa sweep` names it, and plainly
_SHARES = ("auroc", "auprc", "f1", "eer")


@dataclass(frozen=True)
class Point:
    """A point of a sweep: its number from 1, settings, metrics (shares in per cent), and what its run reports."""

    number: int
    settings: dict[str, Any]
    metrics: dict[str, float | None]
    protocol: str
    flags: str
    audit: str
    state: str
    run: str

    @property
    def complete(self) -> bool:
        """Whether it has every metric."""
        return bool(self.metrics) and None not in self.metrics.values()


@dataclass(frozen=True)
class SweepReport:
    """What a `sweep.json` and the results of its points say.

    Attributes:
        name: of the sweep.
        names: of the parameters, without the path of the option.
        metrics: that are shown: the one points are chosen by, if any, and the micro AUROC of the test, the last.
        goal: what the sweep looks at; empty for nothing.
        oracle: whether validation was on the test split.
        points: in the order of the file.
    """

    name: str
    names: list[str]
    metrics: list[str]
    goal: str
    oracle: bool
    points: list[Point]

    @property
    def ranked(self) -> list[Point]:
        """The points, the best of the last metric first."""
        last = [point.metrics[self.metrics[-1]] if self.metrics else None for point in self.points]
        order = sorted(range(len(last)), key=lambda number: (last[number] is None, -(last[number] or 0.0)))
        return [self.points[number] for number in order]

    @property
    def finished(self) -> int:
        """How many points have a number."""
        return sum(point.complete for point in self.points)

    def charts(self) -> list[Chart]:
        """One chart a parameter, of the points that have every metric."""
        found = [(point.number, point.settings, point.metrics) for point in self.points if point.complete]
        return sweep_charts(self.names, found)


def find_sweeps(place: Path) -> list[SweepReport]:
    """Every `sweep.json` in or below a folder.

    Raises:
        UserError: one is damaged.
    """
    return [_read(file) for file in sorted(place.rglob(SWEEP))] if place.is_dir() else []


def _read(file: Path) -> SweepReport:
    try:
        content = json.loads(file.read_bytes())
        listed = content["points"]
        reached = {name for point in listed for name in point.get("metrics") or {}}
        metric = content.get("metric") or {}
        test = [name for name in _TEST if name in reached][:1]
        chosen = [str(metric["name"])] if metric.get("name") in reached and metric["name"] not in test else []
        metrics = chosen + test
        keys = {name.rpartition(".")[2]: name for name in map(str, content["parameters"])}
        points = [_point(file.parent, number, each, keys, metrics) for number, each in enumerate(listed, 1)]
        goal = f"{metric['name']} ({metric['goal']})" if metric else ""
        oracle = any(_value(point, "val/oracle") for point in listed)
        return SweepReport(str(content["sweep"]), list(keys), metrics, goal, oracle, points)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"{file}: damaged, or not what `syrfa sweep` writes; run the sweep again") from error


def _point(folder: Path, number: int, point: dict[str, Any], keys: dict[str, str], metrics: list[str]) -> Point:
    audit = str(point["flags"] or "none") if "flags" in point else "-", "-"
    place = folder / str(point.get("run"))
    if (place / RESULT).is_file():
        run = Run.open(place)
        audit = flags([run]), audit_in_short([run], run.result["evaluations"][0])
    settings = {name: point["parameters"].get(key) for name, key in keys.items()}
    values = {name: _value(point, name) for name in metrics}
    words = [str(point.get(key) or "-") for key in ("protocol", "state", "run")]
    return Point(number, settings, values, words[0], *audit, *words[1:])


def _value(point: dict[str, Any], name: str) -> float | None:
    """A metric of a point, a plain number or one with its interval; a share in per cent."""
    found = (point.get("metrics") or {}).get(name)
    value = found.get("value") if isinstance(found, dict) else found
    if not isinstance(value, int | float):
        return None
    return 100 * value if name.endswith(_SHARES) else value
