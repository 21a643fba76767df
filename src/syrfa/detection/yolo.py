"""Boxes of an Ultralytics network. The only file that imports ultralytics, which is AGPL-3.0."""

import importlib
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syrfa.detection.base import Detections, NetworkDetector
from syrfa.errors import ConfigError, WeightsNotFoundError

# Read by ultralytics when it is first imported: never install packages, never look for the network (downloads,
# update checks, usage events and crash reports all ask for it first), never execute the pickle inside a .pt file.
_ENVIRONMENT = {
    "YOLO_AUTOINSTALL": "false",
    "YOLO_OFFLINE": "true",
    "ULTRALYTICS_SAFE_LOAD": "true",
    "YOLO_VERBOSE": "false",
}


class UltralyticsDetector(NetworkDetector):
    """Runs a detection network of Ultralytics: a `.pt` checkpoint or an exported `.onnx` file.

    A `.pt` file is a pickle, read through torch's weights-only loader with ultralytics' list of known classes; `.onnx`
    holds no code. Nothing is downloaded.

    Args:
        weights: path of the file.
        confidence: boxes below are not returned; keep it under every threshold that is tried later.
        iou: overlap above which the weaker of two boxes of one class is dropped.
        image_size: side in pixels that frames are scaled to; an exported file must have been made for it.
        classes: class numbers that are returned; None for all.
        batch_size: frames a pass; an exported file with a fixed batch is fed that many, whatever is given here.
        device: e.g. `cpu` or `cuda:0`; None for the first GPU where there is one.
    """

    package = "ultralytics"

    def __init__(
        self,
        weights: str | Path,
        confidence: float = 0.25,
        iou: float = 0.7,
        image_size: int = 640,
        classes: list[int] | None = None,
        batch_size: int = 16,
        device: str | None = None,
    ) -> None:
        super().__init__(weights, confidence, iou, image_size, classes, batch_size, device)
        self.image_size: int = image_size
        self._fixed: int | None = None  # the batch that an exported file insists on
        self._rect = True  # frames may be padded to less than a square

    def _pass_size(self) -> int:
        return self._fixed or self.batch_size

    def _run(self, frames: NDArray[np.uint8]) -> list[Detections]:
        return self._predict(np.ascontiguousarray(np.broadcast_to(frames, (*frames.shape[:3], 3))[..., ::-1]))

    def _predict(self, bgr: NDArray[np.uint8]) -> list[Detections]:
        """The boxes of one pass; ultralytics takes arrays in BGR order. A fixed batch is filled up with the last."""
        missing = (self._fixed or 0) - len(bgr)
        results = self._model.predict(
            [*bgr, *[bgr[-1]] * missing],
            conf=self.confidence,
            iou=self.iou,
            imgsz=self.image_size,
            classes=self.classes,
            device=self.device,
            rect=self._rect,
            save=False,
            verbose=False,
        )
        return _to_detections([result.boxes for result in results[: len(bgr)]])

    def _advice(self) -> str:
        return (
            "nothing is downloaded, put the file there "
            "(the official ones: https://github.com/ultralytics/assets/releases) or name another path"
        )

    def _load(self) -> None:
        path = self._found().absolute()
        if path.suffix not in (".pt", ".onnx"):
            raise ConfigError(f"{path}: weights are .pt or .onnx files")
        yolo, tasks, checks = _import_ultralytics()
        if path.suffix == ".pt":
            renamed = checks.check_yolov5u_filename(path.name, verbose=False)
            if renamed != path.name:
                raise WeightsNotFoundError(
                    f"{path}: ultralytics reads {renamed} in place of this older file; get that one"
                )
            if not getattr(tasks, "SAFE_LOAD", False):
                raise ConfigError(
                    f"{path}: this ultralytics executes .pt files; upgrade it, or export the weights to .onnx"
                )
        try:
            if path.suffix == ".onnx":
                self._fixed, self._rect = self._read_input(path)
            self._model = yolo(str(path), task="detect")
            self._predict(np.zeros((1, self.image_size, self.image_size, 3), np.uint8))  # exported files load only now
        except ConfigError:
            raise
        except Exception as error:  # whatever a damaged or foreign file leads to
            self._model = None
            lines = str(error).replace(str(path), "the file").splitlines() or [type(error).__name__]
            reason = lines[0].encode("ascii", "ignore").decode().strip()  # it decorates its messages with emoji
            raise ConfigError(f"{path}: ultralytics cannot load these weights ({reason[:150]})") from error

    def _read_input(self, path: Path) -> tuple[int | None, bool]:
        """The batch that an exported file insists on, None for any, and whether its frames may be of any size."""
        runtime = importlib.import_module("onnxruntime")
        options = runtime.SessionOptions()
        options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL  # only its shape is asked for
        session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        batch, _, *sides = session.get_inputs()[0].shape
        fixed = [side for side in sides if isinstance(side, int)]
        if fixed and self.image_size not in fixed:
            raise ConfigError(
                f"{path}: exported for frames of {fixed[0]} pixels, image_size is {self.image_size}; "
                f"set image_size to {max(fixed)}, or export the weights for {self.image_size}"
            )
        return batch if isinstance(batch, int) else None, not fixed


def _import_ultralytics() -> tuple[Any, Any, Any]:
    """Ultralytics' YOLO class and two of its modules, with the network, telemetry and unsafe loading switched off."""
    for name, value in _ENVIRONMENT.items():
        os.environ[name] = value
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    os.environ.setdefault("YOLO_CONFIG_DIR", str(Path(cache) / "syrfa"))
    package = importlib.import_module("ultralytics")
    utils = importlib.import_module("ultralytics.utils")
    events = importlib.import_module("ultralytics.utils.events")
    tasks = importlib.import_module("ultralytics.nn.tasks")
    # Somebody may have imported ultralytics before: the environment is read once, so say it again to the modules.
    utils.SETTINGS["sync"] = False
    events.events.enabled = False
    if hasattr(tasks, "SAFE_LOAD"):
        vars(tasks)["SAFE_LOAD"] = True
    return package.YOLO, tasks, importlib.import_module("ultralytics.utils.checks")


def _to_detections(boxes: list[Any]) -> list[Detections]:
    """Those of ultralytics.engine.results.Boxes, one a frame, brought over from the device at once."""
    torch = importlib.import_module("torch")
    values = torch.cat([of_frame.data for of_frame in boxes]).float().cpu().numpy()
    cuts = np.cumsum([len(of_frame.data) for of_frame in boxes])[:-1]
    return [
        Detections(
            xyxy=np.ascontiguousarray(rows[:, :4], np.float32),
            confidence=rows[:, 4].astype(np.float32),
            class_id=rows[:, 5].astype(np.int16),
        ).with_area()
        for rows in np.split(values, cuts)
    ]
