"""The tubes of one video: read, detect, cut, label, write, in one pass that holds a few frames at a time."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.base import VideoDataset, VideoRecord
from syrfa.detection.base import Detections, Detector
from syrfa.errors import DetectionError, LabelError, VideoError
from syrfa.files import sha256_file
from syrfa.tubes.crop import crop_tubes
from syrfa.tubes.index import TubeIndex
from syrfa.tubes.labels import ObjectLabels
from syrfa.tubes.spec import TubeSpec
from syrfa.tubes.storage import ShardWriter, open_shard
from syrfa.video import VideoReader, frame_count, open_video

BATCH = 16  # frames a detector sees at once, and frames decoded ahead

Frame = NDArray[np.uint8]


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


class _ColourError(Exception):
    """A frame with colour in a video that began grey."""


def extract_video(
    dataset: VideoDataset, record: VideoRecord, detector: Detector, spec: TubeSpec, shard: Path
) -> tuple[VideoInfo, TubeIndex]:
    """Writes the shard of one video and returns its share of the index.

    Args:
        dataset: the data set of the video.
        record: the video.
        detector: finds the boxes; it is started anew.
        spec: with its margin decided.
        shard: where the .npy file is to stand.

    Raises:
        VideoError: the video cannot be decoded to its end.
        LabelError: there are more or fewer frame labels than frames.
        DetectionError: the detector returned malformed boxes.
        CacheError: the shard cannot be written.
    """
    frames = frame_count(record.path)
    labels = dataset.frame_labels(record)
    if labels is not None and len(labels) != frames:
        raise LabelError(
            f"{record.path}: {frames} frames but {len(labels)} frame labels; "
            "video and labels must come from the same release"
        )
    reader = open_video(record.path, frames)
    grey = next(iter(reader)).shape[2] == 1
    try:
        extraction = _Extraction(dataset, record, detector, spec, reader, frames, 1 if grey else 3)
        index = extraction.run(shard, labels)
    except _ColourError:  # it faded in from black, say: start over in colour
        extraction = _Extraction(dataset, record, detector, spec, reader, frames, 3)
        index = extraction.run(shard, labels)
    info = VideoInfo(
        name=record.name,
        frames=frames,
        height=reader.height,
        width=reader.width,
        channels=extraction.channels,
        boxes=extraction.boxes,
        tubes=len(index),
        bytes=shard.stat().st_size,
        sha256=sha256_file(shard),
    )
    return info, index


class _Extraction:
    """One pass over a video. Holds one batch of frames and the T - 1 before it."""

    def __init__(
        self,
        dataset: VideoDataset,
        record: VideoRecord,
        detector: Detector,
        spec: TubeSpec,
        reader: VideoReader,
        frames: int,
        channels: int,
    ) -> None:
        self.dataset, self.record, self.detector, self.spec = dataset, record, detector, spec
        self.reader, self.frames, self.channels = reader, frames, channels
        self.boxes = 0
        self.found: list[tuple[int, Detections]] = []  # every frame with boxes that became tubes

    def run(self, shard: Path, frame_labels: NDArray[np.uint8] | None) -> TubeIndex:
        """Writes the shard; returns the index of this video alone, as video 0."""
        size = self.spec.size
        self.detector.start(self.dataset, self.record, self.frames, self.reader.height, self.reader.width)
        with open_shard(shard, (self.spec.frames, size, size, self.channels)) as writer:
            self._stream(writer)
        return self._index(frame_labels)

    def _stream(self, writer: ShardWriter) -> None:
        centres = self.spec.centres(self.frames)
        half = self.spec.frames // 2
        held = np.empty((0, self.reader.height, self.reader.width, self.channels), np.uint8)
        waiting: deque[tuple[int, Detections]] = deque()
        seen = 0
        for batch in decode_ahead(self.reader, BATCH):
            stack = self._stack(batch)
            if seen < centres.stop:  # no box behind the last centre is ever used
                waiting.extend(self._detect(stack, seen, centres))
            window = np.concatenate([held, stack])
            seen += len(stack)
            ready = []
            while waiting and waiting[0][0] + half < seen:
                ready.append(waiting.popleft())
            self._write(writer, window, seen - len(window), ready)
            held = window[max(0, len(window) - 2 * half) :]
        if seen != self.frames:
            raise VideoError(f"{self.record.path}: {seen} frames were decoded where {self.frames} were counted")

    def _stack(self, batch: list[Frame]) -> NDArray[np.uint8]:
        if self.channels == 1:
            if any(frame.shape[2] != 1 for frame in batch):
                raise _ColourError
            return np.stack(batch)
        return np.stack([np.broadcast_to(frame, (*frame.shape[:2], 3)) for frame in batch])

    def _detect(self, stack: NDArray[np.uint8], first: int, centres: range) -> Iterator[tuple[int, Detections]]:
        """The boxes above the threshold of those frames of the batch that are centres."""
        if self.detector.needs_frames:
            shown = np.ascontiguousarray(np.broadcast_to(stack, (*stack.shape[:3], 3)))
        else:
            shown = np.empty((len(stack), 0, 0, 3), np.uint8)
        detections = self.detector.detect(shown, first)
        if len(detections) != len(stack):
            raise DetectionError(
                f"{self.record.path}: {len(detections)} detections for {len(stack)} frames from {first}; "
                "a detector returns one a frame"
            )
        for frame, found in enumerate(detections, first):
            self.boxes += len(found)
            if frame in centres and len(found):
                kept = self._above_threshold(frame, found)
                if len(kept):
                    yield frame, kept

    def _above_threshold(self, frame: int, found: Detections) -> Detections:
        if found.xyxy.shape != (len(found), 4) or not np.isfinite(found.xyxy).all():
            raise DetectionError(f"{self.record.path}: frame {frame} has a box that is not four finite numbers")
        keep = np.asarray(found.confidence) > self.spec.min_confidence
        return Detections(
            np.asarray(found.xyxy, np.float32)[keep],
            np.asarray(found.confidence, np.float32)[keep],
            np.asarray(found.class_id, np.int16)[keep],
        )

    def _write(
        self, writer: ShardWriter, window: NDArray[np.uint8], first: int, ready: list[tuple[int, Detections]]
    ) -> None:
        for frame, found in ready:
            centres = np.full(len(found), frame - first, np.int64)
            spec = self.spec
            writer.append(crop_tubes(window, centres, found.xyxy, spec.frames, spec.size, spec.crop))
        self.found.extend(ready)

    def _index(self, frame_labels: NDArray[np.uint8] | None) -> TubeIndex:
        labels = ObjectLabels(self.dataset, self.record, frame_labels)
        height, width = self.reader.height, self.reader.width
        counts = [len(boxes) for _, boxes in self.found]
        total = sum(counts)
        overlap = [labels.overlaps(frame, boxes.xyxy, height, width) for frame, boxes in self.found]
        known = np.zeros(self.frames, np.uint8) if frame_labels is None else np.asarray(frame_labels, np.uint8)
        return TubeIndex(
            video=np.zeros(total, np.int32),
            frame=np.repeat(np.array([frame for frame, _ in self.found], np.int32), counts),
            xyxy=np.concatenate([np.empty((0, 4), np.float32), *(b.xyxy for _, b in self.found)]),
            confidence=np.concatenate([np.empty(0, np.float32), *(b.confidence for _, b in self.found)]),
            class_id=np.concatenate([np.empty(0, np.int16), *(b.class_id for _, b in self.found)]),
            overlap=np.concatenate([np.empty(0, np.float32), *overlap]),
            row=np.arange(total, dtype=np.int64),
            frame_labels=known,
            label_offset=np.array([0, self.frames], np.int64),
            has_labels=np.array([frame_labels is not None]),
        )


def decode_ahead(frames: VideoReader, batch: int) -> Iterator[list[Frame]]:
    """Batches of consecutive frames; the next one is decoded in a thread while the last is worked on."""
    source = iter(frames)
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(lambda: list(islice(source, batch)))
        while current := coming.result():
            coming = pool.submit(lambda: list(islice(source, batch)))
            yield current
