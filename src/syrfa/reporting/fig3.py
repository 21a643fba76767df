"""The paper's Fig. 3: score curves over ground truth, and the anomaly maps of stated frames below each."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from syrfa.datasets.video import open_video
from syrfa.evaluation import ObjectScores
from syrfa.evaluation.pictures import (
    ABNORMAL,
    COLOURS,
    SCORE,
    TRUTH,
    ScoreCurve,
    bands,
    draw_anomaly_map,
    draw_curve,
    limits_of,
    score_scale,
)
from syrfa.evaluation.result import audit_of
from syrfa.reporting.fig3_choice import FRAME_RULE, choose_frames, choose_videos
from syrfa.reporting.figure_files import provenance_of, save_figure
from syrfa.reporting.scored_run import ScoredRun
from syrfa.utils.text_table import percent

_COLUMNS = 3
_CURVE_HEIGHT = 1.5  # inches
_LETTERS = 17.5  # an inch of the caption
_MARKERS = {"highest": "^", "median": "s", "lowest": "v"}


@dataclass(frozen=True)
class Panel:
    """One video of one run.

    Attributes:
        run: the run.
        number: of the video in it.
        shown: which frames have their map drawn, by the rule that chose them.
        images: these frames, uint8 (height, width, 1 or 3).
    """

    run: ScoredRun
    number: int
    shown: dict[str, int]
    images: dict[int, NDArray[np.uint8]]


def plot_fig3(out: Path, runs: Sequence[ScoredRun], videos: Sequence[str] | None = None, count: int = 3) -> list[Path]:
    """Writes the figure, its PDF and its numbers.

    Args:
        out: the .png to write.
        runs: tested runs; each gives its videos, one column a video, three columns a row.
        videos: names of the videos to draw.
        count: how many are drawn where neither `videos` nor the paper names any.

    Returns:
        the files.

    Raises:
        ConfigError: a run has no such video.
    """
    panels, rules = [], []
    for run in runs:
        numbers, rule = choose_videos(run, videos, count)
        panels += [_panel(run, number) for number in numbers]
        if rule not in rules:
            rules.append(rule)
    columns = min(_COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    width = 7.0 if columns == 1 else 4.6 * columns
    videos_drawn = [panel.run.objects[panel.number] for panel in panels]
    map_height = 0.27 * width / columns * max(video.height / video.width for video in videos_drawn)
    figure = Figure(figsize=(width, (_CURVE_HEIGHT + map_height + 1.0) * rows + 1.5), layout="constrained")
    scale = _colour_scale(videos_drawn)
    limits = limits_of([panel.run.curves[panel.number] for panel in panels])
    parts = np.asarray(figure.subfigures(rows, columns, squeeze=False)).flat
    masked = [_draw_panel(part, panel, scale, limits, map_height) for part, panel in zip(parts, panels, strict=False)]
    _legend(figure, any(masked))
    caption = _caption(runs, rules)
    letters = int(width * _LETTERS)
    lines = [line for text in caption for line in textwrap.wrap(text, letters, subsequent_indent="  ")]
    figure.supxlabel("\n".join(lines), fontsize=7.5, x=0.01, ha="left")
    record = {
        "rule": {"videos": rules, "frames": FRAME_RULE},
        "caption": caption,
        "panels": [_numbers(panel) for panel in panels],
        "runs": [provenance_of(run.result, run.folder) for run in runs],
    }
    return save_figure(figure, out, "fig3", record)


def _panel(run: ScoredRun, number: int) -> Panel:
    shown = choose_frames(run.curves[number], run.margin)
    wanted, images = set(shown.values()), {}
    for frame, image in enumerate(open_video(run.records[number].path)):
        if frame in wanted:
            images[frame] = image
        if len(images) == len(wanted):
            break
    return Panel(run, number, shown, images)


def _colour_scale(videos: Sequence[ObjectScores]) -> Normalize:
    """That of the overlays, up to the highest score of these videos where this is so low that all would look alike."""
    scale = score_scale(videos)
    highest = max(float(video.object_score.max(initial=0.0)) for video in videos)
    return Normalize(scale.vmin, highest) if 0 < highest <= 0.5 else scale


def _draw_panel(
    part: SubFigure, panel: Panel, scale: Normalize, limits: tuple[float, float], map_height: float
) -> bool:
    """Whether a pixel mask was drawn."""
    run, number = panel.run, panel.number
    grid = part.add_gridspec(2, len(panel.shown), height_ratios=(_CURVE_HEIGHT, map_height))
    curve = part.add_subplot(grid[0, :])
    record, scores = run.records[number], run.curves[number]
    name = f"{run.result['experiment']}/{run.result['run_id']}"
    draw_curve(curve, ScoreCurve(f"{run.dataset.name} {record.name}   ({name})", scores, run.labels[number]), limits)
    curve.title.set_fontsize(9)
    curve.tick_params(labelsize=8)
    curve.set_xlabel("frame", fontsize=8, labelpad=1)
    curve.set_ylabel("anomaly score", fontsize=8)
    masked, maps = False, []
    for column, (rule, frame) in enumerate(panel.shown.items()):
        curve.plot(
            [frame], [scores[frame]], _MARKERS[rule], color="black", markersize=5, markerfacecolor="white", zorder=5
        )
        axes = part.add_subplot(grid[1, column])
        maps.append(axes)
        mask = run.dataset.pixel_mask(record, frame)
        masked = masked or (mask is not None and bool(mask.any()))
        draw_anomaly_map(axes, panel.images[frame], run.objects[number], frame, mask, scale, numbers=False)
        truth = "abnormal" if run.labels[number][frame] else "normal"
        axes.set_title(f"{rule}: frame {frame}\nscore {scores[frame]:.2f}, {truth}", fontsize=7.5, pad=3)
    bar = part.colorbar(ScalarMappable(scale, COLOURS), ax=maps, fraction=0.02, pad=0.015, shrink=0.9)
    bar.ax.tick_params(labelsize=7)
    return masked


def _legend(figure: Figure, masked: bool) -> None:
    handles: list[Any] = [
        Line2D([], [], color=SCORE, linewidth=1.6, label="anomaly score"),
        Patch(color=ABNORMAL, alpha=0.16, linewidth=0, label="frames labelled abnormal"),
    ]
    if masked:
        handles.append(Line2D([], [], color=TRUTH, linewidth=1.8, label="abnormal pixels (ground truth)"))
    handles += [
        Line2D([], [], color="black", marker=marker, markerfacecolor="white", linestyle="", label=f"{rule} score")
        for rule, marker in _MARKERS.items()
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=3, fontsize=7.5, frameon=False)


def _caption(runs: Sequence[ScoredRun], rules: Sequence[str]) -> list[str]:
    lines = []
    for run in runs:
        reading, result = run.reading, run.result
        said, ours = reading["protocol"], reading["metrics"]["micro_auroc"]
        width = reading["baselines"]["box_width"]["micro_auroc"]["value"]
        adapter = result.get("adapter", {}).get("name", "none")
        window = f", window {said['window']}" if said.get("window", 1) > 1 else ""
        interval = ""
        if ours.get("ci_low") is not None:
            interval = f" [{percent(ours['ci_low'])}, {percent(ours['ci_high'])}]"
        lines.append(
            f"{result['experiment']}/{result['run_id']}: {result['module']}, adapter {adapter}, seed {result['seed']}; "
            f"protocol {said['protocol']}, smoothing {said['smoothing']}{window}; micro AUROC of the split "
            f"{percent(ours['value'])}{interval} %, box_width {percent(width)}, chance {percent(ours.get('chance'))}; "
            f"{audit_of(result, reading).line}"
        )
    lines.append(f"Videos: {'; '.join(rules)}. Frames: {FRAME_RULE}.")
    return lines


def _numbers(panel: Panel) -> dict[str, Any]:
    run, number = panel.run, panel.number
    scores, labels = run.curves[number], run.labels[number]
    return {
        "run": f"{run.result['experiment']}/{run.result['run_id']}",
        "video": run.records[number].name,
        "protocol": run.reading["protocol"],
        "micro_auroc": run.reading["metrics"]["micro_auroc"],
        "box_width": run.reading["baselines"]["box_width"]["micro_auroc"],
        "audit": audit_of(run.result, run.reading).line,
        "scores": [round(float(score), 6) for score in scores],
        "abnormal": [[start, stop] for start, stop in bands(labels)],
        "shown": [
            {"rule": rule, "frame": frame, "score": round(float(scores[frame]), 6), "abnormal": bool(labels[frame])}
            for rule, frame in panel.shown.items()
        ],
    }
