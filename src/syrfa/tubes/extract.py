"""The shard of one video and its share of the index."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.base import VideoDataset, VideoRecord
from syrfa.detection.base import Detections, Detector
from syrfa.engine.stages import StageTimer
from syrfa.errors import LabelError
from syrfa.tubes.index import TubeIndex
from syrfa.tubes.labels import ObjectLabels
from syrfa.tubes.spec import TubeSpec
from syrfa.tubes.storage import open_shard
from syrfa.tubes.stream import TubeStream, stream_video
from syrfa.utils.files import sha256_file

_PACK = 1024  # frames whose boxes are held apart before they are joined: an array costs more than a few boxes


@dataclass(frozen=True)
class VideoInfo:
    """What a cache knows of one video.

    Attributes:
        name: unique in the data set.
        frames: its length.
        height: in pixels.
        width: in pixels.
        channels: 1 when every frame is grey, else 3.
        boxes: how many the detector found in the frames it was shown, before any threshold.
        tubes: rows of the shard.
        bytes: size of the shard.
        sha256: of the shard.
    """

    name: str
    frames: int
    height: int
    width: int
    channels: int
    boxes: int
    tubes: int
    bytes: int
    sha256: str


def extract_video(
    dataset: VideoDataset,
    record: VideoRecord,
    detector: Detector,
    spec: TubeSpec,
    shard: Path,
    timer: StageTimer | None = None,
) -> tuple[VideoInfo, TubeIndex]:
    """Writes the shard of one video, in one pass over it, and returns its share of the index.

    Args:
        dataset: the data set of the video.
        record: the video.
        detector: finds the boxes; it is started anew.
        spec: with its margin decided.
        shard: where the .npy file is to stand.
        timer: counts the stages `decode`, `detect`, `crop`, `write` and `label`.

    Raises:
        VideoError: the video cannot be decoded to its end.
        LabelError: there are more or fewer frame labels than frames.
        DetectionError: the detector returned malformed boxes, or its boxes are of a video of another length.
        CacheError: the shard cannot be written.
    """
    timer = timer or StageTimer()
    stream, index = stream_video(
        dataset, record, detector, spec, lambda stream: (stream, _write(stream, shard, timer)), timer
    )
    with timer.stage("write"):
        digest = sha256_file(shard)
    info = VideoInfo(
        name=record.name,
        frames=stream.frames,
        height=stream.height,
        width=stream.width,
        channels=stream.channels,
        boxes=stream.boxes,
        tubes=len(index),
        bytes=shard.stat().st_size,
        sha256=digest,
    )
    return info, index


def _write(stream: TubeStream, shard: Path, timer: StageTimer) -> TubeIndex:
    """Writes the shard; returns the index of this video alone, as video 0. Nothing is left where labels do not fit."""
    spec, rows = stream.spec, _Rows()
    with open_shard(shard, (spec.frames, spec.size, spec.size, stream.channels)) as writer:
        for frame, boxes, tubes in stream:
            rows.append(frame, boxes)
            with timer.stage("write"):
                writer.append(tubes)
        with timer.stage("label"):
            index = _index(stream, rows, frame_labels(stream.dataset, stream.record, stream.frames))
    return index


def frame_labels(dataset: VideoDataset, record: VideoRecord, frames: int) -> NDArray[np.uint8] | None:
    """The frame labels of a video whose length is known, (frames,), 1 = abnormal; None where it has none.

    Raises:
        LabelError: there are more or fewer of them.
    """
    labels = dataset.frame_labels(replace(record, frames=frames))
    if labels is not None and len(labels) != frames:
        raise LabelError(
            f"{record.path}: {frames} frames but {len(labels)} frame labels; "
            "video and labels must come from the same release"
        )
    return labels


class _Rows:
    """The boxes that became tubes, in the order of the shard."""

    def __init__(self) -> None:
        self.frames: list[int] = []
        self.counts: list[int] = []
        self.packed: list[Detections] = []
        self.loose: list[Detections] = []

    def append(self, frame: int, boxes: Detections) -> None:
        self.frames.append(frame)
        self.counts.append(len(boxes))
        self.loose.append(boxes)
        if len(self.loose) == _PACK:
            self.packed.append(_joined(self.loose))
            self.loose = []

    def all(self) -> Detections:
        return _joined([*self.packed, *self.loose])


def _joined(parts: list[Detections]) -> Detections:
    return Detections(
        np.concatenate([np.empty((0, 4), np.float32), *(part.xyxy for part in parts)]),
        np.concatenate([np.empty(0, np.float32), *(part.confidence for part in parts)]),
        np.concatenate([np.empty(0, np.int16), *(part.class_id for part in parts)]),
    )


def _index(stream: TubeStream, rows: _Rows, labels: NDArray[np.uint8] | None) -> TubeIndex:
    boxes = rows.all()
    return TubeIndex(
        video=np.zeros(len(boxes), np.int32),
        frame=np.repeat(np.array(rows.frames, np.int32), rows.counts),
        xyxy=boxes.xyxy,
        confidence=boxes.confidence,
        class_id=boxes.class_id,
        overlap=_overlaps(stream, rows, boxes.xyxy, labels),
        row=np.arange(len(boxes), dtype=np.int64),
        frame_labels=np.zeros(stream.frames, np.uint8) if labels is None else np.asarray(labels, np.uint8),
        label_offset=np.array([0, stream.frames], np.int64),
        has_labels=np.array([labels is not None]),
    )


def _overlaps(
    stream: TubeStream, rows: _Rows, xyxy: NDArray[np.float32], labels: NDArray[np.uint8] | None
) -> NDArray[np.float32]:
    objects = ObjectLabels(stream.dataset, stream.record, labels)
    overlap = np.empty(len(xyxy), np.float32)
    start = 0
    for frame, count in zip(rows.frames, rows.counts, strict=True):
        part = slice(start, start + count)
        overlap[part] = objects.overlaps(frame, xyxy[part], stream.height, stream.width)
        start += count
    return overlap
