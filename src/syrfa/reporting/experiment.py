"""The section of one experiment: its number, how it was made, and what lies behind it."""

from pathlib import Path

from syrfa.evaluation.result import selection
from syrfa.reporting import report_tables as tables
from syrfa.reporting.distance import distance_part
from syrfa.reporting.evidence import curves_and_alarms, training
from syrfa.reporting.markup import Html, details, note, tag, text
from syrfa.reporting.method import sentences
from syrfa.reporting.provenance import provenance
from syrfa.reporting.readings import (
    audit_line,
    flags,
    interval,
    is_clean,
    reading_name,
    same_readings,
    signed,
    value_of,
)
from syrfa.reporting.report_runs import Experiment
from syrfa.reporting.room import Room
from syrfa.utils.text_table import mean_and_deviation, percent


def experiment_section(key: str, experiment: Experiment, data: Path | None, room: Room, alone: bool) -> Html:
    """Everything about the runs of one experiment; curves and pictures are of the lowest seed.

    Args:
        key: the section's id.
        experiment: the runs.
        data: the folder of the data set; None to look where the run found it.
        room: takes what is large.
        alone: the page's heading names the experiment.

    Raises:
        UserError: a run's curves are damaged.
    """
    parts = [
        tag("h2", text(f"{experiment.dataset} {experiment.split}" if alone else experiment.name)),
        numbers(experiment),
        *curves_and_alarms(key, experiment, data, room),
        tag("h3", "Regions, tracks and false alarms"),
        measures(experiment),
        *training(key, experiment, room),
        tag("h3", "Distance of features"),
        distance_part(key, experiment.shown.result, room),
        tag("h3", "Provenance"),
        *(provenance(run, room) for run in experiment.runs),
    ]
    return tag("section", *parts, id=key)


def numbers(experiment: Experiment) -> Html:
    """The number, how it was made, and its tables: what a page never leaves out."""
    parts = [
        _headline(experiment),
        tag("h3", "How this number was made"),
        _method(experiment),
        tag("h3", "Results"),
        tables.run_table(experiment),
        tables.reading_table(experiment),
        details("Audit lines in full", tables.audit_table(experiment)),
        details("Baselines under every reading", tables.baseline_table(experiment)),
    ]
    return "".join(parts)


def measures(experiment: Experiment) -> Html:
    """Tables of what else was measured, of the run that is shown; never left out either."""
    return tables.regions(experiment.shown.result) + tables.alarm_rates(experiment.shown.result)


def _headline(experiment: Experiment) -> Html:
    """The number people will quote, with what belongs beside it."""
    runs = experiment.runs
    reading = experiment.shown.result["evaluations"][0]
    metric = reading["metrics"]["micro_auroc"]
    several = len(runs) > 1
    found = same_readings(runs, reading)
    spread = f"mean ± standard deviation over {len(runs)} runs" if several else f"95 % interval {interval(metric)}"
    leads = [value_of(each, "lead_over_box_width") for _, each in found]
    lead = reading.get("lead_over_box_width") or {}
    widths = [value_of(each["baselines"].get("box_width", {}), "micro_auroc") for _, each in found]
    values = [value_of(each["metrics"], "micro_auroc") for _, each in found]
    undefined = f"undefined: {metric.get('reason')}" if metric.get("value") is None else spread
    cards = [
        ("micro AUROC", mean_and_deviation(values), undefined),
        ("box_width", mean_and_deviation(widths), "no learning, same reading"),
        ("lead over box_width", _lead(leads), "same runs" if several else f"95 % interval {interval(lead, signed)}"),
        ("chance", percent(metric.get("chance")), "scores that know nothing"),
    ]
    boxes = [
        tag("div", tag("dt", text(name)), tag("dd", text(value), tag("small", text(said))), class_="card")
        for name, value, said in cards
    ]
    told = [
        ("reading", reading_name(reading)),
        ("data", f"{experiment.dataset} {experiment.split}"),
        ("selection", " / ".join(dict.fromkeys(selection(run.result) for run in runs))),
        ("flags", flags([run.result for run in runs])),
    ]
    line = tag("p", *(tag("span", tag("b", text(name)), " ", text(value)) for name, value in told), class_="told")
    lines = {audit_line(*pair): "audit" if is_clean(*pair) else "audit entered" for pair in found}
    audits = [tag("p", text(said), class_=kind) for said, kind in lines.items()]
    return "".join([tag("dl", *boxes, class_="cards"), line, *audits])


def _lead(leads: list[float | None]) -> str:
    known = [lead for lead in leads if lead is not None]
    sign = "+" if known and sum(known) > 0 else ""
    return sign + mean_and_deviation(known)


def _method(experiment: Experiment) -> Html:
    run = experiment.shown
    told = sentences(run.result, run.result["evaluations"][0])
    seeds = [each.result["seed"] for each in experiment.runs]
    if len(seeds) > 1:
        again = " Some of them have the same seed." if len(set(seeds)) < len(seeds) else ""
        others = f"Told of run {run.result['run_id']}; {len(seeds) - 1} others have the same settings.{again}"
        told.insert(0, ("Runs", f"{others} Provenance, below, is of each."))
    listed = "".join(tag("dt", text(name)) + tag("dd", text(sentence)) for name, sentence in told)
    arguments = (run.result.get("environment") or {}).get("arguments")
    command = tag("pre", tag("code", text("python -m syrfa " + " ".join(map(str, arguments))))) if arguments else ""
    return tag("dl", listed, class_="method") + (note("The command of the test:") + command if command else "")
