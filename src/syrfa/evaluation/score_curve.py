"""Frame scores over time with the ground truth behind them (the paper's Fig. 3)."""

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from syrfa.evaluation.png import save_png

SCORE = "#1f4e9c"
_BASELINE = "#6b6b6b"
ABNORMAL = "#d62728"
_LETTERS = 13  # of 9 points, an inch
_ONE_COLUMN = 6  # more videos than this stand in two columns


class ScoreCurve(NamedTuple):
    """One video's row of the figure.

    Attributes:
        name: the video's name.
        scores: (frames,), larger = more abnormal.
        labels: (frames,), 1 = abnormal; None where no label is known.
        baseline: (frames,), a second curve on an axis of its own; None for none.
    """

    name: str
    scores: NDArray[np.floating[Any]]
    labels: NDArray[Any] | None = None
    baseline: NDArray[np.floating[Any]] | None = None


def plot_score_curves(
    path: Path,
    videos: Sequence[ScoreCurve],
    threshold: float | None = None,
    title: str = "",
    baseline_name: str = "box width",
    caption: str = "",
) -> None:
    """Writes a PNG with one panel a video: score curve, abnormal frames as red bands, all panels on one scale.

    Args:
        path: the .png to write.
        videos: what to draw, at least one.
        threshold: drawn as a horizontal line.
        title: the line on top; say the protocol and the number here.
        baseline_name: the second curve's name; it has its own scale on the right.
        caption: smaller lines under the title, broken where they are too long.

    Raises:
        ValueError: there is no video, or a video's arrays differ in length.
    """
    _check(videos)
    columns = 1 if len(videos) <= _ONE_COLUMN else 2
    rows = -(-len(videos) // columns)
    width = 8.0 if columns == 1 else 12.0
    small = textwrap.wrap(caption, width=int(_LETTERS * width))
    figure = Figure(figsize=(width, 1.1 + 1.45 * rows + 0.15 * len(small)), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False)
    limits = limits_of([video.scores for video in videos], threshold)
    baselines = [video.baseline for video in videos if video.baseline is not None]
    baseline_limits = limits_of(baselines, None) if baselines else None
    for place, panel in enumerate(panels.T.flat):  # down each column first, as one reads a list
        if place >= len(videos):
            panel.set_axis_off()
            continue
        draw_curve(panel, videos[place], threshold, limits)
        if baseline_limits is not None:
            _draw_baseline(panel, videos[place], baseline_limits)
        if (place + 1) % rows == 0 or place == len(videos) - 1:
            panel.set_xlabel("frame", fontsize=10)
    figure.supylabel("anomaly score", fontsize=11, color=SCORE)
    _legend(figure, videos, threshold, baseline_name)
    if title or small:
        figure.suptitle("\n".join([title, *small]), fontsize=9 if small else 12)
    save_png(figure, path)


def bands(labels: NDArray[Any]) -> list[tuple[int, int]]:
    """The runs of abnormal frames as half-open ranges.

    Example:
        >>> bands(np.array([0, 1, 1, 0, 1]))
        [(1, 3), (4, 5)]
    """
    steps = np.diff(np.concatenate([[0], np.asarray(labels).astype(bool).astype(np.int8), [0]]))
    return list(zip(np.flatnonzero(steps == 1).tolist(), np.flatnonzero(steps == -1).tolist(), strict=True))


def _check(videos: Sequence[ScoreCurve]) -> None:
    if not videos:
        raise ValueError("no video to draw; give at least one")
    for video in videos:
        lengths = {len(part) for part in (video.scores, video.labels, video.baseline) if part is not None}
        if len(lengths) != 1:
            raise ValueError(f"{video.name}: scores, labels and baseline have {sorted(lengths)} frames")


def limits_of(curves: Sequence[NDArray[np.floating[Any]]], threshold: float | None) -> tuple[float, float]:
    """One range for all panels: [0, 1] where that holds everything and is not mostly empty, else the data's own."""
    values = np.concatenate([*curves, [] if threshold is None else [threshold]])
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    if low >= 0 and high <= 1 and high > 0.5:
        low, high = 0.0, 1.0
    margin = 0.06 * (high - low or 1.0)
    return low - margin, high + margin


def draw_curve(panel: Axes, video: ScoreCurve, threshold: float | None, limits: tuple[float, float]) -> None:
    """One video's score curve over its bands, with its name on top.

    Args:
        panel: where.
        video: what; its baseline is not drawn.
        threshold: drawn as a horizontal line.
        limits: of the score axis, see `limits_of`.
    """
    if video.labels is not None:
        for start, stop in bands(video.labels):
            # a frame is as wide as one unit around its number
            panel.axvspan(start - 0.5, stop - 0.5, color=ABNORMAL, alpha=0.16, linewidth=0)
    if threshold is not None:
        panel.axhline(threshold, color="black", linewidth=0.9, linestyle=(0, (4, 3)))
    panel.plot(np.arange(len(video.scores)), video.scores, color=SCORE, linewidth=1.6)
    panel.set_xlim(-0.5, max(len(video.scores) - 0.5, 0.5))
    panel.set_ylim(*limits)
    panel.set_title(video.name, fontsize=10, loc="left", pad=3)
    panel.tick_params(labelsize=9)
    panel.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    panel.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    panel.grid(axis="y", color="0.9", linewidth=0.6)
    panel.set_axisbelow(True)
    panel.spines[["top", "right"]].set_visible(False)


def _draw_baseline(panel: Axes, video: ScoreCurve, limits: tuple[float, float]) -> None:
    twin = panel.twinx()
    if video.baseline is not None:
        twin.plot(np.arange(len(video.baseline)), video.baseline, color=_BASELINE, linewidth=1.1, linestyle="--")
    twin.set_ylim(*limits)
    twin.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    twin.tick_params(labelsize=9, colors=_BASELINE)
    twin.spines["top"].set_visible(False)
    twin.spines["right"].set_color(_BASELINE)


def _legend(figure: Figure, videos: Sequence[ScoreCurve], threshold: float | None, baseline_name: str) -> None:
    handles: list[Any] = [Line2D([], [], color=SCORE, linewidth=1.6, label="anomaly score")]
    if any(video.baseline is not None for video in videos):
        label = f"{baseline_name} (right axis)"
        handles.append(Line2D([], [], color=_BASELINE, linewidth=1.1, linestyle="--", label=label))
    if any(video.labels is not None for video in videos):
        handles.append(Patch(color=ABNORMAL, alpha=0.16, linewidth=0, label="abnormal (ground truth)"))
    if threshold is not None:
        handles.append(Line2D([], [], color="black", linewidth=0.9, linestyle="--", label=f"threshold {threshold:.3g}"))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=10, frameon=False)
