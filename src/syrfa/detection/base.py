"""The detector protocol, frames in, boxes out; and what detectors that run a trained network have in common."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.base import VideoDataset, VideoRecord
from syrfa.errors import ConfigError, WeightsNotFoundError
from syrfa.utils.files import sha256_file


@dataclass(frozen=True)
class Detections:
    """The boxes of one frame.

    Attributes:
        xyxy: float32 (n, 4), left, top, right, bottom in pixels. Every box has a part inside the frame; those of a file
            may overshoot its edge.
        confidence: float32 (n,), in [0, 1].
        class_id: int16 (n,), the detector's own class numbers; -1 where it has none.
    """

    xyxy: NDArray[np.float32]
    confidence: NDArray[np.float32]
    class_id: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.xyxy)

    @classmethod
    def join(cls, parts: "list[Detections]") -> "Detections":
        """The boxes of several frames, one after the other."""
        return cls(
            np.concatenate([np.empty((0, 4), np.float32), *(part.xyxy for part in parts)]),
            np.concatenate([np.empty(0, np.float32), *(part.confidence for part in parts)]),
            np.concatenate([np.empty(0, np.int16), *(part.class_id for part in parts)]),
        )

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

        `frames` is its length, None for a video file (see `finish`); `height` and `width` are in pixels.
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
        """Called once after the last frame, with the video's length; DetectionError where the boxes are of another."""


class NetworkDetector(Detector):
    """Settings, identity and batches; the subclass describes the settings, loads the network and runs it.

    Attributes:
        package: the library of the network, whose version is part of the identity.

    Raises:
        ConfigError: a setting is out of range.
    """

    runs_network = True
    package: ClassVar[str]

    def __init__(
        self,
        weights: str | Path,
        confidence: float,
        iou: float,
        image_size: int | None,
        classes: list[int] | None,
        batch_size: int,
        device: str | None,
    ) -> None:
        small = image_size is not None and image_size < 32
        if not 0 <= confidence <= 1 or not 0 <= iou <= 1 or batch_size < 1 or small:
            raise ConfigError(
                f"{type(self).__name__}: confidence and iou in [0, 1], image_size at least 32, batch_size at least 1"
            )
        self.weights = Path(weights)
        self.confidence, self.iou, self.image_size = confidence, iou, image_size
        self.classes, self.batch_size, self.device = classes, batch_size, device
        self._model: Any = None
        self._digest: str | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Settings alone: every process loads the network for itself."""
        return {**self.__dict__, "_model": None}

    def identity(self) -> dict[str, Any]:
        """The weights' SHA-256, the settings and the version of the library."""
        self._digest = self._digest or sha256_file(self._found())
        return {
            "detector": self.package,
            "version": version(self.package),
            "weights": self._digest,
            "confidence": self.confidence,
            "iou": self.iou,
            "image_size": self.image_size,
            "classes": sorted(self.classes) if self.classes is not None else None,
        }

    def detect(self, frames: NDArray[np.uint8], first: int) -> list[Detections]:
        """The boxes of frames, uint8 (n, height, width, 3) RGB; each frame by itself.

        Raises:
            WeightsNotFoundError: the weights are missing.
            ConfigError: they cannot be loaded safely, or are of another network.
        """
        del first
        if self._model is None:
            self._load()
        step = self._pass_size()
        found: list[Detections] = []
        for start in range(0, len(frames), step):
            found += self._run(frames[start : start + step])
        return found

    def _pass_size(self) -> int:
        """Frames a pass, once the network is loaded."""
        return self.batch_size

    def _found(self) -> Path:
        """The file of weights."""
        if not self.weights.is_file():
            raise WeightsNotFoundError(f"{self.weights}: no such weights; {self._advice()}")
        return self.weights

    @abstractmethod
    def _advice(self) -> str:
        """Where weights come from."""

    @abstractmethod
    def _load(self) -> None:
        """Sets `_model`."""

    @abstractmethod
    def _run(self, frames: NDArray[np.uint8]) -> list[Detections]:
        """The boxes of one pass, uint8 (n, height, width, 3 or 1) RGB."""
