"""Object scores to anomaly maps to frame scores, under a named protocol."""

from syrfa.scoring.anomaly_map import anomaly_map, max_per_frame, pixel_boxes
from syrfa.scoring.baselines import box_width, random_scores
from syrfa.scoring.calibration import Calibration
from syrfa.scoring.objects import ObjectScores
from syrfa.scoring.protocols import (
    FrameScores,
    PaperProtocol,
    Protocol,
    StrictProtocol,
    TrackedProtocol,
    protocol_from_name,
)
from syrfa.scoring.store import read_scores, write_scores
from syrfa.scoring.tracks import link, mean_along

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
