"""The tables of the page: experiments, runs, readings, baselines, regions, alarms."""

from collections.abc import Sequence
from typing import Any

from syrfa.commands.summary import Reading, Result
from syrfa.report.page.markup import Html, facts, note, table, tag, text
from syrfa.report.page.readings import (
    METRICS,
    audit_line,
    flags,
    interval,
    is_clean,
    mean_and_deviation,
    percent,
    reading_name,
    same_reading,
    selection,
    signed,
    value_of,
)
from syrfa.report.page.runs import Experiment, Run

_NUMBERS = [*METRICS.values(), "box_width", "chance"]


def overview(experiments: Sequence[Experiment]) -> Html:
    """One row an experiment, by its first reading."""
    rows = []
    for number, experiment in enumerate(experiments):
        first, runs = experiment.shown.result, experiment.runs
        reading = first["readings"][0]
        name = tag("a", text(experiment.name), href=f"#e{number}") + _audit(first, reading)
        data = text(f"{experiment.dataset} {experiment.split}")
        head = [name, data, text(reading_name(reading)), text(flags(first)), str(len(runs))]
        rows.append([*head, *_over_runs(runs, reading)])
    columns = ["experiment", "data", "reading", "flags", "runs", *_NUMBERS]
    return table("Experiments: mean ± standard deviation over runs, in per cent", columns, rows, (0, 1, 2, 3))


def run_table(experiment: Experiment) -> Html:
    """One row a run, by its first reading, and their mean."""
    rows = []
    for run in experiment.runs:
        result, reading = run.result, run.result["readings"][0]
        metrics, width = reading["metrics"], reading["baselines"].get("box_width", {})
        rows.append(
            [
                text(result["run_id"]) + _audit(result, reading),
                text(reading_name(reading)),
                text(selection(result)),
                text(flags(result)),
                str(result["seed"]),
                f"{result['steps']:,}",
                *_with_interval(metrics),
                percent(value_of(width, "micro_auroc")),
                _lead(reading),
                percent(metrics["micro_auroc"].get("chance")),
            ]
        )
    columns = ["run", "protocol", "selection", "flags", "seed", "steps", "micro AUROC", "95 % interval"]
    columns += [*list(METRICS.values())[1:], "box_width", "lead over it", "chance"]
    return table("Runs by their first reading, in per cent", columns, rows, (0, 1, 2, 3))


def reading_table(experiment: Experiment) -> Html:
    """One row a reading: mean and deviation over runs, or the interval of a single run."""
    first, single = experiment.shown.result, len(experiment.runs) == 1
    rows = []
    for reading in first["readings"]:
        spread = (
            interval(reading["metrics"]["micro_auroc"])
            if single
            else " ".join(percent(value) for value in _values(experiment.runs, reading, "micro_auroc"))
        )
        numbers = _over_runs(experiment.runs, reading)
        rows.append([text(reading_name(reading)) + _audit(first, reading), numbers[0], text(spread), *numbers[1:]])
    columns = ["reading", "micro AUROC", "95 % interval" if single else "single runs", *_NUMBERS[1:]]
    caption = "Every reading" + ("" if single else f": mean ± standard deviation over {len(experiment.runs)} runs")
    return table(f"{caption}, in per cent", columns, rows)


def baseline_table(experiment: Experiment) -> Html:
    """Micro AUROC of everything that stands beside the model, reading by reading, in the first run."""
    readings = experiment.shown.result["readings"]
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
            cells += [percent(metric.get("value")), interval(metric)]
        rows.append(cells)
    columns = ["scores", "RBDC", "95 % interval", "TBDC", "95 % interval"]
    shown = table("Region- and track-based detection, in per cent", columns, rows)
    reasons = [str(found[key]["reason"]) for key in ("rbdc", "tbdc") if (found.get(key) or {}).get("reason")]
    told = [f"Ground truth: {found['ground_truth']}."] if found.get("ground_truth") else []
    return shown + "".join(note(sentence) for sentence in [*told, *reasons])


def alarm_rates(result: Result) -> Html:
    """False alarms at a recall, reading by reading, and how many training normals are called abnormal."""
    parts = []
    readings = [reading for reading in result["readings"] if "alarms" in reading]
    rows = [[text(reading_name(reading)), _facts(reading["alarms"])] for reading in readings]
    if rows:
        parts.append(table("False alarms at a recall", ["reading", "alarms"], rows, (0, 1)))
    if result.get("normals"):
        normals = tag("div", facts(result["normals"]), class_="facts")
        parts.append(tag("h4", text("Training normals called abnormal, before any calibration")) + normals)
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


def _facts(content: Any) -> Html:  # noqa: ANN401 - any JSON
    return tag("div", facts(content if isinstance(content, dict) else {"alarms": content}), class_="facts")


def _audit(result: Result, reading: Reading) -> Html:
    kind = "audit" if is_clean(result, reading) else "audit entered"
    return tag("span", text(audit_line(result, reading)), class_=kind)


def _values(runs: Sequence[Run], reading: Reading, name: str, baseline: str = "") -> list[float | None]:
    values = []
    for run in runs:
        same = same_reading(run.result, reading)
        if same is not None:
            values.append(value_of(same["baselines"].get(baseline, {}) if baseline else same["metrics"], name))
    return values


def _over_runs(runs: Sequence[Run], reading: Reading) -> list[str]:
    """Mean and deviation of every metric, then box_width and chance."""
    means = [mean_and_deviation(_values(runs, reading, name)) for name in METRICS]
    width = mean_and_deviation(_values(runs, reading, "micro_auroc", "box_width"))
    return [*means, width, percent(reading["metrics"]["micro_auroc"].get("chance"))]


def _with_interval(metrics: dict[str, Any]) -> list[str]:
    first, *others = (percent(value_of(metrics, name)) for name in METRICS)
    return [first, interval(metrics["micro_auroc"]), *others]


def _lead(reading: Reading) -> str:
    lead = reading.get("lead_over_box_width")
    return f"{signed(lead['value'])} ({interval(lead, signed)})" if isinstance(lead, dict) else "-"
