"""Detectors: frames in, boxes out."""

from syrfa.detection.annotation import AnnotationDetector
from syrfa.detection.base import Detections, Detector
from syrfa.detection.file import FileDetector
from syrfa.detection.motion import MotionDetector
from syrfa.detection.noise import BoxNoise
from syrfa.detection.yolo import UltralyticsDetector
from syrfa.detection.yolox import YoloxDetector

__all__ = [
    "AnnotationDetector",
    "BoxNoise",
    "Detections",
    "Detector",
    "FileDetector",
    "MotionDetector",
    "UltralyticsDetector",
    "YoloxDetector",
]
