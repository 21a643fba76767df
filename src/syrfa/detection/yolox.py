"""Boxes of a YOLOX network (Apache-2.0, as are its published weights), run by OpenCV."""

import importlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from syrfa.detection.base import Detections, NetworkDetector
from syrfa.errors import ConfigError

_STRIDES = (8, 16, 32)
_CLASSES = 80
_PADDING = 114
_RELEASES = "https://github.com/Megvii-BaseDetection/YOLOX/releases"


class YoloxDetector(NetworkDetector):
    """Runs a YOLOX network in ONNX, as published, on the processor.

    A frame is scaled to fit into a square, which is filled up with grey on the right and below. Class numbers are
    COCO's 80 classes, 0 = person. Nothing is downloaded, and a file of weights executes no code.

    Args:
        weights: path of the `.onnx` file.
        confidence: boxes below it are not returned; keep it under every threshold that is tried later.
        iou: overlap above which the weaker of two boxes of one class is dropped.
        image_size: the side in pixels of the square that the network was exported for: 416 of nano and tiny, else 640.
        classes: class numbers that are returned; None for all.

    Raises:
        ConfigError: a setting is out of range.
    """

    package = "opencv-python"
    runs_network = False  # of no GPU: several processes are worth more

    def __init__(
        self,
        weights: str | Path,
        confidence: float = 0.1,
        iou: float = 0.45,
        image_size: int = 416,
        classes: list[int] | None = None,
    ) -> None:
        super().__init__(weights, confidence, iou, image_size, classes, batch_size=1, device="cpu")
        if image_size % _STRIDES[-1]:
            raise ConfigError(f"image_size={image_size}: give a multiple of {_STRIDES[-1]}, such as 416 or 640")
        self.size = image_size
        sides = [image_size // stride for stride in _STRIDES]
        # of every prediction, in the order of the network's output: its place in cells, and the cell's side in pixels
        self._cells = np.concatenate([np.indices((side, side))[::-1].reshape(2, -1).T for side in sides])
        self._strides = np.repeat(_STRIDES, [side * side for side in sides])[:, None].astype(np.float32)

    def identity(self) -> dict[str, Any]:
        """As of any network, and which one it is."""
        return {**super().identity(), "detector": "yolox"}

    def _run(self, frames: NDArray[np.uint8]) -> list[Detections]:
        return [self._boxes(frame) for frame in frames]

    def _boxes(self, frame: NDArray[np.uint8]) -> Detections:
        from torchvision.ops import batched_nms  # slow to import

        height, width = frame.shape[:2]
        scale = min(self.size / height, self.size / width)
        square = np.full((self.size, self.size, 3), _PADDING, np.uint8)
        within = round(width * scale), round(height * scale)
        square[: within[1], : within[0]] = cv2.resize(np.broadcast_to(frame, (height, width, 3))[..., ::-1], within)
        found = self._outputs(square)
        centre = (found[:, :2] + self._cells) * self._strides
        half = np.exp(found[:, 2:4]) * self._strides / 2
        classes = found[:, 5:].argmax(axis=1)
        confidence = found[:, 4] * found[np.arange(len(found)), 5 + classes]
        wanted = confidence >= self.confidence
        if self.classes is not None:
            wanted &= np.isin(classes, self.classes)
        xyxy = np.concatenate([centre - half, centre + half], axis=1)[wanted] / scale
        xyxy = xyxy.clip(0, [width, height] * 2).astype(np.float32)
        whole = Detections(xyxy, confidence[wanted], classes[wanted].astype(np.int16))
        torch = importlib.import_module("torch")
        parts = (torch.from_numpy(part) for part in (whole.xyxy, whole.confidence, whole.class_id))
        return whole.take(batched_nms(*parts, self.iou).numpy()).with_area()

    def _outputs(self, square: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The network's output for a picture (size, size, 3) BGR, float32 (predictions, 5 + classes)."""
        try:
            self._model.setInput(cv2.dnn.blobFromImage(square))
            found = np.asarray(self._model.forward(), np.float32)
        except cv2.error as error:
            raise self._foreign(error.err or "OpenCV cannot run it") from error
        if found.shape != (1, len(self._cells), 5 + _CLASSES):
            raise self._foreign(f"its output is {found.shape}, not {(1, len(self._cells), 5 + _CLASSES)}")
        outputs: NDArray[np.float32] = found[0]
        return outputs

    def _foreign(self, reason: str) -> ConfigError:
        return ConfigError(
            f"{self.weights}: no YOLOX network of COCO's {_CLASSES} classes for image_size={self.size} ({reason}); "
            f"{self._advice()}"
        )

    def _advice(self) -> str:
        return f"get yolox_nano.onnx or yolox_tiny.onnx from {_RELEASES}; nothing is downloaded"

    def _load(self) -> None:
        try:
            self._model = cv2.dnn.readNetFromONNX(str(self._found()))
        except cv2.error as error:
            raise self._foreign("OpenCV cannot read it") from error
