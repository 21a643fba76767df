"""The frames of one video as detectors are shown them when nothing is cut out."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.base import VideoDataset, VideoRecord
from syrfa.datasets.video import BATCH, decode_ahead, open_video
from syrfa.detection.base import Detector


class Video:
    """One pass over a video. Holds two batches of frames, however long the video is.

    Args:
        dataset: the data set of the video.
        record: the video.

    Attributes:
        height: in pixels.
        width: in pixels.
        frames: its length, once the batches have been iterated over.

    Raises:
        VideoError: it cannot be decoded.
    """

    def __init__(self, dataset: VideoDataset, record: VideoRecord) -> None:
        self.dataset, self.record = dataset, record
        self.reader = open_video(record.path)
        self.length = self.reader.length
        self.height, self.width = self.reader.height, self.reader.width
        self.frames = 0

    def start(self, *detectors: Detector) -> None:
        """Starts the detectors on this video."""
        for detector in detectors:
            detector.start(self.dataset, self.record, self.length, self.height, self.width)

    def batches(self, pixels: bool = True) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """The number of the first frame and the frames of each batch, uint8 (n, height, width, 3) RGB.

        Args:
            pixels: False for frames of no size, (n, 0, 0, 3): then only their number is found out.

        Raises:
            VideoError: the video cannot be decoded to its end.
        """
        if not pixels:
            self.frames = self.reader.count()
            for first in range(0, self.frames, BATCH):
                yield first, np.empty((min(BATCH, self.frames - first), 0, 0, 3), np.uint8)
            return
        for batch in decode_ahead(self.reader):
            yield self.frames, np.stack([np.broadcast_to(frame, (*frame.shape[:2], 3)) for frame in batch])
            self.frames += len(batch)

    def finish(self, *detectors: Detector) -> None:
        """Tells the detectors the length.

        Raises:
            DetectionError: their boxes are of a video of another length.
        """
        for detector in detectors:
            detector.finish(self.frames)
