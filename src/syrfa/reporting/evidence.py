"""What a number rests on, to be looked at: curves, the highest alarms, the training."""

from pathlib import Path
from typing import Any

from syrfa.datasets import VideoDataset
from syrfa.errors import UserError, in_one_line
from syrfa.reporting.curves import SCORES, RunCurves, curves_of, rate_plot, read_objects, recomputed, score_plots
from syrfa.reporting.markup import Html, details, note, picture, tag, text
from syrfa.reporting.readings import reading_name, value_of
from syrfa.reporting.report_alarms import MOST_ALARMS, AlarmPicture, draw_alarms, top_alarms
from syrfa.reporting.report_runs import Experiment, Run
from syrfa.reporting.room import Room
from syrfa.reporting.source import dataset_of
from syrfa.reporting.training import training_plots
from syrfa.utils.text_table import percent

_FIRST_VIDEOS = 12  # score curves that are not folded away


def curves_and_alarms(key: str, experiment: Experiment, data: Path | None, room: Room) -> list[Html]:
    """ROC and PR, scores over time, highest alarms.

    Args:
        key: the section's id.
        experiment: the runs.
        data: the folder of the data set; None to look where the run found it.
        room: takes what is large.

    Raises:
        UserError: a run's curves are damaged.
    """
    run = experiment.shown
    if run.folder is None:
        return [note("This is a result file alone: curves, alarms and the training log stay in the folder of a run.")]
    dataset, absent = dataset_of(run, data)
    curves = curves_of(run, dataset)
    return [
        tag("h3", "ROC and precision-recall"),
        _rates(key, experiment, curves, dataset, room),
        tag("h3", "Scores over time"),
        _scores(key, run, curves, room),
        tag("h3", "Highest alarms"),
        _alarms(run, curves, dataset, absent, room),
    ]


def training(key: str, experiment: Experiment, room: Room) -> list[Html]:
    """Training curves of every run; nothing for result files alone."""
    if experiment.shown.folder is None:
        return []
    return [tag("h3", "Training"), _training(key, experiment, room)]


def _rates(key: str, experiment: Experiment, curves: RunCurves | str, dataset: VideoDataset | None, room: Room) -> Html:
    held = [curves, *(curves_of(run, dataset) for run in experiment.runs[1:])]
    plot = rate_plot(experiment.runs, held)
    if plot is None:
        return room.missing(curves) if isinstance(curves, str) else note("A class is missing: there is no curve.")
    told = "All frames together, one line a run; dashed is box_width, dotted is chance."
    absent = len(experiment.shown.result["evaluations"]) - len(plot["readings"])
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
    name = reading_name(run.result["evaluations"][0])
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
    drawn, told = recomputed(curves, 0), value_of(run.result["evaluations"][0]["metrics"], "micro_auroc")
    if drawn is None or told is None:
        return ""
    if abs(drawn - told) > curves.tolerance:
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
        return room.missing(f"Alarms are not shown: {in_one_line(error)}")
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
    split, radius = run.result["split"], int(run.result["evaluations"][0]["protocol"].get("temporal_radius", 3))
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
