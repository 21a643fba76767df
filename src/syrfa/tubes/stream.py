"""One pass over a video with a few frames held at a time: shown to detectors, or detected in and cut into tubes."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.base import VideoDataset, VideoRecord
from syrfa.datasets.video import BATCH, VideoReader, decode_ahead, open_video
from syrfa.detection.base import Detections, Detector
from syrfa.engine import StepTimer
from syrfa.errors import DetectionError
from syrfa.tubes.crop import crop_tubes
from syrfa.tubes.spec import TubeSpec
from syrfa.tubes.timeline import Timeline, timeline

Result = TypeVar("Result")


def shown_batches(
    dataset: VideoDataset, record: VideoRecord, reader: VideoReader, *detectors: Detector
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """One pass over a video, in which detectors are started and, at its end, told its length.

    Yields:
        the number of the first frame and the frames of each batch, uint8 (n, height, width, 3) RGB; (n, 0, 0, 3) where
        no detector needs pixels.

    Raises:
        VideoError: the video cannot be decoded to its end.
        DetectionError: boxes are of a video of another length.
    """
    for detector in detectors:
        detector.start(dataset, record, reader.length, reader.height, reader.width)
    frames = 0
    if any(detector.needs_frames for detector in detectors):
        for batch in decode_ahead(reader):
            yield frames, np.stack([_coloured(frame) for frame in batch])
            frames += len(batch)
    else:
        frames = reader.count()
        for first in range(0, frames, BATCH):
            yield first, np.empty((min(BATCH, frames - first), 0, 0, 3), np.uint8)
    for detector in detectors:
        detector.finish(frames)


def _coloured(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Frames (..., height, width, 1 or 3) as (..., height, width, 3)."""
    return np.broadcast_to(frames, (*frames.shape[:-1], 3))


def one_a_frame(found: list[Detections], stack: NDArray[np.uint8], record: VideoRecord, first: int) -> list[Detections]:
    """What a detector returned for the frames `stack`; DetectionError where it is not one a frame."""
    if len(found) != len(stack):
        raise DetectionError(
            f"{record.path}: {len(found)} detections for {len(stack)} frames from {first}; "
            "a detector returns one a frame"
        )
    return found


class ColourError(Exception):
    """A frame with colour in a video that began grey."""


class TubeStream:
    """One pass over a video, once. Its length is known when the pass ends.

    Boxes wait until the last frame of their tubes was seen. Held are one batch of frames and those that tubes need
    around it. The arguments are those of `stream_video`, the reader and the timeline of the video, and the `channels`
    of the tubes, 1 or 3.

    Attributes:
        frames: decoded so far; the video's length after the pass.
        boxes: how many the detector found in the frames it was shown, before any threshold.
        centres: the frames that boxes were looked for in, ascending; None for all.
    """

    def __init__(
        self,
        dataset: VideoDataset,
        record: VideoRecord,
        detector: Detector,
        spec: TubeSpec,
        line: Timeline,
        reader: VideoReader,
        channels: int,
        timer: StepTimer,
    ) -> None:
        self.dataset, self.record, self.detector, self.spec = dataset, record, detector, spec
        self.line, self.centres = line, line.centres
        self.reader, self.channels, self.timer = reader, channels, timer
        self.height, self.width = reader.height, reader.width
        self.frames = self.boxes = 0

    def __iter__(self) -> Iterator[tuple[int, Detections, NDArray[np.uint8]]]:
        """The number of every frame that has tubes, its boxes and tubes; ColourError where one channel is too few."""
        line, spec = self.line, self.spec
        window = np.empty((0, self.height, self.width, self.channels), np.uint8)  # ends with the last frame decoded
        shown = 0  # to the detector
        waiting: deque[tuple[int, Detections]] = deque()
        self.detector.start(self.dataset, self.record, self.reader.length, self.height, self.width)
        for batch in decode_ahead(self.reader, lambda: self.timer.step("decode")):
            window = np.concatenate([window[max(0, len(window) - line.before - line.after) :], self._stack(batch)])
            self.frames += len(batch)
            first = self.frames - len(window)
            for start, stop in line.shown(shown, self.frames, self.detector.in_order):
                waiting.extend(self._detect(window[start - first : stop - first], start))
                shown = stop
            while waiting and line.is_seen(waiting[0][0], self.frames):
                frame, found = waiting.popleft()
                around = line.around(frame)
                if around is not None and len(used := self._above_threshold(frame, found)):
                    with self.timer.step("crop"):
                        centres = np.full(len(used), frame - first, np.int64)
                        tubes = crop_tubes(window, centres, used.xyxy, spec.frames, spec.size, spec.crop, around)
                    yield frame, used, tubes
        self.detector.finish(self.frames)

    def _stack(self, batch: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
        if self.channels == 1:
            if any(frame.shape[2] != 1 for frame in batch):
                raise ColourError
            return np.stack(batch)
        return np.stack([_coloured(frame) for frame in batch])

    def _detect(self, stack: NDArray[np.uint8], first: int) -> Iterator[tuple[int, Detections]]:
        """The boxes of every frame that has any."""
        if self.detector.needs_frames:
            frames = np.ascontiguousarray(_coloured(stack))
        else:
            frames = np.empty((len(stack), 0, 0, 3), np.uint8)
        with self.timer.step("detect"):
            detections = one_a_frame(self.detector.detect(frames, first), stack, self.record, first)
        for frame, found in enumerate(detections, first):
            self.boxes += len(found)
            if len(found):
                yield frame, found

    def _above_threshold(self, frame: int, found: Detections) -> Detections:
        if found.xyxy.shape != (len(found), 4) or not np.isfinite(found.xyxy).all():
            raise DetectionError(f"{self.record.path}: frame {frame} has a box that is not four finite numbers")
        confidence = np.asarray(found.confidence, np.float32)
        whole = Detections(np.asarray(found.xyxy, np.float32), confidence, np.asarray(found.class_id, np.int16))
        return whole.take(np.asarray(found.confidence) > self.spec.min_confidence)


def stream_video(
    dataset: VideoDataset,
    record: VideoRecord,
    detector: Detector,
    spec: TubeSpec,
    consume: Callable[[TubeStream], Result],
    timer: StepTimer,
) -> Result:
    """Hands the tubes of a video to `consume`, which iterates over them to the end.

    A video that begins grey and turns to colour, having faded in from black for example, is begun anew in colour:
    `consume` is called again, and what it then returns counts.

    `spec` has its margin decided; `timer` counts the steps `decode`, `detect` and `crop`.

    Raises:
        VideoError: the video cannot be decoded to its end.
        DetectionError: the detector returned malformed boxes, or does not fit the video's length.
    """
    with timer.step("decode"):
        reader, line = open_video(record.path), timeline(dataset, record, spec)
    try:
        return consume(TubeStream(dataset, record, detector, spec, line, reader, reader.channels, timer))
    except ColourError:
        pass  # left before the second pass: the exception holds the frames of the first
    return consume(TubeStream(dataset, record, detector, spec, line, reader, 3, timer))
