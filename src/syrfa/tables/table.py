"""A table of the paper from results alone: its lines, and below them what a reader needs to judge them."""

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from syrfa.tables.cells import METRICS, NONE, Measured, audit_of, measure, reading_of
from syrfa.tables.runner import Outcome
from syrfa.tables.spec import ReadingSpec, RowSpec, Spec
from syrfa.tables.state import Result

Outcomes = Mapping[str, Mapping[int, Outcome]]
COLUMNS = (
    *("row", "metric", "paper", "ours, mean ± std (n)", "difference", "protocol", "95 % interval", "selection"),
    *("box_width", "random_smoothed", "chance", "test information"),
)
CITED = "cited, not run"
# the paper's settings, where a result says its own
_PAPER = {"width": "32", "tube size": "64", "lr of phase 1": "1e-05", "lr of phase 2": "1e-06"}


@dataclass(frozen=True)
class Table:
    """A finished table.

    Attributes:
        name: as `table2`.
        title: its caption.
        columns: headings.
        lines: cells as text, one a column.
        notes: sentences below it.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def build_table(
    spec: Spec, name: str, dataset: str, outcomes: Outcomes, recipes: Mapping[str, str], command: str
) -> Table:
    """Builds one table for one data set; equal arguments give equal bytes.

    Args:
        spec: of `tables.yaml`.
        name: of the table.
        dataset: name of the data set.
        outcomes: run -> seed -> what became of it.
        recipes: run -> hash of all that decides its numbers but the seed.
        command: what makes the table again.
    """
    table, data = spec.table(name), spec.dataset(dataset)
    known = any(row.paper.get(dataset) for row in table.rows)
    shown = [row for row in table.rows if row.run is not None or known]
    grouped = any(row.group for row in shown)
    lines: list[tuple[str, ...]] = []
    for row in shown:
        for metric in table.metrics:
            paper = row.paper.get(dataset, {}).get(metric)
            for line in _lines(row, metric, paper, outcomes, spec.readings):
                lines.append((row.group or NONE, *line) if grouped else line)
    runs = list(dict.fromkeys(row.run for row in shown if row.run is not None))
    left_out = len(table.rows) - len(shown)
    notes = [
        "Numbers are per cent, differences are points. The interval is that of a bootstrap over test videos, from the "
        "lowest lower to the highest upper end over the seeds. box_width is the widest box of a frame, "
        "random_smoothed are random scores of the same boxes: neither has learnt anything.",
        *([f"The paper cites {left_out} more rows, and has no number of this data set."] if left_out else []),
        *table.notes,
        *table.notes_of.get(dataset, []),
        *_facts({run: outcomes[run] for run in runs}, spec.readings),
        "Runs, with the hash of all that decides their numbers but the seed: "
        + "; ".join(f"{row.name} = {row.run} {recipes[row.run][:12]}" for row in shown if row.run is not None)
        + ".",
        f"Made by: {command}",
    ]
    columns = ("group", *COLUMNS) if grouped else COLUMNS
    return Table(name, f"{table.title}, on {data.title}", columns, tuple(lines), tuple(notes))


def _lines(
    row: RowSpec, metric: str, paper: float | None, outcomes: Outcomes, readings: Iterable[ReadingSpec]
) -> list[tuple[str, ...]]:
    """A line for each reading; one for a row that is cited."""
    label = f"{row.name} (extension)" if row.extension else row.name
    theirs = NONE if paper is None else f"{paper:.1f}"
    head = (label, METRICS.get(metric, metric), theirs)
    if row.run is None:
        return [(*head, CITED, *[NONE] * (len(COLUMNS) - len(head) - 1))]
    lines: list[tuple[str, ...]] = []
    for reading in readings:
        ours: Measured = measure(outcomes[row.run], reading, metric, paper)
        protocol = f"{reading.protocol}, {reading.smoothing}"
        baselines = (ours.box_width, ours.random_smoothed, ours.chance)
        beside = (protocol, ours.interval, ours.selection, *baselines, ours.information)
        lines.append((*head, ours.ours, ours.difference, *beside))
    return lines


def _facts(outcomes: Outcomes, readings: Iterable[ReadingSpec]) -> list[str]:
    """What the results say of data, seeds, settings, code and protocols."""
    results = [outcome.result for seeds in outcomes.values() for _, outcome in sorted(seeds.items()) if outcome.result]
    seeds = _listed(seed for seeds in outcomes.values() for seed in sorted(seeds))
    if not results:
        return [f"Seeds: {seeds}."]
    first = results[0]
    settings = {
        "width": _listed(result.get("width") for result in results),
        "tube size": _listed(result.get("size") for result in results),
        "lr of phase 1": _listed(filter(None, (_rate(result) for result in results))),
        "lr of phase 2": _listed(r["settings"]["lr_adapter"] for r in results if "lr_adapter" in r["settings"]),
    }
    beside = ", ".join(f"{key} {value} (paper: {_PAPER[key]})" for key, value in settings.items() if value)
    environments = [result["environment"] for result in results]
    commits = _listed(environment.get("git_commit") or "unknown" for environment in environments)
    return [
        f"Test split: {first.get('videos', '?')} videos, {first.get('frames', '?')} frames, "
        f"{first['objects']} objects. Seeds: {seeds}.",
        f"Settings beside the paper's: {beside}. Not as the paper: the source is generated, not UBnormal, and no "
        "extractor was pretrained on jigsaw puzzles.",
        *_adapters(outcomes),
        *_audits(outcomes, readings),
        f"Code: commit {commits}, syrfa {_listed(e['syrfa'] for e in environments)}, "
        f"torch {_listed(e['packages']['torch'] for e in environments)}; "
        f"device {_listed(r['device'] for r in results)}, precision {_listed(r['precision'] for r in results)}.",
    ]


def _adapters(outcomes: Outcomes) -> list[str]:
    """How far each run's adapters moved, over its seeds: the paper's learning rate hardly moves them in a few steps."""
    notes = []
    for run, seeds in outcomes.items():
        moved = [o.result["adapter"] for o in seeds.values() if o.result and o.result.get("adapter", {}).get("max_abs")]
        if moved:
            mean, most = statistics.mean(a["mean_abs"] for a in moved), max(a["max_abs"] for a in moved)
            notes.append(f"{run} {mean:.1e} on average, {most:.1e} at most")
    return [f"How far adapters moved from where they do nothing: {'; '.join(notes)}."] if notes else []


def _audits(outcomes: Outcomes, readings: Iterable[ReadingSpec]) -> list[str]:
    """The audit lines of every reading, each with the runs whose numbers it is of."""
    notes = []
    for wanted in readings:
        runs: dict[str, list[str]] = {}
        for run, seeds in outcomes.items():
            for _, outcome in sorted(seeds.items()):
                reading = reading_of(outcome.result, wanted) if outcome.result else None
                if outcome.result is not None and reading is not None:
                    runs.setdefault(audit_of(outcome.result, reading).line, []).append(run)
        for line, found in runs.items():
            of = "" if len(runs) == 1 else f", of {_listed(found)}"
            notes.append(f"Audit under {wanted.protocol}, {wanted.smoothing}{of}: {line}")
    return notes


def _rate(result: Result) -> Any:  # noqa: ANN401 - a number of JSON
    """The learning rate of phase 1; of phase 2 that of the run it started from."""
    settings = result["settings"]
    return settings.get("lr", settings.get("knowledge", {}).get("lr"))


def _listed(values: Iterable[Any]) -> str:
    """Different values, each once, in order."""
    return ", ".join(dict.fromkeys(str(value) for value in values))
