"""Object scores to anomaly maps to frame scores, under a named protocol."""

from syrfa.evaluation.anomaly_map import anomaly_map, max_per_frame, pixel_boxes
from syrfa.evaluation.baselines import box_width, random_scores
from syrfa.evaluation.protocols import (
    FrameScores,
    PaperProtocol,
    Protocol,
    StrictProtocol,
    TrackedProtocol,
    protocol_from_name,
)
from syrfa.evaluation.scores import ObjectScores
from syrfa.evaluation.store import read_scores, write_scores
from syrfa.evaluation.tracks import link, mean_along
from syrfa.evaluation.training_normals import Calibration

__all__ = [
    "Calibration",
    "FrameScores",
    "ObjectScores",
    "PaperProtocol",
    "Protocol",
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
