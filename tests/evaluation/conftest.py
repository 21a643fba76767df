import numpy as np
import pytest

from syrfa.evaluation import ObjectScores


@pytest.fixture
def street() -> ObjectScores:
    """Three objects in frame 4 of a 60 x 90 video."""
    xyxy = np.array([[5, 20, 17, 52], [30, 2, 44, 30], [60, 20, 88, 50], [0, 0, 5, 5]], np.float32)
    frames, scores = np.array([4, 4, 4, 5], np.int32), np.array([0.1, 0.35, 0.92, 1.0])
    return ObjectScores("Test001", 10, 60, 90, frames, xyxy, scores)
