"""What a test got right and wrong, as pictures: its highest true and false alarms, and the frames it missed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from syrfa.datasets import VideoDataset, VideoRecord
from syrfa.datasets.video import open_video
from syrfa.errors import DataNotFoundError, VideoError
from syrfa.evaluation import ObjectScores, anomaly_map, link, pixel_boxes
from syrfa.tubes.crop import crop_tubes

MOST = 3
"""Pictures of each kind; at most one a video, so that one bad video does not fill the page."""
TRUE, FALSE, MISSED = "True alarms", "False alarms", "Missed frames"

_MOST_TRIED = 400  # alarms whose mask is looked up before the search is given up
_WIDTH = 480  # of an overlay, pixels
_OPACITY = 0.55  # of the highest score; the lowest leaves the frame as it is
_TRUTH, _ALARM, _OTHER = (46, 230, 166), (64, 224, 255), (225, 225, 225)  # RGB


@dataclass(frozen=True)
class Alarm:
    """A frame to be shown.

    Attributes:
        kind: true alarm, false alarm or missed frame.
        video: number of its video.
        frame: 0-based.
        score: of the object, as the model gave it; of a missed frame its frame score.
        item: number of the object in its video; None for a missed frame without any.
    """

    kind: str
    video: int
    frame: int
    score: float
    item: int | None


@dataclass(frozen=True)
class AlarmPicture:
    """An alarm as JPEGs.

    Attributes:
        alarm: what is shown.
        video: its name.
        overlay: the frame under its anomaly map.
        strip: the frames of its tube side by side; empty where no object is shown.
        masked: whether the data set has a mask of the frame.
    """

    alarm: Alarm
    video: str
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
        up to `MOST` true ones, then as many false ones; of equal scores the earlier video and frame first.
    """
    records = {record.name: record for record in dataset.videos(split)}
    found: dict[str, dict[int, Alarm]] = {TRUE: {}, FALSE: {}}
    for tried, (video, item) in enumerate(_candidates(objects, radius)):
        if tried == _MOST_TRIED or all(len(kind) == MOST for kind in found.values()):
            break
        scored = objects[video]
        frame = int(scored.object_frame[item])
        is_true = bool(labels[video][frame])
        if is_true and scored.name in records:
            is_true = _touches(scored, item, dataset.pixel_mask(records[scored.name], frame))
        kind = TRUE if is_true else FALSE
        if video not in found[kind] and len(found[kind]) < MOST:
            found[kind][video] = Alarm(kind, video, frame, float(scored.object_score[item]), item)
    return [*found[TRUE].values(), *found[FALSE].values()]


def missed_frames(
    objects: Sequence[ObjectScores],
    scores: Sequence[NDArray[np.float64]],
    labels: Sequence[NDArray[np.uint8]],
    radius: int,
) -> list[Alarm]:
    """The abnormal frames with the lowest frame score, one a video, each with its highest object.

    Args:
        objects: the scored videos.
        scores: their frame scores under the protocol that is reported.
        labels: their frame labels.
        radius: see `top_alarms`.
    """
    found = []
    for video, (scored, curve, truth) in enumerate(zip(objects, scores, labels, strict=True)):
        abnormal = np.flatnonzero(truth == 1)
        abnormal = abnormal[(abnormal >= radius) & (abnormal < scored.frames - radius)]
        if len(abnormal):
            frame = int(abnormal[np.argmin(curve[abnormal])])
            here = np.flatnonzero(scored.object_frame == frame)
            item = int(here[np.argmax(scored.object_score[here])]) if len(here) else None
            found.append(Alarm(MISSED, video, frame, float(curve[frame]), item))
    return sorted(found, key=lambda alarm: alarm.score)[:MOST]


def draw_alarms(
    alarms: Sequence[Alarm], objects: Sequence[ObjectScores], dataset: VideoDataset, split: str, radius: int
) -> list[AlarmPicture]:
    """Pictures of alarms, in their order; each video is decoded once, up to its last alarm.

    Args:
        alarms: of `top_alarms` and `missed_frames`.
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
        scored, record = objects[video], records[objects[video].name]
        here = [alarm for alarm in alarms if alarm.video == video]
        for alarm, frames in _tube_frames(record, here, radius, (scored.height, scored.width)):
            mask = dataset.pixel_mask(record, alarm.frame)
            strip = b""
            if alarm.item is not None:  # the tube as the network is given it
                boxes = scored.object_xyxy[alarm.item][None]
                tube = crop_tubes(np.stack(frames), np.array([radius]), boxes, 2 * radius + 1)[0]
                strip = _jpeg(np.concatenate(list(tube), axis=1))
            overlay = _jpeg(_overlay(frames[radius], scored, alarm, mask))
            pictures[alarm] = AlarmPicture(alarm, scored.name, overlay, strip, mask is not None)
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
        frames = range(alarm.frame - radius, alarm.frame + radius + 1)
        if held.keys() >= set(frames):
            yield alarm, [held[frame] for frame in frames]


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
    here = np.flatnonzero(video.object_frame == alarm.frame).tolist()
    for item in sorted(here, key=lambda item: item == alarm.item):
        left, top, right, bottom = (round(float(side) * zoom) for side in video.object_xyxy[item])
        colour, width = (_ALARM, 2) if item == alarm.item else (_OTHER, 1)
        cv2.rectangle(canvas, (left, top), (right, bottom), colour, width, cv2.LINE_AA)
    return np.asarray(canvas, np.uint8)


def _jpeg(image: NDArray[np.uint8]) -> bytes:
    """RGB to JPEG."""
    _, data = cv2.imencode(".jpg", np.ascontiguousarray(image[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 80])
    return data.tobytes()
