"""Boxes of torchvision's detection networks: BSD-3, as are their published weights."""

import importlib
import pickle
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from syrfa.detection.base import Detections, NetworkDetector
from syrfa.errors import ConfigError, WeightsNotFoundError

# The first versions of Faster R-CNN and RetinaNet with ResNet-50 are left out: their published weights need
# normalisation layers that torchvision sets up only while it downloads them, and the second versions find more.
Architecture = Literal[
    "fasterrcnn_resnet50_fpn_v2",
    "fasterrcnn_mobilenet_v3_large_fpn",
    "fasterrcnn_mobilenet_v3_large_320_fpn",
    "retinanet_resnet50_fpn_v2",
    "fcos_resnet50_fpn",
    "ssd300_vgg16",
    "ssdlite320_mobilenet_v3_large",
]
_LABELS = 91
_UNUSED = (0, 12, 26, 29, 30, 45, 66, 68, 69, 71, 83)  # the background, and what COCO names but has no boxes of

COCO80 = np.full(_LABELS, -1, np.int16)
"""COCO's own numbers, 0 to 90, as torchvision gives them, to its 80 classes in use, 0 = person; -1 for the others."""
COCO80[np.setdiff1d(np.arange(_LABELS), _UNUSED)] = np.arange(_LABELS - len(_UNUSED))


class TorchvisionDetector(NetworkDetector):
    """Runs a detection network of torchvision on weights trained on COCO.

    Class numbers are those that Ultralytics uses: COCO's 80 classes without gaps, 0 = person. The weights are a state
    dict, read with torch's weights-only loader. Nothing is downloaded.

    Args:
        weights: path of the `.pth` file.
        architecture: the network they belong to.
        confidence: boxes at or below it are not returned; keep it under every threshold that is tried later.
        iou: overlap above which the weaker of two boxes of one class is dropped.
        image_size: the shorter side in pixels that frames are scaled to; None for the architecture's own. The
            networks of the SSD kind have one size.
        classes: class numbers that are returned; None for all.
        batch_size: frames a pass.
        device: e.g. `cpu` or `cuda:0`; None for the first GPU where there is one.

    Raises:
        ConfigError: a setting is out of range, or the architecture is unknown or has a size of its own.
        WeightsNotFoundError: `weights` is null.
    """

    package = "torchvision"

    def __init__(
        self,
        weights: str | Path | None,
        architecture: Architecture = "fasterrcnn_resnet50_fpn_v2",
        confidence: float = 0.25,
        iou: float = 0.5,
        image_size: int | None = None,
        classes: list[int] | None = None,
        batch_size: int = 8,
        device: str | None = None,
    ) -> None:
        if architecture not in get_args(Architecture):
            raise ConfigError(f"architecture={architecture!r}: choose from {', '.join(get_args(Architecture))}")
        if image_size is not None and architecture.startswith("ssd"):
            raise ConfigError(f"image_size={image_size}: {architecture} has one size; leave it null")
        self.architecture: str = architecture
        if weights is None:
            raise WeightsNotFoundError(f"weights is null, and a random network finds nothing; {self._advice()}")
        super().__init__(weights, confidence, iou, image_size, classes, batch_size, device)

    def identity(self) -> dict[str, Any]:
        """As of any network, and the architecture."""
        return {**super().identity(), "architecture": self.architecture}

    def _run(self, frames: NDArray[np.uint8]) -> list[Detections]:
        torch = importlib.import_module("torch")
        with torch.inference_mode():
            pixels = torch.from_numpy(np.ascontiguousarray(frames))
            batch = pixels.to(self._device()).permute(0, 3, 1, 2).expand(-1, 3, -1, -1).float() / 255
            return self._to_detections(self._model(list(batch)))

    def _to_detections(self, results: list[dict[str, Any]]) -> list[Detections]:
        """What the network returns, one a frame, brought over from the device at once."""
        torch = importlib.import_module("torch")
        boxes, scores, labels = (
            torch.cat([result[key] for result in results]).cpu().numpy() for key in ("boxes", "scores", "labels")
        )
        classes = COCO80[labels]
        wanted = classes >= 0 if self.classes is None else np.isin(classes, self.classes)
        whole = Detections(boxes.astype(np.float32), scores.astype(np.float32), classes)
        ends = np.cumsum([len(result["boxes"]) for result in results])
        frame = np.searchsorted(ends, np.arange(len(boxes)), side="right")
        return [whole.take(wanted & (frame == number)).with_area() for number in range(len(results))]

    def _device(self) -> str:
        if self.device is None:
            self.device = "cuda:0" if importlib.import_module("torch").cuda.is_available() else "cpu"
        return self.device

    def _advice(self) -> str:
        url = importlib.import_module("torchvision.models").get_model_weights(self.architecture).DEFAULT.url
        return f"nothing is downloaded: get {url}, put it into SYRFA_DATA/weights and name its path"

    def _load(self) -> None:
        path = self._found()
        torch = importlib.import_module("torch")
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
        except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, OSError) as error:
            raise ConfigError(
                f"{path}: no state dict that torch reads without executing code ({type(error).__name__}); "
                f"{self._advice()}"
            ) from error
        model = self._build()
        try:
            fits = model.load_state_dict(state, strict=False)
            missing = [key for key in fits.missing_keys if not key.endswith("num_batches_tracked")]
            reason = ", ".join([*missing, *fits.unexpected_keys][:3])
        except (RuntimeError, TypeError, AttributeError):
            reason = "its tensors have other names or shapes"
        if reason:
            raise ConfigError(
                f"{path}: no weights of {self.architecture} for COCO's {_LABELS} labels ({reason}); set "
                "architecture to the network they were made for"
            )
        self._model = model.eval().to(self._device())

    def _build(self) -> Any:  # noqa: ANN401
        prefix = "box_" if self.architecture.startswith("fasterrcnn") else ""
        settings: dict[str, Any] = {f"{prefix}score_thresh": self.confidence, f"{prefix}nms_thresh": self.iou}
        if self.image_size is not None:
            settings["min_size"] = self.image_size
        models = importlib.import_module("torchvision.models")
        return models.get_model(self.architecture, weights=None, weights_backbone=None, num_classes=_LABELS, **settings)
