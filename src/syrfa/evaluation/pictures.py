"""The pictures a test leaves: score curves with ground-truth bands, and one anomaly map over its frame."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets import VideoDataset, VideoRecord
from syrfa.datasets.video import open_video
from syrfa.evaluation import ObjectScores, Protocol, box_width
from syrfa.evaluation.evaluate import final_scores
from syrfa.evaluation.overlay import plot_anomaly_map
from syrfa.evaluation.score_curve import ScoreCurve, plot_score_curves

SCORE_CURVES = "score_curves.png"
ANOMALY_MAP = "anomaly_map.png"
MOST_CURVES = 12


def draw_pictures(
    folder: Path,
    objects: Sequence[ObjectScores],
    labels: Sequence[NDArray[np.uint8]],
    protocol: Protocol,
    dataset: VideoDataset,
    split: str,
    flags: str = "",
    caption: str = "",
) -> None:
    """Writes `score_curves.png` (the first twelve videos) and `anomaly_map.png` into `folder`.

    Args:
        folder: the run's folder.
        objects: the scored videos.
        labels: their frame labels.
        protocol: the run's protocol.
        dataset: where the frame of the overlay comes from.
        split: the split that was scored.
        flags: `transductive` and `oracle`, where they are on; they stand in every title.
        caption: what else to say under the title of the curves.
    """
    title = ", ".join(filter(None, [f"protocol {protocol.name}, smoothing {protocol.smoothing}", flags]))
    _draw_curves(folder / SCORE_CURVES, objects, labels, protocol, f"anomaly score, {title}", caption)
    video = _video_to_show(objects, labels)
    if video is not None:
        record = next(r for r in dataset.videos(split) if r.name == objects[video].name)
        _draw_overlay(folder / ANOMALY_MAP, objects[video], labels[video], dataset, record, flags)


def _draw_curves(
    path: Path,
    objects: Sequence[ObjectScores],
    labels: Sequence[NDArray[np.uint8]],
    protocol: Protocol,
    title: str,
    caption: str,
) -> None:
    widths = final_scores([box_width(video) for video in objects], protocol)
    rows = zip(objects, final_scores(objects, protocol), labels, widths, strict=True)
    curves = [ScoreCurve(video.name, scores, truth, width) for video, scores, truth, width in rows]
    plot_score_curves(path, curves[:MOST_CURVES], title=title, caption=caption)


def _video_to_show(objects: Sequence[ObjectScores], labels: Sequence[NDArray[np.uint8]]) -> int | None:
    """The first video with both a labelled anomaly and a scored object."""
    for number, (video, truth) in enumerate(zip(objects, labels, strict=True)):
        if truth.any() and len(video.object_frame):
            return number
    return None


def _draw_overlay(
    path: Path, video: ObjectScores, truth: NDArray[np.uint8], dataset: VideoDataset, record: VideoRecord, flags: str
) -> None:
    """The middle of the video's abnormal frames, not its best one: the picture is not to flatter."""
    abnormal = np.flatnonzero(truth)
    frame = int(abnormal[len(abnormal) // 2])
    image = next(image for number, image in enumerate(open_video(record.path)) if number == frame)
    if image.shape[2] == 1:
        image = image.repeat(3, axis=2)
    plot_anomaly_map(path, image, video, frame, dataset.pixel_mask(record, frame), note=flags)
