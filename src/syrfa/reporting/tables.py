"""A table of the paper from results alone: its lines, and below them what a reader needs to judge them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from syrfa.evaluation.result import METRICS
from syrfa.reporting.cells import NONE, Measured, measure
from syrfa.reporting.facts import Outcomes, facts
from syrfa.reporting.spec import ReadingSpec, RowSpec, Spec

COLUMNS = (
    *("row", "metric", "paper", "ours, mean ± std (n)", "difference", "protocol", "95 % interval", "selection"),
    *("box_width", "random_smoothed", "chance", "test information"),
)
CITED = "cited, not run"


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
    spec: Spec,
    name: str,
    dataset: str,
    outcomes: Outcomes,
    recipes: Mapping[str, str],
    command: str,
    remarks: Sequence[str] = (),
) -> Table:
    """Builds one table for one data set; equal arguments give equal bytes.

    Args:
        spec: of `tables.yaml`.
        name: of the table.
        dataset: name of the data set.
        outcomes: run -> seed -> what became of it.
        recipes: run -> hash of its configuration but the seed.
        command: what makes the table again.
        remarks: more notes.
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
        *facts({run: outcomes[run] for run in runs}, spec.readings),
        "Runs, with the hash of their configuration (config files, options, generated worlds, number of threads, the "
        "run they start from), without seed, code and data, which stand above: "
        + "; ".join(f"{row.name} = {row.run} {recipes.get(row.run, NONE)[:12]}" for row in shown if row.run is not None)
        + ".",
        *remarks,
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
