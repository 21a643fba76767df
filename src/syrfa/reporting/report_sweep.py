"""Sweeps: what each point was set to and what it reached."""

import json
from pathlib import Path
from typing import Any

from syrfa.errors import UserError
from syrfa.evaluation.result import read_result
from syrfa.reporting.markup import Html, note, table, tag, text
from syrfa.reporting.readings import audit_in_short, flags
from syrfa.reporting.report_runs import SWEEP
from syrfa.training.run_folder import RESULT
from syrfa.utils.text_table import percent

_TEST = ("test/micro_auroc", "micro_auroc")  # as `syrfa sweep` names it, and plainly
_SHARES = ("auroc", "auprc", "f1", "eer")


def find_sweeps(place: Path) -> list[dict[str, Any]]:
    """The content of every `sweep.json` in or below a folder.

    Raises:
        UserError: one is damaged.
    """
    return [_read(file) for file in sorted(place.rglob(SWEEP))] if place.is_dir() else []


def _read(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_bytes())
        names = {"sweep": str(content["sweep"]), "parameters": [str(name) for name in content["parameters"]]}
        for point in content["points"]:
            if not isinstance(point["parameters"], dict) or not isinstance(point.get("metrics") or {}, dict):
                raise TypeError("a point without parameters")
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{file}: damaged, or not what `syrfa sweep` writes; run the sweep again") from error
    points = [{**point, "told": _told(file.parent / str(point.get("run")), point)} for point in content["points"]]
    return {**content, **names, "points": points}


def _told(run: Path, point: dict[str, Any]) -> dict[str, str]:
    """Flags and audit of a point; where its run is not at hand, the flags that the sweep noted."""
    if not (run / RESULT).is_file():
        return {"flags": str(point["flags"] or "none")} if "flags" in point else {}
    result = read_result(run)
    return {"flags": flags([result]), "audit": audit_in_short(result, result["evaluations"][0])}


def metrics_of(sweep: dict[str, Any]) -> list[str]:
    """The metrics that are shown: the one points are chosen by, if any, and the micro AUROC of the test, the last."""
    told = {name for point in sweep["points"] for name in point.get("metrics") or {}}
    metric = sweep.get("metric")
    chosen = [str(metric["name"])] if isinstance(metric, dict) and metric.get("name") in told else []
    test = next((name for name in _TEST if name in told), None)
    return [*(name for name in chosen if name != test), *([test] if test else [])]


def sweep_plot(sweep: dict[str, Any]) -> dict[str, Any] | None:
    """Parallel coordinates: an axis a parameter and one a metric; None where no point has finished.

    Points without all numbers are not drawn; the table lists them.
    """
    metrics = metrics_of(sweep)
    rows = []
    for number, point in enumerate(sweep["points"]):
        values = [value_of(point, name) for name in metrics]
        if metrics and None not in values:
            settings = [_plain(point["parameters"].get(name)) for name in sweep["parameters"]]
            rows.append({"id": number, "values": [*settings, *values]})
    axes = [{"name": _short(name), "kind": "setting"} for name in sweep["parameters"]]
    axes += [{"name": name, "kind": "share" if _is_share(name) else "number"} for name in metrics]
    return {"kind": "parallel", "axes": axes, "rows": rows} if rows else None


def value_of(point: dict[str, Any], name: str) -> float | None:
    """A metric of a point, a plain number or one with its interval."""
    found = (point.get("metrics") or {}).get(name)
    value = found.get("value") if isinstance(found, dict) else found
    return float(value) if isinstance(value, int | float) else None


def sweep_table(sweep: dict[str, Any], id_: str) -> Html:
    """Every point, the best of the last metric first; the number of a point is that of its line in the plot."""
    metrics = metrics_of(sweep)
    known = [value_of(point, metrics[-1]) if metrics else None for point in sweep["points"]]
    order = sorted(range(len(known)), key=lambda number: (known[number] is None, -(known[number] or 0.0)))
    rows = []
    for number in order:
        point = sweep["points"][number]
        settings = [text(_plain(point["parameters"].get(name))) for name in sweep["parameters"]]
        numbers = [_written(name, value_of(point, name)) for name in metrics]
        run = tag("code", text(point["run"])) if point.get("run") else "-"
        state = text(point.get("state") or "-")
        told = [text(point["told"].get(name) or "-") for name in ("flags", "audit")]
        rows.append([str(number + 1), *settings, *numbers, text(point.get("protocol") or "-"), *told, state, run])
    columns = ["point", *map(_short, sweep["parameters"]), *metrics, "protocol", "flags", "audit", "state", "run"]
    words = range(len(columns) - 5, len(columns))
    return table(f"Points of the sweep, by {metrics[-1] if metrics else 'number'}", columns, rows, words, id_)


def sweep_note(sweep: dict[str, Any]) -> Html:
    """How the points are to be read."""
    metrics = metrics_of(sweep)
    done = sum(bool(metrics) and value_of(point, metrics[-1]) is not None for point in sweep["points"])
    metric = sweep.get("metric")
    chosen = f" The sweep looks at {metric['name']} ({metric['goal']})." if isinstance(metric, dict) else ""
    if any(value_of(point, "val/oracle") for point in sweep["points"]):
        chosen += " With data.oracle on, val/... is of the test split: a choice by it is an oracle's."
    return note(
        f"{done} of {len(sweep['points'])} points have a number.{chosen} Shares are in per cent. A point that is "
        "chosen by its number on the test split is an oracle's choice; as a result of its own it would need that flag. "
        "Report the folder of a point for all that is known of it."
    )


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """A setting as a number or as words."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number else "-" if value is None else str(value)


def _written(name: str, value: float | None) -> str:
    return percent(value) if _is_share(name) or value is None else f"{value:.4g}"


def _is_share(name: str) -> bool:
    return name.rpartition("/")[2].endswith(_SHARES)


def _short(name: str) -> str:
    """`model.init_args.lambda_cls` is `lambda_cls`."""
    return name.rpartition(".")[2]
