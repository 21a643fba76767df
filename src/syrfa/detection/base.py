"""The detector protocol: frames in, boxes out."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.base import VideoDataset, VideoRecord


@dataclass(frozen=True)
class Detections:
    """The boxes of one frame.

    Attributes:
        xyxy: float32 (n, 4), left, top, right, bottom in pixels. Every box has a part inside the frame; boxes read from
            a file may overshoot its edge by a few pixels, as the published ones do.
        confidence: float32 (n,), in [0, 1].
        class_id: int16 (n,), the detector's own class numbers; -1 where it has none.
    """

    xyxy: NDArray[np.float32]
    confidence: NDArray[np.float32]
    class_id: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.xyxy)

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> "Detections":
        """Those of `rows`, a mask or row numbers."""
        return Detections(self.xyxy[rows], self.confidence[rows], self.class_id[rows])

    def with_area(self) -> "Detections":
        """Without the boxes that have no area, as networks give at the edge of a frame."""
        return self.take(np.asarray((self.xyxy[:, 2:] > self.xyxy[:, :2]).all(axis=1)))


class Detector(ABC):
    """Finds objects, frame by frame, of one video at a time.

    Attributes:
        needs_frames: False when the boxes do not come from pixels; `detect` then accepts `frames` of zero size.
        runs_network: True when a GPU, where there is one, is worth more than several processes.
        in_order: True when the boxes of a frame depend on the frames before it, so that none may be left out.
    """

    needs_frames: bool = True
    runs_network: bool = False
    in_order: bool = False

    @abstractmethod
    def identity(self) -> dict[str, Any]:
        """Everything that decides the output, as JSON (settings, SHA-256 of weights); part of the cache key."""

    def found_by(self) -> dict[str, Any]:
        """The identity of what found the boxes: of this detector, but for one that hands on the boxes of another."""
        return self.identity()

    def start(  # noqa: B027 - most detectors carry nothing
        self, dataset: VideoDataset, record: VideoRecord, frames: int | None, height: int, width: int
    ) -> None:
        """Called once before the first frame of a video; resets whatever is carried from frame to frame.

        Args:
            dataset: the data set the video belongs to.
            record: the video.
            frames: its length; None for a video file, of which only decoding tells it: `finish` is told.
            height: its height in pixels.
            width: its width in pixels.
        """

    @abstractmethod
    def detect(self, frames: NDArray[np.uint8], first: int) -> list[Detections]:
        """The boxes of consecutive frames.

        Args:
            frames: uint8 (n, height, width, 3), RGB.
            first: the 0-based number of `frames[0]` in the video started last.

        Returns:
            n detections, one a frame.
        """

    def finish(self, frames: int) -> None:  # noqa: B027 - most detectors do not care
        """Called once after the last frame of a video.

        Args:
            frames: its length, now known of every video.

        Raises:
            DetectionError: the boxes are of a video of another length.
        """
