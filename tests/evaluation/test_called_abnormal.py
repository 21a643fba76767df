"""How many training normals a model calls abnormal, against counts made by hand."""

import numpy as np

from syrfa.evaluation import ObjectScores
from syrfa.evaluation.normals import called_abnormal


def scored(boxes: list[tuple[float, float, float]]) -> ObjectScores:
    """A video of boxes (width, height, score)."""
    xyxy = np.array([[10, 10, 10 + width, 10 + height] for width, height, _ in boxes], np.float32).reshape(-1, 4)
    score = np.array([score for _, _, score in boxes], np.float64)
    return ObjectScores("v", 10, 240, 360, np.zeros(len(boxes), np.int32), xyxy, score)


def test_counts_are_those_made_by_hand_over_all_videos() -> None:
    videos = [scored([(5, 9, 0.2), (9, 5, 0.95), (9, 5, 0.5)]), scored([]), scored([(6, 6, 0.91), (7, 6, 0.6)])]
    assert called_abnormal(videos) == {
        "objects": 5,
        "above": {"0.5": 3 / 5, "0.9": 2 / 5},
        "wide": {"objects": 3, "above": {"0.5": 2 / 3, "0.9": 1 / 3}},
    }


def test_no_wide_box_is_no_share() -> None:
    assert called_abnormal([scored([(5, 9, 0.2)])])["wide"] == {"objects": 0, "above": {"0.5": None, "0.9": None}}
