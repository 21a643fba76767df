"""What a test got right and wrong, as pictures: its highest true and false alarms, and the frames it missed."""

import io
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from syrfa.datasets import VideoDataset
from syrfa.datasets.video import open_video
from syrfa.errors import DataNotFoundError, VideoError
from syrfa.evaluation import ObjectScores, pixel_boxes
from syrfa.evaluation.pictures import draw_anomaly_map, score_scale

TRUE, FALSE, MISSED = "True alarms", "False alarms", "Missed frames"
MOST = 3
"""Pictures of each kind; at most one a video, so that one bad video does not fill the page."""

_MOST_TRIED = 100  # objects of a video whose mask is looked up
_WIDTH, _DPI = 4.8, 100  # inches, dots an inch


class Alarm(NamedTuple):
    """A frame to be shown: an object (`item` of its video) with its score, or a missed frame with its frame score."""

    kind: str
    video: int
    frame: int
    score: float
    item: int | None = None


def find_alarms(
    objects: Sequence[ObjectScores],
    scores: Sequence[NDArray[np.float64]],
    labels: Sequence[NDArray[np.uint8]],
    dataset: VideoDataset,
    split: str,
    radius: int,
) -> list[Alarm]:
    """The true and false alarms that scored highest and the abnormal frames that scored lowest, `MOST` of each kind.

    An object in a frame that is labelled normal is a false alarm. One in an abnormal frame is a true one; where the
    data set has a mask of that frame, only if its box touches an abnormal pixel.

    `scores` and `labels` are of the frames of each video, and `radius` the frames at both ends of a video that no
    protocol looks at.
    """
    records = {record.name: record for record in dataset.videos(split)}
    found: list[Alarm] = []
    for number, (video, curve, truth) in enumerate(zip(objects, scores, labels, strict=True)):
        if video.name not in records:
            raise DataNotFoundError(f"{dataset.root}: has no video {video.name}")
        frames = video.object_frame
        order = np.argsort(-video.object_score, kind="stable")
        order = order[(frames[order] >= radius) & (frames[order] < video.frames - radius)]
        highest: dict[str, int] = {}
        for item in order[truth[frames[order]] == 1][:_MOST_TRIED].tolist():
            mask = dataset.pixel_mask(records[video.name], int(frames[item]))
            highest.setdefault(TRUE if _touches(video, item, mask) else FALSE, item)
            if TRUE in highest:
                break
        for item in order[truth[frames[order]] == 0][:1].tolist():
            if FALSE not in highest or video.object_score[item] > video.object_score[highest[FALSE]]:
                highest[FALSE] = item
        for kind, item in highest.items():
            found.append(Alarm(kind, number, int(frames[item]), float(video.object_score[item]), item))
        inner = np.arange(radius, video.frames - radius)
        abnormal = inner[truth[inner] == 1]
        if len(abnormal):
            frame = int(abnormal[np.argmin(curve[abnormal])])
            found.append(Alarm(MISSED, number, frame, float(curve[frame])))
    found.sort(key=lambda alarm: alarm.score if alarm.kind == MISSED else -alarm.score)
    return [alarm for kind in (TRUE, FALSE, MISSED) for alarm in [a for a in found if a.kind == kind][:MOST]]


def draw_alarms(
    alarms: Sequence[Alarm], objects: Sequence[ObjectScores], dataset: VideoDataset, split: str
) -> Iterator[tuple[Alarm, bytes]]:
    """Each alarm with its frame under the anomaly map as JPEG; a VideoError where a video is not the tested one."""
    records = {record.name: record for record in dataset.videos(split)}
    for alarm in alarms:
        video, record = objects[alarm.video], records[objects[alarm.video].name]
        reader = open_video(record.path)
        if (reader.height, reader.width) != (video.height, video.width):
            sizes = f"{reader.width}x{reader.height} pixels, and {video.width}x{video.height} were tested"
            raise VideoError(f"{record.path}: {sizes}")
        image = next((image for number, image in enumerate(reader) if number == alarm.frame), None)
        if image is None:
            raise VideoError(f"{record.path}: has no frame {alarm.frame}")
        figure = Figure(figsize=(_WIDTH, _WIDTH * video.height / video.width))
        axes = figure.add_axes((0, 0, 1, 1))
        mask = dataset.pixel_mask(record, alarm.frame)
        draw_anomaly_map(axes, image, video, alarm.frame, mask, score_scale(objects), numbers=False)
        if alarm.item is not None:
            left, top, right, bottom = video.object_xyxy[alarm.item].tolist()
            look: dict[str, Any] = {"fill": False, "edgecolor": "#40e0ff", "linewidth": 2}
            axes.add_patch(Rectangle((left - 0.5, top - 0.5), right - left, bottom - top, **look))
        content = io.BytesIO()
        figure.savefig(content, format="jpeg", dpi=_DPI)
        yield alarm, content.getvalue()


def _touches(video: ObjectScores, item: int, mask: NDArray[np.bool_] | None) -> bool:
    """Whether the box touches an abnormal pixel; also where nobody knows."""
    if mask is None or mask.shape != (video.height, video.width):
        return True
    left, top, right, bottom = pixel_boxes(video.object_xyxy[item : item + 1], video.height, video.width)[0].tolist()
    return bool(mask[top:bottom, left:right].any())
