"""The alarms of a test: the objects that scored highest, rightly and wrongly, as pictures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from syrfa.datasets import VideoDataset, VideoRecord
from syrfa.datasets.video import open_video
from syrfa.errors import DataNotFoundError, VideoError
from syrfa.evaluation import ObjectScores, anomaly_map, link, pixel_boxes
from syrfa.tubes.crop import crop_tubes

MOST_ALARMS = 3
"""Pictures of each kind; at most one a video, so that one bad video does not fill the page."""

_MOST_LOOKED_AT = 400  # alarms whose mask is looked up before the search is given up
_WIDTH = 480  # of an overlay, pixels
_OPACITY = 0.55  # of the highest score; the lowest leaves the frame as it is
_TRUTH, _ALARM, _OTHER = (46, 230, 166), (64, 224, 255), (225, 225, 225)  # RGB
_QUALITY = 80


@dataclass(frozen=True)
class Alarm:
    """An object that scored high.

    Attributes:
        video: number of its video.
        item: number of the object in it.
        frame: 0-based.
        score: of the object, as the model gave it.
        is_true: whether something abnormal is there.
    """

    video: int
    item: int
    frame: int
    score: float
    is_true: bool


class AlarmPicture(NamedTuple):
    """An alarm as JPEGs: the frame under its anomaly map, and its tube side by side; and whether there was a mask."""

    alarm: Alarm
    overlay: bytes
    strip: bytes
    masked: bool


def top_alarms(
    objects: Sequence[ObjectScores],
    labels: Sequence[NDArray[np.uint8]],
    dataset: VideoDataset,
    split: str,
    radius: int,
) -> list[Alarm]:
    """The true and false alarms that scored highest, the highest of a video and kind alone.

    The best object of every track is a candidate. One in a frame that is labelled normal is false. One in an abnormal
    frame is true; where the data set has a mask of that frame, only if its box touches an abnormal pixel.

    Args:
        objects: the scored videos.
        labels: their frame labels.
        dataset: of the masks.
        split: of the data set.
        radius: frames at both ends of a video that no protocol looks at.

    Returns:
        up to `MOST_ALARMS` true ones, then as many false ones; of equal scores the earlier video and frame first.
    """
    records = {record.name: record for record in dataset.videos(split)}
    found: dict[bool, dict[int, Alarm]] = {True: {}, False: {}}
    for looked, (video, item) in enumerate(_candidates(objects, radius)):
        if looked == _MOST_LOOKED_AT or all(len(kind) == MOST_ALARMS for kind in found.values()):
            break
        held = objects[video]
        frame = int(held.object_frame[item])
        is_true = bool(labels[video][frame])
        if is_true and held.name in records:
            is_true = _touches(held, item, dataset.pixel_mask(records[held.name], frame))
        kind = found[is_true]
        if video not in kind and len(kind) < MOST_ALARMS:
            kind[video] = Alarm(video, item, frame, float(held.object_score[item]), is_true)
    return [*found[True].values(), *found[False].values()]


def draw_alarms(
    alarms: Sequence[Alarm], objects: Sequence[ObjectScores], dataset: VideoDataset, split: str, radius: int
) -> list[AlarmPicture]:
    """Pictures of alarms, in their order; each video is decoded once, up to its last alarm.

    Args:
        alarms: of `top_alarms`.
        objects: the scored videos.
        dataset: of the frames.
        split: of the data set.
        radius: frames of a tube on either side of its middle.

    Raises:
        UserError: a video cannot be decoded, or is not the one that was tested.
    """
    records = {record.name: record for record in dataset.videos(split)}
    absent = sorted({objects[alarm.video].name for alarm in alarms} - set(records))
    if absent:
        raise DataNotFoundError(f"{dataset.root}: has no video {absent[0]}")
    pictures: dict[Alarm, AlarmPicture] = {}
    for video in sorted({alarm.video for alarm in alarms}):
        held = objects[video]
        here = [alarm for alarm in alarms if alarm.video == video]
        record = records[held.name]
        for alarm, frames in _tube_frames(record, here, radius, (held.height, held.width)):
            mask = dataset.pixel_mask(record, alarm.frame)
            overlay = _overlay(frames[radius], held, alarm, mask)
            strip = _strip(frames, held.object_xyxy[alarm.item], radius)
            pictures[alarm] = AlarmPicture(alarm, _jpeg(overlay), _jpeg(strip), mask is not None)
    return [pictures[alarm] for alarm in alarms if alarm in pictures]


def _candidates(objects: Sequence[ObjectScores], radius: int) -> Iterator[tuple[int, int]]:
    """Video and object of the best of every track, the highest score first."""
    best: list[tuple[float, int, int, int]] = []
    for number, video in enumerate(objects):
        inside = (video.object_frame >= radius) & (video.object_frame < video.frames - radius)
        track = link(video)
        # by track, and in it the highest score first, then the earliest frame
        order = np.lexsort((video.object_frame, -video.object_score, track))
        order = order[inside[order]]
        _, first = np.unique(track[order], return_index=True)
        best += [
            (-float(video.object_score[item]), number, int(video.object_frame[item]), int(item))
            for item in order[first]
        ]
    yield from ((number, item) for _, number, _, item in sorted(best))


def _touches(video: ObjectScores, item: int, mask: NDArray[np.bool_] | None) -> bool:
    """Whether the box touches an abnormal pixel; also where nobody knows."""
    if mask is None or mask.shape != (video.height, video.width):
        return True
    left, top, right, bottom = pixel_boxes(video.object_xyxy[item : item + 1], video.height, video.width)[0].tolist()
    return bool(mask[top:bottom, left:right].any())


def _tube_frames(
    record: VideoRecord, alarms: Sequence[Alarm], radius: int, size: tuple[int, int]
) -> Iterator[tuple[Alarm, list[NDArray[np.uint8]]]]:
    """Each alarm with the RGB frames of its tube."""
    wanted = {frame for a in alarms for frame in range(a.frame - radius, a.frame + radius + 1)}
    held: dict[int, NDArray[np.uint8]] = {}
    reader = open_video(record.path)
    if (reader.height, reader.width) != size:
        raise VideoError(f"{record.path}: {reader.width}x{reader.height} pixels, and {size[1]}x{size[0]} were tested")
    for number, image in enumerate(reader):
        if number in wanted:
            held[number] = np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image
        if number >= max(wanted):
            break
    for alarm in alarms:
        tube = [held.get(alarm.frame + lag) for lag in range(-radius, radius + 1)]
        known = [image for image in tube if image is not None]
        if len(known) == len(tube):
            yield alarm, known


def _overlay(
    frame: NDArray[np.uint8], video: ObjectScores, alarm: Alarm, mask: NDArray[np.bool_] | None
) -> NDArray[np.uint8]:
    """The frame under its anomaly map, with the outline of the abnormal pixels, all boxes, and the alarm's on top."""
    heat = anomaly_map(video, alarm.frame)
    low = min(0.0, float(video.object_score.min(initial=0.0)))
    high = max(1.0, float(video.object_score.max(initial=1.0)))
    strength = np.clip((heat - low) / (high - low), 0, 1)
    colours = cv2.applyColorMap((255 * strength).astype(np.uint8), cv2.COLORMAP_PLASMA)[..., ::-1]
    alpha = _OPACITY * strength[..., None]
    mixed = (frame * (1 - alpha) + colours * alpha).astype(np.uint8)
    zoom = _WIDTH / video.width
    size = (_WIDTH, max(1, round(video.height * zoom)))
    canvas = cv2.resize(mixed, size, interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC)
    if mask is not None and mask.shape == heat.shape:
        large = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        outlines, _ = cv2.findContours(large, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        cv2.drawContours(canvas, outlines, -1, _TRUTH, 2)
    for item in np.flatnonzero(video.object_frame == alarm.frame):
        if item != alarm.item:
            _box(canvas, video.object_xyxy[item], zoom, _OTHER, 1)
    _box(canvas, video.object_xyxy[alarm.item], zoom, _ALARM, 2)
    return np.asarray(canvas, np.uint8)


def _box(canvas: NDArray[np.uint8], xyxy: NDArray[np.float32], zoom: float, colour: Sequence[int], width: int) -> None:
    left, top, right, bottom = (round(float(side) * zoom) for side in xyxy)
    cv2.rectangle(canvas, (left, top), (right, bottom), tuple(colour), width, cv2.LINE_AA)


def _strip(frames: Sequence[NDArray[np.uint8]], xyxy: NDArray[np.float32], radius: int) -> NDArray[np.uint8]:
    """The tube as the network is given it: the same box in every frame, squares of 64 pixels side by side."""
    tube = crop_tubes(np.stack(frames), np.array([radius]), xyxy[None], 2 * radius + 1)[0]
    return np.concatenate(list(tube), axis=1)


def _jpeg(image: NDArray[np.uint8]) -> bytes:
    """RGB to JPEG."""
    _, data = cv2.imencode(".jpg", np.ascontiguousarray(image[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return data.tobytes()
