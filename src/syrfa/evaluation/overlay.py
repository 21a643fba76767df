"""One frame with its anomaly map, boxes and ground truth (the paper's Fig. 3)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from syrfa.evaluation.anomaly_map import anomaly_map
from syrfa.evaluation.png import save_png
from syrfa.evaluation.scores import ObjectScores

COLOURS = colormaps["plasma"]
TRUTH = "#2ee6a6"
_OPACITY = 0.6  # of the highest score; the lowest leaves the frame untouched


def plot_anomaly_map(
    path: Path,
    frame: NDArray[np.uint8],
    objects: ObjectScores,
    frame_index: int,
    mask: NDArray[np.bool_] | None = None,
    title: str = "",
    note: str = "",
) -> None:
    """Writes a PNG of one frame under its anomaly map, with each box and its score.

    Colours run from 0 to 1, or over the video's own range of scores where these lie outside.

    Args:
        path: the .png to write.
        frame: uint8 (height, width), (height, width, 1) or (height, width, 3) RGB.
        objects: the video's objects.
        frame_index: 0-based number of `frame` in the video.
        mask: bool (height, width), the abnormal pixels; outlined when given.
        title: the line on top; by default video, frame and highest score.
        note: stands behind it in brackets.

    Raises:
        ValueError: frame or mask are not of the video's size.
        IndexError: the video has no such frame.
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
    title = title or f"{objects.name}, frame {frame_index}: highest score {highest:.3f}"
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
    """Draws what `plot_anomaly_map` writes, without its colour bar and title.

    Args:
        panel: where.
        frame: see `plot_anomaly_map`.
        objects: see there.
        frame_index: see there.
        mask: see there.
        scale: of the colours, see `score_scale`.
        numbers: write each box's score beside it; without them, for small pictures, boxes have thinner lines too.

    Returns:
        the highest value of the map.

    Raises:
        ValueError: frame or mask are not of the video's size.
        IndexError: the video has no such frame.
    """
    size = (objects.height, objects.width)
    if frame.shape[:2] != size or (mask is not None and mask.shape != size):
        raise ValueError(f"{objects.name}: frame {frame.shape}, mask {getattr(mask, 'shape', None)}; video {size}")
    heat = anomaly_map(objects, frame_index)
    panel.imshow(_as_rgb(frame), interpolation="nearest")
    strength = np.clip(scale(heat), 0, 1)
    panel.imshow(COLOURS(scale(heat)), alpha=np.asarray(strength) * _OPACITY, interpolation="nearest")
    _draw_boxes(panel, objects, frame_index, scale, numbers)
    if mask is not None and mask.any():
        _draw_truth(panel, mask)
    panel.set_axis_off()
    panel.set_xlim(-0.5, size[1] - 0.5)
    panel.set_ylim(size[0] - 0.5, -0.5)
    return float(heat.max())


def score_scale(videos: Sequence[ObjectScores]) -> Normalize:
    """From 0 to 1, or further where a score of these videos lies outside."""
    scores = np.concatenate([video.object_score for video in videos])
    return Normalize(min(0.0, float(scores.min(initial=0.0))), max(1.0, float(scores.max(initial=1.0))))


def _as_rgb(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    grey = frame[..., None] if frame.ndim == 2 else frame
    return np.repeat(grey, 3, axis=2) if grey.shape[2] == 1 else grey


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
            color="black" if _is_light(colour) else "white",
            va="bottom" if above else "top",
            bbox={"facecolor": colour, "edgecolor": "none", "pad": 0.8, "alpha": 0.85},
        )


def _is_light(colour: tuple[float, float, float, float]) -> bool:
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2] > 0.55


def _draw_truth(panel: Axes, mask: NDArray[np.bool_]) -> None:
    # padded, so that a region at the border is outlined there too
    padded = np.pad(mask.astype(np.float32), 1)
    columns, rows = np.arange(-1, mask.shape[1] + 1), np.arange(-1, mask.shape[0] + 1)
    panel.contour(columns, rows, padded, levels=[0.5], colors=[TRUTH], linewidths=1.8)
