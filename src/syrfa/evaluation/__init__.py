"""Object scores to anomaly maps to frame scores to metrics, under a named protocol."""

from syrfa.evaluation.protocols import (
    FrameScores,
    PaperProtocol,
    Protocol,
    StrictProtocol,
    TrackedProtocol,
    protocol_from_name,
)
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
from syrfa.evaluation.tracks import link, mean_along

__all__ = [
    "FrameScores",
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
    "mean_along",
    "pixel_boxes",
    "protocol_from_name",
    "random_scores",
    "read_scores",
    "write_scores",
]
