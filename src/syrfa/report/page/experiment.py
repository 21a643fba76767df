"""The section of one experiment: its number, how it was made, and what lies behind it."""

import json
from pathlib import Path
from typing import Any

from syrfa.datasets import VideoDataset
from syrfa.errors import UserError
from syrfa.report.page import tables
from syrfa.report.page.alarms import MOST_ALARMS, AlarmPicture, draw_alarms, top_alarms
from syrfa.report.page.curves import SCORES, RunCurves, curves_of, rate_plot, read_objects, recomputed, score_plots
from syrfa.report.page.distance import distance_part
from syrfa.report.page.markup import Html, details, facts, note, picture, tag, text
from syrfa.report.page.method import sentences
from syrfa.report.page.readings import (
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
from syrfa.report.page.room import Room
from syrfa.report.page.runs import Experiment, Run
from syrfa.report.page.source import dataset_of
from syrfa.report.page.training import training_plots

_FIRST_VIDEOS = 12  # score curves that are not folded away
_AGREES = 1e-3  # a stored score has seven digits: near ties may fall the other way
_LISTED = ("config_fit.yaml", "config_test.yaml", "provenance_fit.json", "provenance_test.json")
_MOST_LISTED = 100_000  # characters of a listing


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
    run = experiment.shown
    dataset, absent = dataset_of(run, data)
    curves = curves_of(run, dataset)
    parts = [
        tag("h2", text(f"{experiment.dataset} {experiment.split}" if alone else experiment.name)),
        numbers(experiment),
        tag("h3", "ROC and precision-recall"),
        _rates(key, experiment, curves, dataset, room),
        tag("h3", "Scores over time"),
        _scores(key, run, curves, room),
        tag("h3", "Highest alarms"),
        _alarms(run, curves, dataset, absent, room),
        tag("h3", "Regions, tracks and false alarms"),
        measures(experiment),
        tag("h3", "Training"),
        _training(key, experiment, room),
        tag("h3", "Distance of features"),
        distance_part(key, run.result, room),
        tag("h3", "Provenance"),
        *(_provenance(each, room) for each in experiment.runs),
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
        details("Baselines under every reading", tables.baseline_table(experiment)),
    ]
    return "".join(parts)


def measures(experiment: Experiment) -> Html:
    """Tables of what else was measured, of the run that is shown; never left out either."""
    return tables.regions(experiment.shown.result) + tables.alarm_rates(experiment.shown.result)


def _headline(experiment: Experiment) -> Html:
    """The number people will quote, with what belongs beside it."""
    result, runs = experiment.shown.result, experiment.runs
    reading = result["readings"][0]
    metric = reading["metrics"]["micro_auroc"]
    several = len(runs) > 1
    found = [same_reading(run.result, reading) for run in runs]
    spread = f"mean ± standard deviation over {len(runs)} runs" if several else f"95 % interval {interval(metric)}"
    leads = [value_of(each, "lead_over_box_width") for each in found if each]
    lead = reading.get("lead_over_box_width") or {}
    widths = [value_of(each["baselines"].get("box_width", {}), "micro_auroc") for each in found if each]
    values = [value_of(each["metrics"], "micro_auroc") for each in found if each]
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
        ("selection", selection(result)),
        ("flags", flags(result)),
    ]
    line = tag("p", *(tag("span", tag("b", text(name)), " ", text(value)) for name, value in told), class_="told")
    kind = "audit" if is_clean(result, reading) else "audit entered"
    return tag("dl", *boxes, class_="cards") + line + tag("p", text(audit_line(result, reading)), class_=kind)


def _lead(leads: list[float | None]) -> str:
    known = [lead for lead in leads if lead is not None]
    sign = "+" if known and sum(known) > 0 else ""
    return sign + mean_and_deviation(known)


def _method(experiment: Experiment) -> Html:
    run = experiment.shown
    told = sentences(run.result, run.result["readings"][0])
    seeds = [each.result["seed"] for each in experiment.runs]
    if len(seeds) > 1:
        again = " Some of them have the same seed." if len(set(seeds)) < len(seeds) else ""
        others = f"Told of run {run.result['run_id']}; {len(seeds) - 1} others have the same settings.{again}"
        told.insert(0, ("Runs", f"{others} Provenance, below, is of each."))
    listed = "".join(tag("dt", text(name)) + tag("dd", text(sentence)) for name, sentence in told)
    arguments = (run.result.get("environment") or {}).get("arguments")
    command = tag("pre", tag("code", text("python -m syrfa " + " ".join(map(str, arguments))))) if arguments else ""
    return tag("dl", listed, class_="method") + (note("The command of the test:") + command if command else "")


def _rates(key: str, experiment: Experiment, curves: RunCurves | str, dataset: VideoDataset | None, room: Room) -> Html:
    held = [curves, *(curves_of(run, dataset) for run in experiment.runs[1:])]
    plot = rate_plot(experiment.runs, held)
    if plot is None:
        return room.missing(curves) if isinstance(curves, str) else note("A class is missing: there is no curve.")
    told = "All frames together, one line a run; dashed is box_width, dotted is chance."
    absent = len(experiment.shown.result["readings"]) - len(plot["readings"])
    if absent:
        told += (
            f" {absent} calibrated readings are not among them: this run was tested before curves were kept, and they "
            "cannot be made again without its training normals; run `syrfa test` again."
        )
    return room.plot(f"{key}-rates", plot, "ROC and PR curves") + note(told)


def _scores(key: str, run: Run, curves: RunCurves | str, room: Room) -> Html:
    if isinstance(curves, str):
        return note(curves)
    plots = score_plots(curves, 0)
    if not plots:
        return note("The first reading is calibrated and was not kept by this run; run `syrfa test` again.")
    name = reading_name(run.result["readings"][0])
    told = (
        f"Run {run.result['run_id']}, {name}; all videos on one scale. Shaded: frames labelled abnormal. "
        "Dashed: box_width, on a scale of its own. Point at a curve, or focus it and press the arrow keys."
    )
    shown = _figures(plots, f"{key}-v", "score curves", room)
    if isinstance(shown, str):
        return shown
    first = tag("div", *shown[:_FIRST_VIDEOS], class_="videos")
    rest = tag("div", *shown[_FIRST_VIDEOS:], class_="videos")
    folded = details(f"{len(shown) - _FIRST_VIDEOS} more videos", rest) if len(shown) > _FIRST_VIDEOS else ""
    return note(told) + _agreement(run, curves) + first + folded


def _agreement(run: Run, curves: RunCurves) -> Html:
    """Whether the curves that are shown are those that were measured."""
    drawn, told = recomputed(curves, 0), value_of(run.result["readings"][0]["metrics"], "micro_auroc")
    if drawn is None or told is None:
        return ""
    if abs(drawn - told) > _AGREES:
        sentence = (
            f"These curves are not those of the result: their micro AUROC is {percent(drawn)}, not {percent(told)}."
        )
        return tag("p", text(sentence), class_="audit entered")
    return note(f"Checked: the micro AUROC of these curves is {percent(drawn)}, as in the result.")


def _alarms(run: Run, curves: RunCurves | str, dataset: VideoDataset | None, absent: str, room: Room) -> Html:
    folder = run.path(SCORES)
    if folder is None or isinstance(curves, str):
        return note("Alarms are not shown: they need the run's scores folder and frame labels.")
    if dataset is None:
        return room.missing(f"Alarms are not shown: {absent}. Name the folder of its frames with --data.")
    try:
        pictures, objects = _alarm_pictures(run, folder, curves, dataset)
    except UserError as error:
        return room.missing(f"Alarms are not shown: {' '.join(str(error).split())}")
    masked = any(shown.masked for shown in pictures)
    on_pixels, outline = (", on an abnormal pixel", "; green: abnormal pixels") if masked else ("", "")
    told = (
        f"Run {run.result['run_id']}: the objects that scored highest, at most one a video and {MOST_ALARMS} of each "
        f"kind, by the model's own scores. True: in a frame labelled abnormal{on_pixels}. Blue frame: the alarm; thin "
        f"frames: other boxes{outline}. The colours are the anomaly map. Below, the tube as the network sees it."
    )
    groups = []
    for is_true, title in ((True, "True alarms"), (False, "False alarms")):
        shown = [p for p in pictures if p.alarm.is_true is is_true]
        figures = tag("div", *(_figure(p, objects[p.alarm.video]) for p in shown), class_="alarms")
        groups.append(tag("h4", title) + (figures if shown else note("None found.")))
    return note(told) + room.part("".join(groups), "pictures of alarms")


def _alarm_pictures(
    run: Run, folder: Path, curves: RunCurves, dataset: VideoDataset
) -> tuple[list[AlarmPicture], list[str]]:
    held = {video.name: video for video in read_objects(folder)}
    if set(held) != set(curves.names):
        raise UserError(f"{folder}: holds other videos than the result; run `syrfa test` again")
    objects = [held[name] for name in curves.names]
    split, radius = run.result["split"], int(run.result["readings"][0]["protocol"].get("temporal_radius", 3))
    alarms = top_alarms(objects, curves.labels, dataset, split, radius)
    return draw_alarms(alarms, objects, dataset, split, radius), curves.names


def _figure(shown: AlarmPicture, video: str) -> Html:
    alarm = shown.alarm
    kind = "true" if alarm.is_true else "false"
    said = f"video {video}, frame {alarm.frame}, score {alarm.score:.3f}"
    overlay = picture(shown.overlay, f"Anomaly map of a {kind} alarm: {said}")
    strip = picture(shown.strip, f"The frames of its tube: {said}")
    caption = tag("figcaption", tag("b", text(video)), text(f" frame {alarm.frame}, score {alarm.score:.3f}"))
    return tag("figure", overlay, strip, caption)


def _training(key: str, experiment: Experiment, room: Room) -> Html:
    plots = training_plots(experiment.runs)
    if not plots:
        return note("No training log beside these results: the weights were trained in another run, or it kept none.")
    figures = _figures(plots, f"{key}-t", "training curves", room)
    return figures if isinstance(figures, str) else tag("div", *figures, class_="training")


def _figures(plots: list[dict[str, Any]], key: str, name: str, room: Room) -> list[Html] | Html:
    """Each plot under its name; a sentence where they do not fit."""
    places = room.all_plots({f"{key}{number}": plot for number, plot in enumerate(plots)}, name)
    if isinstance(places, str):
        return places
    captions = [tag("figcaption", text(plot["name"])) for plot in plots]
    return [tag("figure", caption, place) for caption, place in zip(captions, places, strict=True)]


def _provenance(run: Run, room: Room) -> Html:
    result = run.result
    environment = result.get("environment") or {}
    identity = {
        "experiment": result["experiment"],
        "run": result["run_id"],
        "seed": result["seed"],
        "commit": environment.get("git_commit"),
        "arguments": " ".join(map(str, environment.get("arguments", []))),
        "device": result.get("device"),
        "precision": result.get("precision"),
        "test manifest SHA-256": result.get("manifest_sha256"),
        "cache key": result.get("cache_key"),
        "packages": environment.get("packages", {}),
        "Python": environment.get("python"),
        "processor": environment.get("processor"),
        "threads": environment.get("threads"),
        "adapter": result.get("adapter"),
        "settings": result.get("settings"),
    }
    parts = [tag("div", facts(identity), class_="facts"), tables.training_data(result)]
    if result.get("recipe"):
        listing = tag("pre", tag("code", text(json.dumps(result["recipe"], indent=2, sort_keys=True))))
        parts.append(details("Recipe: what it takes to run it again", listing))
    parts += [_listing(run, name) for name in _LISTED]
    return room.part(details(f"{run.name}, seed {result['seed']}", *parts), f"provenance of {run.name}")


def _listing(run: Run, name: str) -> Html:
    path = run.path(name)
    if path is None:
        return ""
    content = path.read_text("utf-8", errors="replace")
    cut = "" if len(content) <= _MOST_LISTED else f"\n… cut off after {_MOST_LISTED:,} characters"
    return details(name, tag("pre", tag("code", text(content[:_MOST_LISTED] + cut))))
