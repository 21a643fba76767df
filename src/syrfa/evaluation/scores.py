"""The scores of a video's objects: what a model leaves behind, before any map or protocol."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ObjectScores:
    """Every scored object of one video.

    Attributes:
        name: the video's name.
        frames: its length in frames.
        height: its height in pixels.
        width: its width in pixels.
        object_frame: int32 (n,), 0-based frame of each object.
        object_xyxy: float32 (n, 4), its box in pixels.
        object_score: float64 (n,), 1 = most abnormal, 0 = most normal; any finite number for a baseline.

    Raises:
        ValueError: the arrays disagree in length, an object lies outside the video in time, or a box or a score
            is not finite; the message names the video.
    """

    name: str
    frames: int
    height: int
    width: int
    object_frame: NDArray[np.int32]
    object_xyxy: NDArray[np.float32]
    object_score: NDArray[np.float64]

    def __post_init__(self) -> None:
        count = len(self.object_frame)
        shapes = (self.object_frame.shape, self.object_xyxy.shape, self.object_score.shape)
        if shapes != ((count,), (count, 4), (count,)):
            raise ValueError(f"{self.name}: object_frame, object_xyxy, object_score have shapes {shapes}")
        if count and not 0 <= int(self.object_frame.min()) <= int(self.object_frame.max()) < self.frames:
            raise ValueError(f"{self.name}: an object lies outside frames 0 to {self.frames - 1}")
        if not np.isfinite(self.object_xyxy).all():
            raise ValueError(f"{self.name}: a box has a side that is not finite")
        if not np.isfinite(self.object_score).all():
            # a diverged model must not turn into a frame that happens to rank first or last
            raise ValueError(f"{self.name}: an object score is not finite; the model that gave it has diverged")
