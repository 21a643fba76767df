"""Boxes out of a data set's own object masks, for sources that know where their objects are."""

import zlib
from dataclasses import asdict
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.base import VideoDataset, VideoRecord
from syrfa.detection.base import Detections, Detector
from syrfa.detection.noise import BoxNoise
from syrfa.errors import DetectionError


class AnnotationDetector(Detector):
    """Gives the boxes of the id masks of a data set, exact or with the faults of a detector.

    Frame f of video v draws from a generator seeded with (seed, crc32(v), f): neither the order of videos nor the
    number of frames a call changes a box.

    Args:
        noise: the faults; None for exact boxes with confidence 1.
        seed: of every draw, at least 0.
    """

    def __init__(self, noise: BoxNoise | None = None, seed: int = 0) -> None:
        self.noise = noise or BoxNoise.none()
        self.needs_frames = self.noise.miss_faint > 0
        self.seed = seed
        self._video: tuple[VideoDataset, VideoRecord, int, int] | None = None

    def identity(self) -> dict[str, Any]:
        """The noise and the seed; the masks are part of the data set's `videos_hash`."""
        return {"detector": "annotation", "version": 3, "seed": self.seed, "noise": asdict(self.noise)}

    def start(self, dataset: VideoDataset, record: VideoRecord, frames: int | None, height: int, width: int) -> None:
        """Notes the video whose masks are read next."""
        del frames
        self._video = (dataset, record, height, width)

    def detect(self, frames: NDArray[np.uint8], first: int) -> list[Detections]:
        """Boxes of `len(frames)` frames from number `first` on; pixels only say who is too faint to be found.

        Raises:
            DetectionError: a frame has no mask, or one of another size.
        """
        return [self._boxes(number, frame) for number, frame in enumerate(frames, start=first)]

    def _boxes(self, number: int, frame: NDArray[np.uint8]) -> Detections:
        assert self._video is not None
        dataset, record, height, width = self._video
        mask = dataset.id_mask(record, number)
        if mask is None:
            raise DetectionError(f"{record.path}: no object mask of frame {number}; use a detector that reads pixels")
        if mask.shape != (height, width):
            size = f"{mask.shape[1]}x{mask.shape[0]}"
            raise DetectionError(f"{record.path}: the mask of frame {number} is {size}, the video {width}x{height}")
        seed = [self.seed, zlib.crc32(record.name.encode()), number]
        picture = None
        if self.needs_frames:
            picture = np.asarray(
                frame[..., 0] if frame.shape[-1] == 1 else cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8
            )
        return self.noise.apply(mask, np.random.default_rng(seed), picture)
