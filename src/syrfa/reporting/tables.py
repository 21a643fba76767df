"""A table of the paper from results alone: its lines, and below them what a reader needs to judge them."""

import csv
import io
import re
import statistics
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from syrfa.evaluation.result import METRICS, Evaluation, Result, audit_of, is_clean_only, selection, value_of
from syrfa.reporting.table_runs import Outcome
from syrfa.reporting.table_spec import EvaluationSpec, RowSpec, Spec, named
from syrfa.utils.files import atomic_write
from syrfa.utils.text_table import markdown_table, mean_and_deviation, percent

_UNKNOWN = "not on record"


def settings_next_to_the_papers(results: Sequence[Result]) -> str:
    """The settings that decide most, with the paper's."""
    settings = [{**result["settings"].get("knowledge", {}), **result["settings"]} for result in results]
    found: dict[tuple[str, str], Iterable[Any]] = {
        ("width", "32"): (result.get("width") for result in results),
        ("tube size", "64"): (result.get("size") for result in results),
        ("lr of phase 1", "1e-05"): (each["lr"] for each in settings if each.get("lr")),
        ("lr of phase 2", "1e-06"): (each["lr_adapter"] for each in settings if "lr_adapter" in each),
        ("source", "UBnormal"): (source for result in results for source in _sources(result)),
        ("pretraining", "jigsaw puzzles"): map(_pretraining, settings),
    }
    known = {key: listed(values) for key, values in found.items()}
    return ", ".join(f"{name} {value} (paper: {paper})" for (name, paper), value in known.items() if value)


def code_of(results: Sequence[Result]) -> str:
    """Commits, versions, device, precision and threads."""
    environments = [result["environment"] for result in results]
    return (
        f"commit {listed(e.get('git_commit') or 'unknown' for e in environments)}, "
        f"syrfa {listed(e['syrfa'] for e in environments)}, "
        f"torch {listed(e['packages']['torch'] for e in environments)}; "
        f"device {listed(result['device'] for result in results)}, "
        f"precision {listed(result['precision'] for result in results)}, "
        f"threads {listed(e.get('threads', _UNKNOWN) for e in environments)}"
    )


def listed(values: Iterable[Any], between: str = ", ") -> str:
    """Different values, each once, in order."""
    return between.join(dict.fromkeys(str(value) for value in values))


def _sources(result: Result) -> Iterator[str]:
    """What the weights learnt labels from."""
    steps = (result.get("run_record") or {}).get("steps", [])
    parts = [part for step in steps for part in step["data"] if part["domain"] == "source"]
    for part in parts:
        yield f"the generated world {part['world']['preset']}" if part.get("world") else str(part["dataset"])
    if not parts:
        yield _UNKNOWN


def _pretraining(settings: dict[str, Any]) -> str:
    if "pretrained" not in settings:
        return _UNKNOWN
    return "weights of stage 0" if settings["pretrained"] or settings.get("pretrained_from") else "none"


NONE = "-"
COLUMNS = (
    *("row", "metric", "paper", "ours, mean ± std (n)", "difference", "protocol", "95 % interval", "selection"),
    *("box_width", "random_smoothed", "chance", "test information"),
)
Seeds = Mapping[int, Outcome]
Outcomes = Mapping[str, Seeds]
"""Run -> seed -> what became of it."""


@dataclass(frozen=True)
class Table:
    """A finished table: its name as `table2`, its caption, headings, cells as text, and the sentences below it."""

    name: str
    title: str
    columns: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def build_tables(
    spec: Spec,
    names: Sequence[str],
    dataset: str,
    outcomes: Outcomes,
    configurations: Mapping[str, str],
    command: str,
    other: Collection[str] = (),
    doubt: str = "",
) -> list[Table]:
    """Builds tables for one data set; equal arguments give equal bytes.

    `configurations` are hashes by run, `command` makes the tables again, all but their names, `other` are runs whose
    results are of another configuration than their rows have now, and `doubt` is why that cannot be told, where so.
    """
    built = []
    for name in names:
        table, data = spec.tables[name], named(spec.datasets, dataset, "data set")
        known = any(row.paper.get(dataset) for row in table.rows)
        shown = [row for row in table.rows if row.run is not None or known]
        grouped = any(row.group for row in shown)
        lines = []
        for row in shown:
            for metric in table.metrics:
                for line in _lines(row, metric, row.paper.get(dataset, {}).get(metric), outcomes, spec.evaluations):
                    lines.append((row.group or NONE, *line) if grouped else line)
        left_out = len(table.rows) - len(shown)
        rows = [(row.name, row.run) for row in shown if row.run is not None]
        hashes = "; ".join(f"{row} = {run} {configurations.get(run, NONE)[:12]}" for row, run in rows)
        changed = dict.fromkeys(run for _, run in rows if run in other)
        notes = [
            "Numbers are per cent, differences are points. The interval is that of a bootstrap over test videos, from "
            "the lowest lower to the highest upper end over the seeds. box_width is the widest box of a frame, "
            "random_smoothed are random scores of the same boxes: neither has learnt anything.",
            *([f"The paper cites {left_out} more rows, and has no number of this data set."] if left_out else []),
            *table.notes,
            *table.notes_of.get(dataset, []),
            *_facts({run: outcomes[run] for _, run in rows}, spec.evaluations),
            "Runs, with the hash of their configuration (config files, options, generated worlds, number of threads, "
            f"the run they start from; seed, code and data are above): {hashes}.",
            *([f"Results of another configuration than the rows have now: {', '.join(changed)}."] if changed else []),
            *([doubt] if doubt else []),
            f"Made by: python -m syrfa tables {name} {command}",
        ]
        columns = ("group", *COLUMNS) if grouped else COLUMNS
        built.append(Table(name, f"{table.title}, on {data.title}", columns, tuple(lines), tuple(notes)))
    return built


def _lines(
    row: RowSpec, metric: str, paper: float | None, outcomes: Outcomes, evaluations: Iterable[EvaluationSpec]
) -> list[tuple[str, ...]]:
    """A line for each evaluation; one for a row that is cited."""
    theirs = NONE if paper is None else f"{paper:.1f}"
    label = f"{row.name} (extension)" if row.extension else row.name
    if row.run is None:
        return [(label, METRICS[metric], theirs, "cited, not run", *[NONE] * (len(COLUMNS) - 4))]
    if any(outcome.result and is_clean_only(outcome.result) for outcome in outcomes[row.run].values()):
        label += ", clean_only"
    return [(label, METRICS[metric], theirs, *_cells(outcomes[row.run], one, metric, paper)) for one in evaluations]


def _cells(outcomes: Seeds, wanted: EvaluationSpec, metric: str, paper: float | None) -> tuple[str, ...]:
    """The cells of `COLUMNS` from `ours` on: one metric of one run over its seeds, or why there is no number."""
    found: list[tuple[Result, Evaluation]] = []
    reasons: dict[int, str] = {}
    for seed, outcome in sorted(outcomes.items()):
        number = _number(outcome, wanted, metric)
        if isinstance(number, str):
            reasons[seed] = number
        else:
            found.append(number)
    protocol = f"{wanted.protocol}, {wanted.smoothing}"
    if not found:
        why = "; ".join(dict.fromkeys(reasons.values())) or "not run: no seed was asked for"
        return (why, NONE, protocol, *[NONE] * (len(COLUMNS) - 6))
    metrics = [evaluation["metrics"][metric] for _, evaluation in found]
    values = [value["value"] for value in metrics]
    points = None if paper is None else round(statistics.mean(100 * value for value in values) - paper, 1)
    ends = [(value.get("ci_low"), value.get("ci_high")) for value in metrics]
    whole = all(None not in pair for pair in ends)
    baselines = [
        listed((percent(value_of(one["baselines"].get(name), metric)) for _, one in found), " / ")
        for name in ("box_width", "random_smoothed")
    ]
    return (
        f"{mean_and_deviation(values)} ({len(values)})" + "".join(f"; seed {s} {why}" for s, why in reasons.items()),
        NONE if points is None else f"{points:+.1f}" if points else "0.0",
        protocol,
        f"{percent(min(low for low, _ in ends))} to {percent(max(high for _, high in ends))}" if whole else NONE,
        listed((selection(result) for result, _ in found), " / "),
        *baselines,
        listed((percent(value.get("chance")) for value in metrics), " / "),
        listed(("; ".join(audit_of(*pair).test_information) or "none" for pair in found), " / "),
    )


def evaluation_of(result: Result, wanted: EvaluationSpec) -> Evaluation | None:
    """A result's evaluation under a protocol and smoothing, not one that reference scores rescaled."""
    for evaluation in result["evaluations"]:
        protocol: dict[str, str] = evaluation["protocol"]
        asked = (protocol["protocol"], protocol["smoothing"]) == (wanted.protocol, wanted.smoothing)
        if asked and not protocol.get("reference"):
            return dict(evaluation)
    return None


def _number(outcome: Outcome, wanted: EvaluationSpec, metric: str) -> tuple[Result, Evaluation] | str:
    """The result and its evaluation that has the number, or why there is none."""
    result = outcome.result
    if result is None:
        return outcome.reason or "not run: only started from"
    videos, released = result.get("videos"), result.get("videos_released")
    if videos and released and videos < released:
        return f"not run: {released - videos} of {released} {result['split']} videos are missing"
    evaluation = evaluation_of(result, wanted)
    if evaluation is None:
        return f"not run: the result has no evaluation {wanted.protocol}, {wanted.smoothing}"
    if metric not in evaluation["metrics"]:
        return f"not run: the result has no {METRICS[metric]}"
    value = evaluation["metrics"][metric]
    return (result, evaluation) if value["value"] is not None else f"undefined: {value['reason']}"


def _facts(outcomes: Outcomes, evaluations: Iterable[EvaluationSpec]) -> list[str]:
    """What results record of data, seeds, settings, code and protocols, each sentence a note."""
    by_run = {run: [one.result for _, one in sorted(seeds.items()) if one.result] for run, seeds in outcomes.items()}
    results = [result for several in by_run.values() for result in several]
    seeds = listed(seed for seeds in outcomes.values() for seed in sorted(seeds))
    if not results:
        return [f"Seeds: {seeds}."]
    tested = (
        f"{result['videos']} videos, {result['frames']} frames, {result['objects']} objects, "
        f"manifest {result['manifest_sha256'][:12]}, tubes {result['cache_key']}"
        for result in results
    )
    moved = []  # the paper's learning rate hardly moves adapters in a few steps
    for run, several in by_run.items():
        if adapters := [r["adapter"] for r in several if r.get("adapter", {}).get("max_abs")]:
            mean, most = statistics.mean(a["mean_abs"] for a in adapters), max(a["max_abs"] for a in adapters)
            moved.append(f"{run} {mean:.1e} on average, {most:.1e} at most")
    audits = []
    for wanted in evaluations:
        runs: dict[str, list[str]] = {}
        for run, several in by_run.items():
            for result in several:
                if evaluation := evaluation_of(result, wanted):
                    runs.setdefault(audit_of(result, evaluation).line, []).append(run)
        for line, found in runs.items():
            of = "" if len(runs) == 1 else f", of {listed(found)}"
            audits.append(f"Audit under {wanted.protocol}, {wanted.smoothing}{of}: {line}")
    return [
        f"Test split: {listed(tested, ' / ')}. Seeds: {seeds}.",
        f"Settings: {settings_next_to_the_papers(results)}.",
        *([f"How far adapters moved from where they do nothing: {'; '.join(moved)}."] if moved else []),
        *audits,
        f"Code: {code_of(results)}.",
    ]


_LATEX = {
    **{letter: f"\\{letter}" for letter in "&%$#_{}"},
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "|": r"\textbar{}"},
    **{"<": r"\textless{}", ">": r"\textgreater{}", "`": r"\textasciigrave{}", "'": r"\textquotesingle{}"},
    # \textquotedbl is not in the encoding that LaTeX begins with; typewriter type has the straight mark in every one
    **{"±": r"$\pm$", '"': r"{\ttfamily\char34}"},
}


def as_markdown(table: Table) -> str:
    """A heading, the table, and its notes as a list."""
    notes = "\n".join(f"- {note}" for note in table.notes)
    return f"## {table.title}\n\n{markdown_table(table.lines, table.columns)}\n\n{notes}\n"


def as_csv(table: Table) -> str:
    """Comma-separated, UTF-8, lines ended by a line feed; notes behind the lines, each after `# ` in its first cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([table.columns, *table.lines])
    writer.writerows([f"# {note}"] for note in table.notes)
    return text.getvalue()


def as_latex(table: Table) -> str:
    """A `table*` for the packages booktabs and graphicx (before 2020 also textcomp), wide as the page, notes below."""
    head, *rows = [" & ".join(map(escape, line)) + r" \\" for line in (table.columns, *table.lines)]
    lines = [
        r"\begin{table*}",
        r"\centering",
        rf"\caption{{{escape(table.title)}}}",
        rf"\label{{tab:{table.name}}}",
        r"\resizebox{\textwidth}{!}{%",
        rf"\begin{{tabular}}{{{'l' * len(table.columns)}}}",
        *(r"\toprule", head, r"\midrule", *rows, r"\bottomrule"),
        r"\end{tabular}}",
        r"\begin{itemize}\footnotesize",
        *(rf"\item {escape(note)}" for note in table.notes),
        r"\end{itemize}",
        r"\end{table*}",
    ]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Text that LaTeX prints as it is, two hyphens as two, so that commands can be copied."""
    return re.sub("-(?=-)", "-{}", "".join(_LATEX.get(letter, letter) for letter in text))


FORMATS = {"md": as_markdown, "csv": as_csv, "tex": as_latex}


def write_tables(tables: list[Table], folder: Path) -> list[Path]:
    """Writes every table in every format; returns the files."""
    files = {folder / f"{table.name}.{suffix}": made(table) for table in tables for suffix, made in FORMATS.items()}
    for path, text in files.items():
        with atomic_write(path) as opened:
            opened.write(text.encode())
    return list(files)
