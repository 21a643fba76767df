"""Object scores to anomaly maps to frame scores to metrics, under a named protocol."""

from syrfa.evaluation.protocols import PaperProtocol, Protocol, StrictProtocol, TrackedProtocol
from syrfa.evaluation.reference import Reference
from syrfa.evaluation.scores import (
    ObjectScores,
    anomaly_map,
    box_width,
    max_per_frame,
    pixel_boxes,
    random_scores,
    read_scores,
    write_scores,
)
from syrfa.evaluation.tracks import link

__all__ = [
    "ObjectScores",
    "PaperProtocol",
    "Protocol",
    "Reference",
    "StrictProtocol",
    "TrackedProtocol",
    "anomaly_map",
    "box_width",
    "link",
    "max_per_frame",
    "pixel_boxes",
    "random_scores",
    "read_scores",
    "write_scores",
]
