"""Curves as data for the page's script: scores over time, ROC, precision and recall."""

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torchmetrics.functional.classification import binary_precision_recall_curve, binary_roc

from syrfa.datasets import VideoDataset
from syrfa.datasets.protocol_constants import ConstantsOptions, ProtocolConstants
from syrfa.errors import ConfigError, UserError
from syrfa.evaluation import ObjectScores, Protocol, box_width, protocol_from_name, read_scores
from syrfa.evaluation.evaluate import final_scores
from syrfa.evaluation.frame_curves import CURVES, FrameCurves, read_curves
from syrfa.evaluation.metrics.frame_level import micro_auroc, rank
from syrfa.evaluation.result import Evaluation
from syrfa.reporting.readings import reading_name
from syrfa.reporting.report_runs import Run

SCORES = "scores"
MOST_POINTS = 160
"""Corners of a ROC or PR curve that are drawn; a larger curve is thinned along its length."""

Curve = list[list[float]]


class RunCurves:
    """The curves of one run.

    Attributes:
        names: of the videos.
        labels: uint8 (frames,) a video.
        readings: for each reading of the result, its frame scores and the baseline's, a list of videos each; None where
            the run did not keep them and they cannot be made from its object scores.
        tolerance: how far their micro AUROC may lie from the result's. Object scores are kept with seven digits: what
            is made of them may lose a tie.
    """

    def __init__(self, names: Sequence[str], labels: Sequence[NDArray[np.uint8]], tolerance: float) -> None:
        self.names, self.labels = list(names), list(labels)
        self.readings: list[tuple[Sequence[NDArray[Any]], Sequence[NDArray[Any]]] | None] = []
        self.tolerance = tolerance


def curves_of(run: Run, dataset: VideoDataset | None) -> RunCurves | str:
    """The curves of a run, or a sentence why there are none.

    `curves.npz` has them. A run that was tested before there was such a file has object scores; their uncalibrated
    readings are made anew with the labels of the data set.
    """
    stored = run.path(CURVES)
    if stored is not None:
        return _stored(run, read_curves(stored))
    folder = run.path(SCORES)
    if folder is None:
        return "Curves are not shown: this run's folder holds neither curves.npz nor scores; run `syrfa test` for it."
    if dataset is None:
        return (
            "Curves are not shown: this run was tested before frame labels were kept beside its scores, and its data "
            "set is not at hand; run `syrfa test` again, or name the data set's folder with --data."
        )
    try:
        return _from_objects(run, read_objects(folder), dataset)
    except UserError as error:
        return f"Curves are not shown: {error}"


def read_objects(folder: Path) -> list[ObjectScores]:
    """The object scores of every video in a run's `scores` folder.

    Raises:
        UserError: a file is damaged.
    """
    found = []
    for file in sorted(folder.glob("*.npz")):
        try:
            found.append(read_scores(file))
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise UserError(f"{file}: damaged, or not the scores of a test; run `syrfa test` again") from error
    return found


def _stored(run: Run, kept: FrameCurves) -> RunCurves | str:
    if len(kept.scores) != len(run.result["evaluations"]):
        return "Curves are not shown: curves.npz and result.json are of different tests; run `syrfa test` again."
    curves = RunCurves(kept.names, kept.labels, 1e-6)
    curves.readings = list(zip(kept.scores, kept.box_width, strict=True))
    return curves


def _from_objects(run: Run, objects: list[ObjectScores], dataset: VideoDataset) -> RunCurves | str:
    records = {record.name: record for record in dataset.videos(run.result["split"])}
    labels = [dataset.frame_labels(records[video.name]) if video.name in records else None for video in objects]
    known = [label for label in labels if label is not None]
    if len(known) != len(objects) or any(len(k) != v.frames for k, v in zip(known, objects, strict=True)):
        return "Curves are not shown: the data set at hand is not the one that was tested; its videos or labels differ."
    curves = RunCurves([video.name for video in objects], known, 5e-3)
    widths = [box_width(video) for video in objects]
    for reading in run.result["evaluations"]:
        protocol = protocol_of(reading)
        made = None if protocol is None else (final_scores(objects, protocol), final_scores(widths, protocol))
        curves.readings.append(made)
    return curves


def protocol_of(reading: Evaluation) -> Protocol | None:
    """The protocol that a reading describes; None where it also needs the training normals, or is not known here."""
    told = reading["protocol"]
    if told.get("reference"):
        return None
    settings = {
        key: told[key] for key in ("temporal_radius", "smoothing", "window", "floor", "constants") if key in told
    }
    if told["protocol"] == "paper":
        constants = {field.name: told[field.name] for field in fields(ProtocolConstants) if field.name in told}
        settings = {key: settings[key] for key in ("constants", "temporal_radius") if key in settings}
        settings["settings"] = ConstantsOptions(**constants)
    tracks = told.get("tracks", {})
    renamed = {"track_window": "window", "min_iou": "min_iou", "max_gap": "max_gap"}
    settings |= {key: tracks[name] for key, name in renamed.items() if name in tracks}
    try:
        return protocol_from_name(told["protocol"], **settings)
    except ConfigError:
        return None


def score_plots(curves: RunCurves, number: int) -> list[dict[str, Any]]:
    """One plot a video of the reading `number`: `name`, `scores`, `width`, `bands` (first and last abnormal frame).

    Empty where the run did not keep that reading.
    """
    made = curves.readings[number]
    if made is None:
        return []
    ours, widths = made
    limits = [_limits(ours), _limits(widths)]
    return [
        {
            "kind": "scores",
            "name": name,
            "scores": _rounded(scores),
            "width": _rounded(width),
            "bands": bands(labels),
            "range": limits[0],
            "widthRange": limits[1],
        }
        for name, scores, width, labels in zip(curves.names, ours, widths, curves.labels, strict=True)
    ]


def bands(labels: NDArray[np.uint8]) -> list[list[int]]:
    """First and last frame of each run of abnormal frames.

    Example:
        >>> bands(np.array([1, 0, 0, 1, 1], np.uint8))
        [[0, 0], [3, 4]]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], labels.astype(np.int8), [0]])))
    return [[int(first), int(end) - 1] for first, end in edges.reshape(-1, 2)]


def rates(scores: Sequence[NDArray[Any]], labels: Sequence[NDArray[np.uint8]]) -> tuple[Curve, Curve] | None:
    """ROC (false-positive rate, true-positive rate) and PR (recall, precision) of all frames together.

    None where one class is missing. Thinned to `MOST_POINTS` corners.
    """
    truth = torch.from_numpy(np.concatenate(list(labels)).astype(np.int64))
    if len(torch.unique(truth)) < 2:
        return None
    ranks = rank(np.concatenate(list(scores)))
    false, true, _ = binary_roc(ranks, truth)
    precision, recall, _ = binary_precision_recall_curve(ranks, truth)
    return _thinned(false, true), _thinned(recall, precision)


def rate_plot(runs: Sequence[Run], curves: Sequence[RunCurves | str]) -> dict[str, Any] | None:
    """ROC and PR of every reading of an experiment, one line a run and box_width's dashed beside them.

    Args:
        runs: of one experiment.
        curves: of each of them.

    Returns:
        the plot; None where no run has curves.
    """
    readings = []
    for number, reading in enumerate(runs[0].result["evaluations"]):
        series: list[dict[str, Any]] = []
        chance = 0.0
        for run, held in zip(runs, curves, strict=True):
            made = held.readings[number] if isinstance(held, RunCurves) and number < len(held.readings) else None
            if isinstance(held, str) or made is None:
                continue
            lines = rates(made[0], held.labels)
            width = rates(made[1], held.labels) if not series else None
            if lines is not None:
                series.append({"name": f"seed {run.result['seed']}", "roc": lines[0], "pr": lines[1]})
            if width is not None:
                series.append({"name": "box_width", "roc": width[0], "pr": width[1], "baseline": True})
            chance = float(np.concatenate(held.labels).mean())
        if series:
            readings.append({"name": reading_name(reading), "series": series, "chance": round(chance, 4)})
    return {"kind": "rates", "readings": readings} if readings else None


def recomputed(curves: RunCurves, number: int) -> float | None:
    """The micro AUROC of the curves that are drawn; None where there are none."""
    made = curves.readings[number]
    return None if made is None else micro_auroc(list(made[0]), curves.labels).value


def _rounded(scores: NDArray[Any]) -> list[float]:
    return [round(float(score), 4) for score in scores]


def _limits(videos: Sequence[NDArray[Any]]) -> list[float]:
    """0 to 1, or what the scores of all videos need; videos are compared on one scale."""
    low = min((float(video.min()) for video in videos if len(video)), default=0.0)
    high = max((float(video.max()) for video in videos if len(video)), default=1.0)
    if 0.6 < high <= 1 or high <= 0:
        return [min(0.0, round(low, 4)), 1.0]
    step = 10 ** np.floor(np.log10(high)) / 2
    return [min(0.0, round(low, 4)), round(float(np.ceil(high / step) * step), 6)]


def _thinned(x: torch.Tensor, y: torch.Tensor) -> Curve:
    points = np.stack([x.double().numpy(), y.double().numpy()], axis=1)
    # only corners: points on a straight line to the next add nothing
    steps = np.diff(points, axis=0)
    turns = np.abs(steps[1:, 0] * steps[:-1, 1] - steps[1:, 1] * steps[:-1, 0]) > 1e-12
    points = points[np.concatenate([[True], turns, [True]])] if len(points) > 2 else points
    if len(points) > MOST_POINTS:
        way = np.concatenate([[0], np.cumsum(np.abs(np.diff(points, axis=0)).sum(axis=1))])
        wanted = np.linspace(0, way[-1], MOST_POINTS)
        points = points[np.unique(np.clip(np.searchsorted(way, wanted), 0, len(points) - 1))]
    return [[round(a, 4), round(b, 4)] for a, b in points.tolist()]
