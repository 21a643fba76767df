"""Sweeps: what each point was set to and what it reached."""

import json
from pathlib import Path
from typing import Any

from syrfa.errors import UserError
from syrfa.report.page.markup import Html, note, table, tag, text
from syrfa.report.page.readings import percent

SWEEP = "sweep.json"


def find_sweeps(place: Path) -> list[tuple[Path, dict[str, Any]]]:
    """Every `sweep.json` in or below a folder, with its content.

    Raises:
        UserError: one is damaged.
    """
    return [(file, _read(file)) for file in sorted(place.rglob(SWEEP))] if place.is_dir() else []


def _read(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_bytes())
        content["sweep"], content["parameters"] = str(content["sweep"]), [str(name) for name in content["parameters"]]
        for point in content["points"]:
            if not isinstance(point["parameters"], dict) or not isinstance(point.get("metrics") or {}, dict):
                raise TypeError("a point without parameters")
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{file}: damaged, or not what `syrfa sweep` writes; run the sweep again") from error
    return dict(content)


def sweep_plot(sweep: dict[str, Any]) -> dict[str, Any] | None:
    """Parallel coordinates: an axis a parameter and one for the micro AUROC; None where no point has finished.

    Points without a number are not drawn; the table lists them.
    """
    done = [(point, metric_of(point)) for point in sweep["points"]]
    rows = [
        {"id": number, "values": [*(point["parameters"].get(name) for name in sweep["parameters"]), value]}
        for number, (point, value) in enumerate(done)
        if value is not None
    ]
    return {"kind": "parallel", "axes": [*sweep["parameters"], "micro AUROC"], "rows": rows} if rows else None


def metric_of(point: dict[str, Any]) -> float | None:
    """The point's micro AUROC, a fraction; from a plain number or a metric with its interval."""
    found = (point.get("metrics") or {}).get("micro_auroc")
    value = found.get("value") if isinstance(found, dict) else found
    return float(value) if isinstance(value, int | float) else None


def sweep_table(sweep: dict[str, Any], id_: str) -> Html:
    """Every point, the best first; the number of a point is that of its line in the plot."""
    numbered = sorted(enumerate(sweep["points"]), key=lambda pair: -(metric_of(pair[1]) or -1.0))
    rows = []
    for number, point in numbered:
        values = [text(_plain(point["parameters"].get(name))) for name in sweep["parameters"]]
        rows.append(
            [str(number + 1), *values, text(percent(metric_of(point))), text(point.get("state", "")), _folder(point)]
        )
    columns = ["point", *sweep["parameters"], "micro AUROC", "state", "run"]
    words = [len(columns) - 2, len(columns) - 1]
    return table(f"Points of the sweep {sweep['sweep']}, best first", columns, rows, words, id_)


def _plain(value: object) -> str:
    return "-" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _folder(point: dict[str, Any]) -> Html:
    return tag("code", text(point["run"])) if point.get("run") else text("-")


def sweep_note(sweep: dict[str, Any]) -> Html:
    """How the points are to be read."""
    done = sum(metric_of(point) is not None for point in sweep["points"])
    return note(
        f"{done} of {len(sweep['points'])} points have a number. The best of many points is chosen by the test split: "
        "as a result of its own it would be an oracle's."
    )
