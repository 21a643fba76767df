"""The annotated video: every frame is there, boxes have the colour of their score, the strip marks what is labelled."""

import cv2
import numpy as np

from syrfa.datasets.video import open_video
from syrfa.evaluation.annotated_video import write_annotated_video
from syrfa.evaluation.scores import ObjectScores


def test_frames_boxes_and_curve(tmp_path):
    frames = [np.full((60, 100, 1), 20 * n, np.uint8) for n in range(10)]
    at = np.array([2, 7], np.int32)
    boxes = np.array([[20, 15, 60, 45]] * 2, np.float32)
    objects = ObjectScores("v", 10, 60, 100, at, boxes, np.array([0.05, 0.95]))
    scores, labels = np.linspace(0, 1, 10), (np.arange(10) >= 6).astype(np.uint8)
    path = tmp_path / "out" / "annotated.webm"
    write_annotated_video(path, frames, objects, scores, labels, 10)
    shown = np.stack(list(open_video(path))).astype(int)
    assert shown.shape == (10, 60 * 5 + 72, 100 * 5, 3)
    assert [p.name for p in path.parent.iterdir()] == ["annotated.webm"]
    left = shown[[2, 7], 150, 100]  # of the box's left edge, RGB
    assert left[0][2] > left[0][0], "a low score is blue"
    assert left[1][0] > left[1][2] + 100, "a high one yellow"
    assert abs(shown[5, 150, 100] - 100).max() < 12, "no box, no line"
    low, high = shown[0, 340, 60], shown[0, 340, 480]
    assert high[0] > low[0] + 80, "labelled frames are red below the picture"
    assert cv2.VideoCapture(str(path)).get(cv2.CAP_PROP_FPS) == 10
