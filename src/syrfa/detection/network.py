"""What detectors that run a trained network have in common."""

from abc import abstractmethod
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from syrfa.detection.base import Detections, Detector
from syrfa.utils.files import sha256_file


class NetworkDetector(Detector):
    """Settings, identity and batches; the subclass loads the network and runs it.

    Args:
        weights: path of the file.
        confidence: boxes below are not returned.
        iou: overlap above which the weaker of two boxes of one class is dropped.
        image_size: in pixels, as the subclass says.
        classes: class numbers that are returned; None for all.
        batch_size: frames a pass.
        device: e.g. `cpu` or `cuda:0`; None for the first GPU where there is one.

    Attributes:
        package: the library of the network, whose version is part of the identity.
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
        self.weights = Path(weights)
        self.confidence, self.iou, self.image_size = confidence, iou, image_size
        self.classes, self.batch_size, self.device = classes, batch_size, device
        self._model: Any = None
        self._digest: str | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Settings alone: every process loads the network for itself."""
        return {**self.__dict__, "_model": None}

    def identity(self) -> dict[str, Any]:
        """The weights' SHA-256, the settings and the version of the library.

        Raises:
            WeightsNotFoundError: there is no such file.
        """
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
        if frames.ndim != 4 or frames.shape[-1] not in (1, 3):
            raise ValueError(f"frames of shape {frames.shape}, expected (n, height, width, 3)")
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

    @abstractmethod
    def _found(self) -> Path:
        """The file of weights; raises where there is none."""

    @abstractmethod
    def _load(self) -> None:
        """Sets `_model`."""

    @abstractmethod
    def _run(self, frames: NDArray[np.uint8]) -> list[Detections]:
        """The boxes of one pass, uint8 (n, height, width, 3 or 1) RGB."""
