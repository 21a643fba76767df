"""Pictures of a test: score curves over the ground truth, and a frame under its anomaly map (the paper's Fig. 3)."""

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib import colormaps, rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from syrfa.datasets import VideoDataset
from syrfa.datasets.video import open_video
from syrfa.evaluation.annotated_video import write_annotated_video
from syrfa.evaluation.protocols import Protocol
from syrfa.evaluation.scores import ObjectScores, anomaly_map, box_width
from syrfa.utils.files import atomic_write, write_json

SCORE_CURVES, ANOMALY_MAP, ANNOTATED = "score_curves.png", "anomaly_map.png", "annotated.webm"
MOST_CURVES = 12
COLOURS = colormaps["plasma"]
TRUTH, SCORE, ABNORMAL, _BASELINE = "#2ee6a6", "#1f4e9c", "#d62728", "#6b6b6b"
_OPACITY = 0.6  # of the highest score; the lowest leaves the frame untouched
_LETTERS = 13  # of 9 points, an inch
_ONE_COLUMN = 6  # more videos than this are drawn in two columns


def draw_pictures(
    folder: Path,
    objects: Sequence[ObjectScores],
    labels: Sequence[NDArray[np.uint8]],
    protocol: Protocol,
    dataset: VideoDataset,
    split: str,
    flags: str,
    caption: str,
) -> None:
    """Writes `score_curves.png` (the first twelve videos), `anomaly_map.png` and `annotated.webm` into `folder`.

    The last two are of the first video with both a labelled anomaly and a scored object, the map in the middle of its
    abnormal frames: not its best one, for the picture is not to flatter. `flags` (`transductive`, `oracle`) are in
    every title, `caption` under that of the curves.
    """
    title = ", ".join(filter(None, [f"anomaly score, protocol {protocol.name}, smoothing {protocol.smoothing}", flags]))
    curves = [
        ScoreCurve(video.name, protocol.frame_scores(video).final, truth, protocol.frame_scores(box_width(video)).final)
        for video, truth in list(zip(objects, labels, strict=True))[:MOST_CURVES]
    ]
    plot_score_curves(folder / SCORE_CURVES, curves, title=title, caption=caption)
    for video, truth in zip(objects, labels, strict=True):
        if truth.any() and len(video.object_frame):
            record = next(record for record in dataset.videos(split) if record.name == video.name)
            abnormal = np.flatnonzero(truth)
            frame = int(abnormal[len(abnormal) // 2])
            image = next(image for number, image in enumerate(open_video(record.path)) if number == frame)
            mask = dataset.pixel_mask(record, frame)
            plot_anomaly_map(folder / ANOMALY_MAP, image, video, frame, mask, note=flags)
            final, rate = protocol.frame_scores(video).final, dataset.frame_rate(record) or 10.0
            write_annotated_video(folder / ANNOTATED, open_video(record.path), video, final, truth, rate)
            return


class ScoreCurve(NamedTuple):
    """One video's panel: name, scores, labels (1 = abnormal), a second curve on its own axis; all (frames,)."""

    name: str
    scores: NDArray[np.floating[Any]]
    labels: NDArray[Any]
    baseline: NDArray[np.floating[Any]]


def plot_score_curves(path: Path, videos: Sequence[ScoreCurve], title: str, caption: str = "") -> None:
    """Writes a PNG with one panel a video: score curve, box width, abnormal frames as red bands, all on one scale."""
    columns = 1 if len(videos) <= _ONE_COLUMN else 2
    rows = -(-len(videos) // columns)
    width = 8.0 if columns == 1 else 12.0
    small = textwrap.wrap(caption, width=int(_LETTERS * width))
    figure = Figure(figsize=(width, 1.1 + 1.45 * rows + 0.15 * len(small)), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False)
    limits = limits_of([video.scores for video in videos])
    width_limits = limits_of([video.baseline for video in videos])
    for place, panel in enumerate(panels.T.flat):  # down each column first, as one reads a list
        if place >= len(videos):
            panel.set_axis_off()
            continue
        name, scores, labels, baseline = videos[place]
        draw_curve(panel, name, scores, labels, limits)
        twin = panel.twinx()
        twin.plot(np.arange(len(baseline)), baseline, color=_BASELINE, linewidth=1.1, linestyle="--")
        twin.set_ylim(*width_limits)
        twin.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
        twin.tick_params(labelsize=9, colors=_BASELINE)
        twin.spines["top"].set_visible(False)
        twin.spines["right"].set_color(_BASELINE)
        if (place + 1) % rows == 0 or place == len(videos) - 1:
            panel.set_xlabel("frame", fontsize=10)
    figure.supylabel("anomaly score", fontsize=11, color=SCORE)
    handles: list[Any] = [
        Line2D([], [], color=SCORE, linewidth=1.6, label="anomaly score"),
        Line2D([], [], color=_BASELINE, linewidth=1.1, linestyle="--", label="box width (right axis)"),
        Patch(color=ABNORMAL, alpha=0.16, linewidth=0, label="abnormal (ground truth)"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=10, frameon=False)
    figure.suptitle("\n".join([title, *small]), fontsize=9 if small else 12)
    save_png(figure, path)


def bands(labels: NDArray[Any]) -> list[tuple[int, int]]:
    """The runs of abnormal frames as half-open ranges."""
    steps = np.diff(np.concatenate([[0], np.asarray(labels).astype(bool).astype(np.int8), [0]]))
    return list(zip(np.flatnonzero(steps == 1).tolist(), np.flatnonzero(steps == -1).tolist(), strict=True))


def limits_of(curves: Sequence[NDArray[np.floating[Any]]]) -> tuple[float, float]:
    """One range for all panels: [0, 1] where that holds everything and is not mostly empty, else the data's own."""
    values = np.concatenate(list(curves))
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    if low >= 0 and high <= 1 and high > 0.5:
        low, high = 0.0, 1.0
    margin = 0.06 * (high - low or 1.0)
    return low - margin, high + margin


def draw_curve(
    panel: Axes, name: str, scores: NDArray[np.floating[Any]], labels: NDArray[Any], limits: tuple[float, float]
) -> None:
    """One video's score curve, (frames,), over the bands of its abnormal frames, with its name on top."""
    for start, stop in bands(labels):
        # a frame is as wide as one unit around its number
        panel.axvspan(start - 0.5, stop - 0.5, color=ABNORMAL, alpha=0.16, linewidth=0)
    panel.plot(np.arange(len(scores)), scores, color=SCORE, linewidth=1.6)
    panel.set_xlim(-0.5, max(len(scores) - 0.5, 0.5))
    panel.set_ylim(*limits)
    panel.set_title(name, fontsize=10, loc="left", pad=3)
    panel.tick_params(labelsize=9)
    panel.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    panel.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    panel.grid(axis="y", color="0.9", linewidth=0.6)
    panel.set_axisbelow(True)
    panel.spines[["top", "right"]].set_visible(False)


def plot_anomaly_map(
    path: Path,
    frame: NDArray[np.uint8],
    objects: ObjectScores,
    frame_index: int,
    mask: NDArray[np.bool_] | None = None,
    note: str = "",
) -> None:
    """Writes a PNG of one frame, uint8 grey or RGB, under its anomaly map, with each box and its score.

    Colours run from 0 to 1, or over the video's range where that is wider. Abnormal pixels of `mask`, bool
    (height, width), are outlined; `note` follows the title. ValueError where frame or mask are not of the video's size.
    """
    scale = score_scale([objects])
    width = 8.0
    figure = Figure(figsize=(width, width * objects.height / objects.width * 0.88 + 0.9), layout="constrained")
    panel = figure.subplots()
    highest = draw_anomaly_map(panel, frame, objects, frame_index, mask, scale)
    bar = figure.colorbar(ScalarMappable(scale, COLOURS), ax=panel, fraction=0.035, pad=0.015)
    bar.set_label("anomaly score", fontsize=10)
    bar.ax.tick_params(labelsize=9)
    if mask is not None and mask.any():
        label = Line2D([], [], color=TRUTH, linewidth=1.8, label="ground truth")
        panel.legend(handles=[label], loc="lower right", fontsize=9, framealpha=0.8)
    title = f"{objects.name}, frame {frame_index}: highest score {highest:.3f}"
    panel.set_title(f"{title} ({note})" if note else title, fontsize=11)
    save_png(figure, path)


def draw_anomaly_map(
    panel: Axes,
    frame: NDArray[np.uint8],
    objects: ObjectScores,
    frame_index: int,
    mask: NDArray[np.bool_] | None,
    scale: Normalize,
    numbers: bool = True,
) -> float:
    """Draws what `plot_anomaly_map` writes, without colour bar and title; returns the highest value of the map.

    `numbers` writes each box's score next to it; without them, for small pictures, lines are thinner.
    """
    size = (objects.height, objects.width)
    if frame.shape[:2] != size or (mask is not None and mask.shape != size):
        raise ValueError(f"{objects.name}: frame {frame.shape}, mask {getattr(mask, 'shape', None)}; video {size}")
    heat = anomaly_map(objects, frame_index)
    panel.imshow(np.broadcast_to(frame.reshape(*size, -1), (*size, 3)), interpolation="nearest")
    strength = np.clip(scale(heat), 0, 1)
    panel.imshow(COLOURS(scale(heat)), alpha=np.asarray(strength) * _OPACITY, interpolation="nearest")
    _draw_boxes(panel, objects, frame_index, scale, numbers)
    if mask is not None and mask.any():
        # padded, so that a region at the border is outlined there too
        rows, columns = (np.arange(-1, side + 1) for side in size)
        panel.contour(columns, rows, np.pad(mask, 1).astype(np.float32), levels=[0.5], colors=[TRUTH], linewidths=1.8)
    panel.set_axis_off()
    panel.set_xlim(-0.5, size[1] - 0.5)
    panel.set_ylim(size[0] - 0.5, -0.5)
    return float(heat.max())


def score_scale(videos: Sequence[ObjectScores]) -> Normalize:
    """From 0 to 1, or further where a score of these videos lies outside."""
    scores = np.concatenate([video.object_score for video in videos])
    return Normalize(min(0.0, float(scores.min(initial=0.0))), max(1.0, float(scores.max(initial=1.0))))


def _draw_boxes(panel: Axes, objects: ObjectScores, frame_index: int, scale: Normalize, numbers: bool) -> None:
    """Boxes in the colour of their score, the highest on top so that its number is never covered."""
    here = np.flatnonzero(objects.object_frame == frame_index)
    for item in here[np.argsort(objects.object_score[here])]:
        left, top, right, bottom = (float(side) for side in objects.object_xyxy[item])
        score = float(objects.object_score[item])
        colour: Any = COLOURS(scale(score))
        corner, line = (left - 0.5, top - 0.5), 1.3 if numbers else 0.8
        panel.add_patch(Rectangle(corner, right - left, bottom - top, fill=False, edgecolor=colour, linewidth=line))
        if not numbers:
            continue
        above = top > 10  # else the number would leave the picture
        panel.text(
            min(max(left, 0.0), objects.width - 20.0),
            top - 1.5 if above else top + 1.0,
            f"{score:.2f}",
            fontsize=7.5,
            color="black" if np.dot(colour[:3], (0.299, 0.587, 0.114)) > 0.55 else "white",
            va="bottom" if above else "top",
            bbox={"facecolor": colour, "edgecolor": "none", "pad": 0.8, "alpha": 0.85},
        )


def save_figure(figure: Figure, out: Path, kind: str, record: dict[str, Any]) -> list[Path]:
    """Writes a figure of the paper to `out` (.png) and as PDF, and its numbers as JSON of that `kind`; equal bytes."""
    pdf, numbers = out.with_suffix(".pdf"), out.with_suffix(".json")
    save_png(figure, out, dpi=200)
    # TrueType fonts: many publishers refuse Type 3; no dates and no versions, which would change the bytes
    with rc_context({"pdf.fonttype": 42}), atomic_write(pdf) as file:
        figure.savefig(file, format="pdf", dpi=200, metadata={"Creator": None, "Producer": None, "CreationDate": None})
    write_json(numbers, {"schema": 1, "kind": kind, **record})
    return [out, pdf, numbers]


def save_png(figure: Figure, path: Path, dpi: int = 150) -> None:
    """Draws `figure` and writes it to `path` atomically, at `dpi` pixels an inch."""
    FigureCanvasAgg(figure)
    with atomic_write(path) as file:
        # no Software tag: a picture that did not change keeps its bytes when only the version number did
        figure.savefig(file, format="png", dpi=dpi, metadata={"Software": None})
