"""The tables of the page: experiments, runs, readings, baselines, regions, alarms."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from syrfa.evaluation.result import METRICS, Evaluation, Result, selection
from syrfa.reporting.markup import Html, note, table, tag, text
from syrfa.reporting.readings import (
    audit_in_short,
    audit_line,
    flags,
    interval,
    is_clean,
    reading_name,
    same_readings,
    signed,
    value_of,
)
from syrfa.reporting.report_runs import Experiment, Run
from syrfa.utils.text_table import mean_and_deviation, percent

_ALARM_COLUMNS = ["false alarms an hour", "95 % interval", "box_width's"]


def overview(experiments: Sequence[Experiment]) -> Html:
    """One row an experiment, by its first reading."""
    rows = []
    names = _measured(run for experiment in experiments for run in experiment.runs)
    for number, experiment in enumerate(experiments):
        runs, reading = experiment.runs, experiment.shown.result["evaluations"][0]
        name = tag("a", text(experiment.name), href=f"#e{number}") + _audit(same_readings(runs, reading))
        data = text(f"{experiment.dataset} {experiment.split}")
        told = text(flags([run.result for run in runs]))
        head = [name, data, text(reading_name(reading)), told, str(len(runs))]
        rows.append([*head, *_over_runs(runs, reading, names)])
    columns = ["experiment", "data", "reading", "flags", "runs", *_columns(names)]
    return table("Experiments: mean ± standard deviation over runs, in per cent", columns, rows, (0, 1, 2, 3))


def run_table(experiment: Experiment) -> Html:
    """One row a run, by its first reading."""
    rows = []
    names = _measured(experiment.runs)
    for run in experiment.runs:
        result, reading = run.result, run.result["evaluations"][0]
        metrics, width = reading["metrics"], reading["baselines"].get("box_width", {})
        rows.append(
            [
                text(result["run_id"]) + _audit([(result, reading)]),
                *_with_interval(metrics, names),
                percent(value_of(width, "micro_auroc")),
                _lead(reading),
                percent(metrics["micro_auroc"].get("chance")),
                text(reading_name(reading)),
                text(selection(result)),
                text(flags([result])),
                text(result["seed"]),
                f"{result['steps']:,}",
            ]
        )
    columns = ["run", "micro AUROC", "95 % interval", *_columns(names)[1:-1], "lead over it", "chance"]
    columns += ["protocol", "selection", "flags", "seed", "steps"]
    words = (0, *range(len(columns) - 5, len(columns) - 2))
    return table("Runs by their first reading, in per cent", columns, rows, words)


def reading_table(experiment: Experiment) -> Html:
    """One row a reading: mean and deviation over runs, or the interval of a single run."""
    first, single = experiment.shown.result, len(experiment.runs) == 1
    names = _measured(experiment.runs)
    rows = []
    for reading in first["evaluations"]:
        spread = (
            interval(reading["metrics"]["micro_auroc"])
            if single
            else " ".join(percent(value) for value in _values(experiment.runs, reading, "micro_auroc"))
        )
        numbers = _over_runs(experiment.runs, reading, names)
        name = text(reading_name(reading)) + _audit(same_readings(experiment.runs, reading))
        rows.append([name, numbers[0], text(spread), *numbers[1:]])
    columns = ["reading", "micro AUROC", "95 % interval" if single else "single runs", *_columns(names)[1:]]
    caption = "Every reading" + ("" if single else f": mean ± standard deviation over {len(experiment.runs)} runs")
    return table(f"{caption}, in per cent", columns, rows)


def baseline_table(experiment: Experiment) -> Html:
    """Micro AUROC of everything that stands beside the model, reading by reading, in the first run."""
    readings = experiment.shown.result["evaluations"]
    names = sorted({name for reading in readings for name in reading["baselines"]})
    rows = [
        [
            text(reading_name(reading)),
            percent(value_of(reading["metrics"], "micro_auroc")),
            *(percent(value_of(reading["baselines"].get(name, {}), "micro_auroc")) for name in names),
        ]
        for reading in readings
    ]
    caption = f"Micro AUROC beside its baselines, run {experiment.shown.result['run_id']}, in per cent"
    return table(caption, ["reading", "model", *names], rows)


def audit_table(experiment: Experiment) -> Html:
    """The audit line of every reading in full, once for all runs that agree in it."""
    lines: dict[tuple[str, str], list[str]] = defaultdict(list)
    for run in experiment.runs:
        for reading in run.result["evaluations"]:
            lines[reading_name(reading), audit_line(run.result, reading)].append(str(run.result["run_id"]))
    rows = [[text(name), text(line), text(", ".join(runs))] for (name, line), runs in lines.items()]
    return table("Which test information entered, reading by reading", ["reading", "audit", "runs"], rows, range(3))


def regions(result: Result) -> Html:
    """RBDC and TBDC, and those of baselines."""
    found = result.get("regions")
    if not isinstance(found, dict):
        return note("Region and track level (RBDC, TBDC) were not measured in this run.")
    if "rbdc" not in found:
        return note(f"Region and track level (RBDC, TBDC): {found.get('reason') or 'not measured'}.")
    rows = []
    for name, held in (("model", found), *(found.get("baselines") or {}).items()):
        cells = [text(name)]
        for key in ("rbdc", "tbdc"):
            metric = held.get(key) or {}
            cells += [percent(metric.get("value")), interval(metric), percent(metric.get("chance"))]
        rows.append(cells)
    columns = ["scores", "RBDC", "95 % interval", "chance", "TBDC", "95 % interval", "chance"]
    shown = table("Region- and track-based detection, in per cent", columns, rows)
    reasons = [str(found[key]["reason"]) for key in ("rbdc", "tbdc") if (found.get(key) or {}).get("reason")]
    told = [f"Ground truth: {found['ground_truth']}."] if found.get("ground_truth") else []
    return shown + "".join(note(sentence) for sentence in [*told, *reasons])


def alarm_rates(result: Result) -> Html:
    """False alarms at a recall, reading by reading, and how many training normals are called abnormal."""
    parts = []
    rows = [
        [text(reading_name(reading)), *_alarm_row(reading)] for reading in result["evaluations"] if "alarms" in reading
    ]
    if rows:
        columns = ["reading", "recall asked for", "reached", "threshold", "events found", "hours", *_ALARM_COLUMNS]
        parts.append(table("False alarms an hour at a recall", columns, rows))
        parts += [note(sentence) for sentence in sorted({_alarm_note(found) for found in _alarms(result)} - {""})]
    if isinstance(result.get("normals"), dict):
        parts.append(_normals(result["normals"]))
    return "".join(parts) or note("Alarm rates were not measured in this run.")


def training_data(result: Result) -> Html:
    """What the weights were fitted to and chosen by."""
    rows = [
        [
            text(part.get("domain", "-")),
            text(part.get("split", "-")),
            tag("code", text(part.get("manifest_sha256") or "-")),
            text(part.get("monitor") or "nothing: the last weights"),
            tag("code", text(part.get("monitored_sha256") or "-")),
            text(part.get("precision", "-")),
        ]
        for part in result.get("trained_on", [])
    ]
    columns = ["domain", "split", "manifest SHA-256", "chosen by", "manifest it was measured on", "precision"]
    return table("What the weights were fitted to", columns, rows, range(6)) if rows else note("No training on record.")


def _alarms(result: Result) -> list[dict[str, Any]]:
    return [reading["alarms"] for reading in result["evaluations"] if isinstance(reading.get("alarms"), dict)]


def _alarm_row(reading: Evaluation) -> list[str]:
    found = reading["alarms"] if isinstance(reading["alarms"], dict) else {}
    low, high = found.get("ci_low"), found.get("ci_high")
    width = (found.get("baselines") or {}).get("box_width") or {}
    return [
        percent(found.get("recall")),
        percent(found.get("frame_recall")),
        _number(found.get("threshold"), ".3f"),
        percent(found.get("event_recall")),
        _number(found.get("hours"), ".3g"),
        _number(found.get("false_alarms_per_hour"), ",.0f"),
        "-" if low is None or high is None else f"{low:,.0f} to {high:,.0f}",
        _number(width.get("false_alarms_per_hour"), ",.0f"),
    ]


def _alarm_note(found: dict[str, Any]) -> str:
    """How long a frame lasts, or why there is no number."""
    if found.get("reason"):
        return str(found["reason"])
    if not found.get("fps"):
        return ""
    told = f", {found['fps_from']}" if found.get("fps_from") else ""
    return f"{found['fps']:g} frames a second{told}; hours of {found.get('hours_of', 'normal frames')}."


def _normals(found: dict[str, Any]) -> Html:
    """How many boxes of the training split the model calls abnormal."""
    groups = [("all boxes", found), ("boxes wider than high", found.get("wide") or {})]
    levels = sorted(found.get("above") or {})
    rows = []
    for name, group in groups:
        above = group.get("above") or {}
        rows.append([text(name), f"{group.get('objects', 0):,}", *(percent(above.get(level)) for level in levels)])
    every = found.get("every_frame", 1)
    split = f"{found.get('split', 'train')} split, {'every frame' if every == 1 else f'one frame in {every}'}"
    columns = ["normal boxes", "boxes", *(f"above {level}" for level in levels)]
    return table(f"Normal boxes ({split}) that score high, before any calibration, in per cent", columns, rows)


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _audit(taken: Sequence[tuple[Result, Evaluation]]) -> Html:
    """In short, of every run that a number is the mean of."""
    kind = "audit" if all(is_clean(*pair) for pair in taken) else "audit entered"
    said = dict.fromkeys(audit_in_short(*pair) for pair in taken)
    return tag("span", text(" / ".join(said)), class_=kind)


def _values(runs: Sequence[Run], reading: Evaluation, name: str, baseline: str = "") -> list[float | None]:
    held = [
        same["baselines"].get(baseline, {}) if baseline else same["metrics"] for _, same in same_readings(runs, reading)
    ]
    return [value_of(metrics, name) for metrics in held]


def _measured(runs: Iterable[Run]) -> list[str]:
    """The metrics that some run has; a column of dashes says nothing."""
    told = [reading["metrics"] for run in runs for reading in run.result["evaluations"]]
    return [name for name in METRICS if name == "micro_auroc" or any(name in metrics for metrics in told)]


def _columns(names: Sequence[str]) -> list[str]:
    return [*(METRICS[name] for name in names), "box_width", "chance"]


def _over_runs(runs: Sequence[Run], reading: Evaluation, names: Sequence[str]) -> list[str]:
    """Mean and deviation of each metric, then of box_width, and chance."""
    means = [mean_and_deviation(_values(runs, reading, name)) for name in names]
    width = mean_and_deviation(_values(runs, reading, "micro_auroc", "box_width"))
    return [*means, width, percent(reading["metrics"]["micro_auroc"].get("chance"))]


def _with_interval(metrics: dict[str, Any], names: Sequence[str]) -> list[str]:
    first, *others = (percent(value_of(metrics, name)) for name in names)
    return [first, interval(metrics["micro_auroc"]), *others]


def _lead(reading: Evaluation) -> str:
    lead = reading.get("lead_over_box_width")
    return f"{signed(lead['value'])} ({interval(lead, signed)})" if isinstance(lead, dict) else "-"
