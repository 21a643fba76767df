"""Detectors: frames in, boxes out."""

from syrfa.detection.annotation import AnnotationDetector
from syrfa.detection.base import Detections, Detector
from syrfa.detection.calibration import CalibratedDetector
from syrfa.detection.file import FileDetector
from syrfa.detection.jigsaw_pickle import import_jigsaw_pickle
from syrfa.detection.motion import MotionDetector
from syrfa.detection.noise import BoxNoise
from syrfa.detection.torchvision import TorchvisionDetector
from syrfa.detection.yolo import UltralyticsDetector

__all__ = [
    "AnnotationDetector",
    "BoxNoise",
    "CalibratedDetector",
    "Detections",
    "Detector",
    "FileDetector",
    "MotionDetector",
    "TorchvisionDetector",
    "UltralyticsDetector",
    "import_jigsaw_pickle",
]
