"""The paper's Fig. 3: score curves over ground truth, and anomaly maps of three frames below each."""

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

from syrfa.datasets import VideoDataset, VideoRecord
from syrfa.datasets.video import open_video
from syrfa.errors import ConfigError
from syrfa.evaluation import ObjectScores
from syrfa.evaluation.pictures import (
    ABNORMAL,
    COLOURS,
    SCORE,
    TRUTH,
    bands,
    draw_anomaly_map,
    draw_curve,
    limits_of,
    save_figure,
    score_scale,
)
from syrfa.evaluation.result import Evaluation, audit_of, value_of
from syrfa.reporting.runs import Run
from syrfa.utils.text_table import percent

# the videos of the paper's Fig. 3, by any of the names that releases and repacks give them
PAPER_VIDEOS: dict[str, tuple[tuple[str, ...], ...]] = {
    "ped2": (("Test002", "02"),),
    "shanghaitech": (("07_0006",), ("03_0061",)),
}
FRAME_RULE = (
    "those with the highest, the median and the lowest score of the curve, the first of equals, among frames that have "
    "tubes; their labels are above them; a map shows the boxes' own scores, before smoothing over time"
)
_COLUMNS = 3
_CURVE_HEIGHT = 1.5  # inches
_LETTERS = 17.5  # an inch of the caption
_MARKERS = {"highest": "^", "median": "s", "lowest": "v"}


@dataclass(frozen=True)
class ScoredRun:
    """A tested run under its first evaluation, with what it takes to draw it; one entry a video in each list."""

    run: Run
    evaluation: Evaluation
    dataset: VideoDataset
    records: list[VideoRecord]
    objects: list[ObjectScores]
    curves: list[NDArray[np.float64]]
    labels: list[NDArray[np.uint8]]

    @classmethod
    def open(cls, run: Run) -> "ScoredRun":
        """Reads a run; a UserError where scores, config or data are missing or of another test."""
        dataset, split = run.dataset(imports=True), str(run.result["split"])
        if dataset.manifest_hash(split) != run.result["manifest_sha256"]:
            raise ConfigError(
                f"{dataset.root}: not the copy of {dataset.name} {split} that {run.file.parent} was tested on; run "
                "`syrfa test` on this one"
            )
        kept, evaluation = run.curves(), run.result["evaluations"][0]
        found = {record.name: record for record in dataset.videos(split)}
        records, objects = [found[name] for name in kept.names], run.objects(kept.names)
        return cls(run, evaluation, dataset, records, objects, kept.scores[0], kept.labels)


def plot_fig3(out: Path, runs: Sequence[ScoredRun], videos: Sequence[str] | None = None) -> list[Path]:
    """Writes the figure to `out`, a .png, its PDF and its numbers; one column a video, three columns a row.

    `videos` are names, by default those of the paper, else the first three; ConfigError where a run has none such.
    """
    panels: list[tuple[ScoredRun, int]] = []
    rules: list[str] = []
    for run in runs:
        numbers, rule = choose_videos(run, videos)
        panels += [(run, number) for number in numbers]
        rules += [] if rule in rules else [rule]
    columns = min(_COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    width = 7.0 if columns == 1 else 4.6 * columns
    drawn = [run.objects[number] for run, number in panels]
    map_height = 0.27 * width / columns * max(video.height / video.width for video in drawn)
    figure = Figure(figsize=(width, (_CURVE_HEIGHT + map_height + 1.0) * rows + 1.5), layout="constrained")
    scale, highest = score_scale(drawn), max(float(video.object_score.max(initial=0.0)) for video in drawn)
    if 0 < highest <= 0.5:  # else all boxes would look alike
        scale = Normalize(scale.vmin, highest)
    limits = limits_of([run.curves[number] for run, number in panels])
    parts = np.asarray(figure.subfigures(rows, columns, squeeze=False)).flat
    masked = [_draw(part, *panel, scale, limits, map_height) for part, panel in zip(parts, panels, strict=False)]
    _legend(figure, any(masked))
    caption = [*map(_describe, runs), f"Videos: {'; '.join(rules)}. Frames: {FRAME_RULE}."]
    lines = [line for text in caption for line in textwrap.wrap(text, int(width * _LETTERS), subsequent_indent="  ")]
    figure.supxlabel("\n".join(lines), fontsize=7.5, x=0.01, ha="left")
    record = {
        "rule": {"videos": rules, "frames": FRAME_RULE},
        "caption": caption,
        "panels": [_numbers(*panel) for panel in panels],
        "runs": [each.run.provenance() for each in runs],
    }
    return save_figure(figure, out, "fig3", record)


def choose_videos(run: ScoredRun, videos: Sequence[str] | None = None) -> tuple[list[int], str]:
    """The numbers of the videos to draw, whatever their scores, and the rule that chose them."""
    names = [record.name for record in run.records]
    if videos:
        missing = [name for name in videos if name not in names]
        if missing:
            raise ConfigError(f"{run.run.file.parent}: has no video {missing[0]}; it has {', '.join(names[:20])}")
        return [names.index(name) for name in videos], "named by whoever drew this"
    printed = () if run.dataset.is_generated() else PAPER_VIDEOS.get(run.dataset.name, ())
    found = [names.index(name) for aliases in printed for name in aliases if name in names]
    if found and len(found) == len(printed):
        return found, f"{run.dataset.name}, those of the paper's Fig. 3, whatever their scores"
    why = "the paper's are not in this copy" if printed else "the paper shows none of it"
    return list(range(min(_COLUMNS, len(names)))), f"{run.dataset.name}, the first {_COLUMNS} by name, since {why}"


def choose_frames(scores: NDArray[np.float64], margin: int) -> dict[str, int]:
    """The frames with the highest, the median (the lower of two) and the lowest score (frames,), the first of equals.

    The `margin` frames at either end, which have no tubes, are left out unless there are no others.
    """
    inner = scores[margin : len(scores) - margin]
    first = margin if len(inner) else 0
    inner = inner if len(inner) else scores
    order = np.argsort(inner, kind="stable")
    found = {"highest": int(np.argmax(inner)), "median": int(order[(len(inner) - 1) // 2]), "lowest": int(order[0])}
    return {rule: first + frame for rule, frame in found.items()}


def _chosen(run: ScoredRun, number: int) -> dict[str, int]:
    return choose_frames(run.curves[number], int(run.evaluation["protocol"]["temporal_radius"]))


def _draw(
    part: SubFigure, run: ScoredRun, number: int, scale: Normalize, limits: tuple[float, float], map_height: float
) -> bool:
    """Draws a panel; whether it has a pixel mask."""
    record, scores, labels = run.records[number], run.curves[number], run.labels[number]
    chosen = _chosen(run, number)
    images = {k: image for k, image in enumerate(open_video(record.path)) if k in chosen.values()}
    grid = part.add_gridspec(2, len(chosen), height_ratios=(_CURVE_HEIGHT, map_height))
    curve = part.add_subplot(grid[0, :])
    title = f"{run.dataset.name} {record.name}   ({run.run.name})"
    draw_curve(curve, title, scores, labels, limits)
    curve.title.set_fontsize(9)
    curve.tick_params(labelsize=8)
    curve.set_xlabel("frame", fontsize=8, labelpad=1)
    curve.set_ylabel("anomaly score", fontsize=8)
    masked, maps = False, []
    for column, (rule, frame) in enumerate(chosen.items()):
        look: dict[str, Any] = {"color": "black", "markersize": 5, "markerfacecolor": "white", "zorder": 5}
        curve.plot([frame], [scores[frame]], _MARKERS[rule], **look)
        axes = part.add_subplot(grid[1, column])
        maps.append(axes)
        mask = run.dataset.pixel_mask(record, frame)
        masked = masked or (mask is not None and bool(mask.any()))
        draw_anomaly_map(axes, images[frame], run.objects[number], frame, mask, scale, numbers=False)
        truth = "abnormal" if labels[frame] else "normal"
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


def _describe(run: ScoredRun) -> str:
    """How a run was made and what it reached, for the caption."""
    result, protocol, ours = run.run.result, run.evaluation["protocol"], run.evaluation["metrics"]["micro_auroc"]
    width = value_of(run.evaluation["baselines"]["box_width"])
    adapter = (result.get("adapter") or {}).get("name", "none")
    window = f", window {protocol['window']}" if protocol.get("window", 1) > 1 else ""
    drawn = ours.get("ci_low") is not None
    interval = f" [{percent(ours['ci_low'])}, {percent(ours['ci_high'])}]" if drawn else ""
    return (
        f"{run.run.name}: {result['module']}, adapter {adapter}, seed {result['seed']}; "
        f"protocol {protocol['protocol']}, smoothing {protocol['smoothing']}{window}; micro AUROC of the split "
        f"{percent(ours['value'])}{interval} %, box_width {percent(width)}, chance {percent(ours.get('chance'))}; "
        f"{audit_of(result, run.evaluation).line}"
    )


def _numbers(run: ScoredRun, number: int) -> dict[str, Any]:
    scores, labels = run.curves[number], run.labels[number]
    return {
        "run": run.run.name,
        "video": run.records[number].name,
        "protocol": run.evaluation["protocol"],
        "micro_auroc": run.evaluation["metrics"]["micro_auroc"],
        "box_width": run.evaluation["baselines"]["box_width"]["micro_auroc"],
        "audit": audit_of(run.run.result, run.evaluation).line,
        "scores": [round(float(score), 6) for score in scores],
        "abnormal": [[start, stop] for start, stop in bands(labels)],
        "shown": [
            {"rule": rule, "frame": frame, "score": round(float(scores[frame]), 6), "abnormal": bool(labels[frame])}
            for rule, frame in _chosen(run, number).items()
        ],
    }
