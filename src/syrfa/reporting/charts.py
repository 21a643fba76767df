"""The charts of a report, as Plotly figures: curves of scores, rates and training, runs, sweeps, feature distances.

Texts that Plotly draws are escaped, since it reads a part of HTML in them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go
import torch
from numpy.typing import NDArray
from torchmetrics.functional.classification import binary_precision_recall_curve, binary_roc

from syrfa.evaluation.metrics.frame_level import rank
from syrfa.evaluation.pictures import bands, limits_of
from syrfa.evaluation.scores import FrameCurves

MOST_POINTS = 300
"""Points of a ROC or PR curve that are drawn; a longer curve is thinned along its length."""

_SCORE, _BASELINE, _ABNORMAL = "#1b4f9e", "#6b7280", "#d6453d"
_COLOURS = (_SCORE, "#c2571a", "#16713f", "#8e3b8a", "#a37a00", "#0e7c86", "#b02a4c", "#5b5f97")
_FONT = {"family": 'system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif', "size": 12}
_AXIS = {"gridcolor": "#e6e9ee", "linecolor": "#b6bdc8", "zerolinecolor": "#d5dae1", "ticks": "outside", "ticklen": 4}
_TEMPLATE = go.layout.Template(
    layout={
        "font": {**_FONT, "color": "#181c22"},
        "colorway": list(_COLOURS),
        "paper_bgcolor": "rgba(0, 0, 0, 0)",
        "plot_bgcolor": "white",
        "margin": {"l": 52, "r": 16, "t": 46, "b": 44},
        "title": {"font": {"size": 13}, "x": 0, "xref": "paper", "xanchor": "left", "y": 1, "yref": "container"},
        "modebar": {"bgcolor": "rgba(0, 0, 0, 0)", "color": "#9aa3b0", "activecolor": _SCORE},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 11}},
        "hoverlabel": {"namelength": -1, "font": {"size": 12}},
        "xaxis": _AXIS,
        "yaxis": _AXIS,
    }
)

_BAND: dict[str, Any] = {"type": "rect", "layer": "below", "yref": "paper", "y0": 0, "y1": 1}
_BAND |= {"fillcolor": _ABNORMAL, "opacity": 0.16, "line": {"width": 0}}
_LIGHT = {"color": _BASELINE, "tickfont": {"size": 10}, "nticks": 4, "tickformat": ".2f"}

Videos = Sequence[NDArray[np.float64]]


@dataclass(frozen=True)
class Chart:
    """A chart: heading, height in pixels, JSON that is safe in a script element, and whether it spans the page."""

    label: str
    height: int
    json: str
    wide: bool = False


def score_charts(curves: FrameCurves) -> list[Chart]:
    """One chart a video: frame scores of the first evaluation, those of box_width, and the abnormal frames as bands."""
    ours, widths = curves.scores[0], curves.box_width[0]
    limits, width_limits = limits_of(ours), limits_of(widths)
    charts = []
    for name, scores, width, labels in zip(curves.names, ours, widths, curves.labels, strict=True):
        figure = _figure(
            xaxis={"title": "frame", "range": [-0.5, len(scores) - 0.5]},
            yaxis={"title": "score", "range": limits},
            yaxis2={"overlaying": "y", "side": "right", "range": width_limits, "showgrid": False, **_LIGHT},
            hovermode="x unified",
            margin={"r": 48},
        )
        figure.add_scatter(y=scores.astype(np.float32), name="score", line={"color": _SCORE, "width": 1.8})
        dashed = {"color": _BASELINE, "width": 1.2, "dash": "dash"}
        figure.add_scatter(y=width.astype(np.float32), name="box_width (right axis)", yaxis="y2", line=dashed)
        figure.update_traces(hovertemplate="%{y:.3f}", mode="lines")
        # a frame is as wide as one unit around its number
        figure.layout.shapes = [{**_BAND, "x0": start - 0.5, "x1": stop - 0.5} for start, stop in bands(labels)]
        charts.append(_chart(figure, name, 230))
    return charts


def rate_charts(runs: Sequence[tuple[str, FrameCurves]], number: int) -> list[Chart]:
    """ROC and precision-recall of all frames of an evaluation: one line a run, dashed box_width of the first, chance.

    None where a class is missing. `runs` holds the name and the curves of each.
    """
    roc = _figure(xaxis={"title": "false-positive rate"}, yaxis={"title": "true-positive rate"})
    pr = _figure(xaxis={"title": "recall"}, yaxis={"title": "precision"})
    first = runs[0][1]
    lines = [(name, curves.scores[number], curves.labels) for name, curves in runs if number < len(curves.scores)]
    for name, scores, labels in [*lines, ("box_width", first.box_width[number], first.labels)]:
        found = rates(scores, labels)
        if found is None:
            return []
        style = {"color": _BASELINE, "width": 1.4, "dash": "dash"} if name == "box_width" else {"width": 1.8}
        for figure, line in zip((roc, pr), found, strict=True):
            figure.add_scatter(x=line[:, 0], y=line[:, 1], name=_plain(name), mode="lines", line=style)
    share = float(np.concatenate(first.labels).mean())
    for figure, ends in ((roc, [0, 1]), (pr, [share, share])):
        figure.add_scatter(x=[0, 1], y=ends, name="chance", mode="lines", line={"color": "#9aa3b0", "dash": "dot"})
        figure.update_traces(hovertemplate="%{x:.3f}, %{y:.3f}")
        figure.update_xaxes(range=[-0.01, 1.01])
        figure.update_yaxes(range=[-0.01, 1.02])
    return [_chart(roc, "ROC", 380), _chart(pr, "Precision and recall", 380)]


def rates(
    scores: Videos, labels: Sequence[NDArray[np.uint8]]
) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """ROC (false-positive rate, true-positive rate) and PR (recall, precision) of all frames together.

    Float32 (points, 2) each, at most `MOST_POINTS`; None where one class is missing.
    """
    truth = torch.from_numpy(np.concatenate(list(labels)).astype(np.int64))
    if len(torch.unique(truth)) < 2:
        return None
    ranks = rank(np.concatenate(list(scores)))
    false, true, _ = binary_roc(ranks, truth)
    precision, recall, _ = binary_precision_recall_curve(ranks, truth)
    return _thinned(false, true), _thinned(recall, precision)


def run_chart(rows: Sequence[tuple[str, str, dict[str, Any], float | None]]) -> Chart:
    """Micro AUROC of runs with their intervals, box_width of each, and chance.

    A row is experiment, run, micro AUROC as in a result, and the value of box_width.
    """
    figure = _figure(xaxis={"title": "micro AUROC, per cent"}, yaxis={"autorange": "reversed", "automargin": True})
    names = [_plain(experiment) for experiment, *_ in rows]
    keys = ("value", "ci_low", "ci_high")
    values = [[metric.get(key) for key in keys] + [width] for _, _, metric, width in rows]
    value, low, high, widths = 100 * np.array(values, np.float64).T  # what is not known is no number, and not drawn
    figure.add_scatter(
        x=value,
        y=names,
        error_x={
            **{"type": "data", "symmetric": False, "thickness": 1, "color": "rgba(27, 79, 158, 0.4)"},
            **{"array": np.nan_to_num(high - value).clip(0), "arrayminus": np.nan_to_num(value - low).clip(0)},
        },
        text=[_plain(run) for _, run, *_ in rows],
        name="runs, with 95 % interval",
        hovertemplate="%{text}: %{x:.1f}",
        marker={"color": _SCORE, "size": 8, "opacity": 0.75},
    )
    figure.add_scatter(
        x=widths,
        y=names,
        name="box_width",
        hovertemplate="%{x:.1f}",
        marker={"color": _BASELINE, "size": 12, "symbol": "line-ns-open"},
    )
    figure.update_traces(mode="markers")
    figure.add_vline(x=50, line={"color": "#9aa3b0", "dash": "dot"}, annotation={"text": "chance"})
    return _chart(figure, "Micro AUROC of every run", 130 + 34 * len(set(names)), wide=True)


def training_charts(logs: Sequence[tuple[str, dict[str, list[tuple[float, float]]]]]) -> list[Chart]:
    """One chart for each logged quantity, one line a run; a log is the run's name, and steps and values by quantity."""
    charts = []
    for quantity in sorted({name for _, log in logs for name, points in log.items() if len(points) > 1}):
        figure = _figure(xaxis={"title": "step"}, yaxis={"automargin": True})
        for run, log in logs:
            points = np.array(log.get(quantity, ()), np.float32).reshape(-1, 2)
            figure.add_scatter(x=points[:, 0], y=points[:, 1], name=_plain(run), mode="lines", line={"width": 1.6})
        figure.update_traces(hovertemplate="step %{x}: %{y:.4g}", showlegend=len(logs) > 1)
        charts.append(_chart(figure, quantity, 240))
    return charts


def sweep_charts(sweep: dict[str, Any]) -> list[Chart]:
    """One chart a parameter of a sweep of `find_sweeps`: the metrics of every complete point over its value."""
    points = [point for point in sweep["points"] if point["metrics"] and None not in point["metrics"].values()]
    named = [[("point", point["number"]), *point["settings"].items()] for point in points]
    texts = ["<br>".join(_plain(f"{name} {value}") for name, value in each) for each in named]
    charts = []
    for name in sweep["parameters"] if points else ():
        values = [point["settings"][name] for point in points]
        numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
        axis: dict[str, Any] = {"title": _plain(name), "type": "category"}
        if numeric:
            spans = min(values) > 0 and max(values) >= 20 * min(values)
            axis |= {"type": "log" if spans else "linear", "tickvals": sorted(set(values))[:8]}
        x = values if numeric else [_plain(str(value)) for value in values]
        figure = _figure(xaxis=axis, yaxis={"automargin": True})
        for metric in sweep["metrics"]:
            y = [point["metrics"][metric] for point in points]
            figure.add_scatter(x=x, y=y, text=texts, name=_plain(metric), mode="markers", marker={"size": 9})
        figure.update_traces(hovertemplate="%{y:.4g}<br>%{text}")
        charts.append(_chart(figure, name, 300))
    return charts


def distance_chart(rows: Sequence[tuple[str, dict[str, Any]]]) -> Chart:
    """Boxes of feature distances, each a name and a group of a result; whiskers at 5 and 95 %, the mean dashed."""
    figure = _figure(xaxis={"title": "L2 distance", "rangemode": "tozero"}, yaxis={"automargin": True})
    figure.update_yaxes(autorange="reversed")
    for name, group in rows:
        keys = ("lowerfence", "q1", "median", "q3", "upperfence")
        box = {key: [value] for key, value in zip(keys, group["quantiles"], strict=True)}
        figure.add_box(y=[_plain(name)], **box, mean=[group["mean"]], orientation="h", marker={"color": _SCORE})
    figure.update_traces(showlegend=False)
    return _chart(figure, "Distance of features", 110 + 42 * len(rows), wide=True)


def _figure(**layout: Any) -> go.Figure:  # noqa: ANN401 - Plotly's own
    return go.Figure(layout={"template": _TEMPLATE, **layout})


def _chart(figure: go.Figure, label: str, height: int, wide: bool = False) -> Chart:
    figure.layout.height = height
    # no "<" in it, so that no text inside can end the element
    return Chart(label, height, figure.to_json().replace("<", "\\u003c"), wide)


def _plain(text: str) -> str:
    return escape(text, quote=False)


def _thinned(x: torch.Tensor, y: torch.Tensor) -> NDArray[np.float32]:
    points = np.stack([x.double().numpy(), y.double().numpy()], axis=1)
    if len(points) > MOST_POINTS:
        way = np.concatenate([[0], np.cumsum(np.abs(np.diff(points, axis=0)).sum(axis=1))])
        wanted = np.linspace(0, way[-1], MOST_POINTS)
        points = points[np.unique(np.clip(np.searchsorted(way, wanted), 0, len(points) - 1))]
    return points.astype(np.float32)
