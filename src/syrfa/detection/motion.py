"""Boxes around what moves, for footage on which no trained detector works."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.base import VideoDataset, VideoRecord
from syrfa.detection.base import Detections, Detector
from syrfa.errors import ConfigError


class MotionDetector(Detector):
    """Background subtraction with a mixture of Gaussians a pixel (OpenCV's MOG2), then connected regions.

    Needs a camera that stands still. Somebody who stands still fades into the background after about a tenth of
    `history` frames. People who walk close together share a box. The confidence is twice the share of the box that
    moves, at most 1: a walker fills about half of a box. It is no probability.

    Args:
        history: frames the background is learnt from.
        var_threshold: squared distance from the background, in variances, from which a pixel is foreground.
        min_area: smallest number of moving pixels in a region.
        close: side in pixels of the square that closes gaps in a region; 1 closes none.
        open: side in pixels of the square that removes specks; 1 removes none.
        warmup: frames at the start of a video without boxes.
        shadows: looks for shadows and leaves them out of the regions; slower.
    """

    in_order = True

    def __init__(
        self,
        history: int = 500,
        var_threshold: float = 16.0,
        min_area: int = 60,
        close: int = 3,
        open: int = 3,
        warmup: int = 10,
        shadows: bool = False,
    ) -> None:
        if history < 1 or var_threshold <= 0 or min_area < 1 or min(close, open) < 1 or warmup < 0:
            raise ConfigError("MotionDetector: history, min_area, close, open >= 1, var_threshold > 0 and warmup >= 0")
        self.settings = {"history": history, "var_threshold": var_threshold, "min_area": min_area}
        self.settings |= {"close": close, "open": open, "warmup": warmup, "shadows": shadows}
        self._subtractor: Any = None
        self._next = 0

    def __getstate__(self) -> dict[str, Any]:
        """Settings alone: OpenCV's objects cannot be sent to another process."""
        return {**self.__dict__, "_subtractor": None, "_next": 0}

    def identity(self) -> dict[str, Any]:
        """The settings and OpenCV's version, whose changes move single pixels."""
        return {"detector": "motion", "opencv": cv2.__version__, **self.settings}

    def start(self, dataset: VideoDataset, record: VideoRecord, frames: int | None, height: int, width: int) -> None:
        """Forgets the background of the video before."""
        del dataset, record, frames, height, width
        self._subtractor = cv2.createBackgroundSubtractorMOG2(
            int(self.settings["history"]), float(self.settings["var_threshold"]), bool(self.settings["shadows"])
        )
        self._next = 0

    def detect(self, frames: NDArray[np.uint8], first: int) -> list[Detections]:
        """The boxes of consecutive frames, uint8 (n, height, width, 3 or 1); RuntimeError where one was skipped."""
        if first != self._next:
            raise RuntimeError(f"MotionDetector saw frame {first} where frame {self._next} was next")
        self._next = first + len(frames)
        return [self._boxes(frame, first + i) for i, frame in enumerate(frames)]

    def _boxes(self, frame: NDArray[np.uint8], number: int) -> Detections:
        rate = -1.0 if number < self.settings["warmup"] else 1.0 / self.settings["history"]  # -1: learn fast at first
        moving = self._subtractor.apply(np.ascontiguousarray(frame), learningRate=rate)
        foreground = (moving == 255).astype(np.uint8)  # a shadow is 127
        for side, operation in ((self.settings["open"], cv2.MORPH_OPEN), (self.settings["close"], cv2.MORPH_CLOSE)):
            if side > 1:
                foreground = cv2.morphologyEx(foreground, operation, np.ones((int(side), int(side)), np.uint8))
        _, _, regions, _ = cv2.connectedComponentsWithStats(foreground, connectivity=8)
        regions = regions[1:]  # the first is the background
        large = regions[regions[:, cv2.CC_STAT_AREA] >= self.settings["min_area"]]
        if number < self.settings["warmup"]:
            large = large[:0]
        corner, size = large[:, :2].astype(np.float32), large[:, 2:4].astype(np.float32)
        share = large[:, cv2.CC_STAT_AREA] / np.maximum(size.prod(axis=1), 1)
        return Detections(
            xyxy=np.concatenate([corner, corner + size], axis=1),
            confidence=np.minimum(2 * share, 1).astype(np.float32),
            class_id=np.full(len(large), -1, np.int16),
        )
