"""YOLOX by OpenCV: boxes on real frames agree with published ones, and a foreign file is one line."""

import numpy as np
import pytest
import torch
from torchvision.ops import box_iou

from syrfa.datasets import UCSDPed2
from syrfa.datasets.video import open_video
from syrfa.detection import FileDetector, YoloxDetector
from syrfa.errors import ConfigError, WeightsNotFoundError

FRAME = np.zeros((1, 48, 64, 3), np.uint8)


@pytest.mark.real_data
def test_people_of_ped2_are_found(shared_data):
    dataset = UCSDPed2(shared_data / "ped2")
    record = dataset.videos("test")[0]
    frames = np.stack(list(open_video(record.path)))[::30]
    detector = YoloxDetector(shared_data / "yolo" / "yolox_nano_416.onnx", confidence=0.25)
    published = FileDetector(shared_data / "ped2_yolov3_detections" / "test.npz")
    published.start(dataset, record, record.length(), 240, 360)
    hits = boxes = covered = theirs = 0
    for number, one in enumerate(detector.detect(frames, 0)):
        other = published.detect(np.empty((1, 0, 0, 3), np.uint8), 30 * number)[0]
        other = other.take(other.confidence > 0.5)
        overlap = box_iou(torch.from_numpy(one.xyxy), torch.from_numpy(other.xyxy)).numpy()
        hits, boxes = hits + (overlap.max(axis=1) > 0.5).sum(), boxes + len(one)
        covered, theirs = covered + (overlap.max(axis=0) > 0.5).sum(), theirs + len(other)
        assert (one.xyxy >= 0).all()
        assert (one.xyxy <= [360, 240] * 2).all()
        assert (one.confidence.dtype, one.class_id.dtype) == (np.float32, np.int16)
    assert covered / theirs > 0.6
    assert hits / boxes > 0.75
    only = YoloxDetector(detector.weights, confidence=0.25, classes=[1]).detect(frames[:1], 0)[0]
    assert (only.class_id == 1).all()


@pytest.mark.real_data
def test_another_network(shared_data):
    with pytest.raises(ConfigError, match=r"for image_size=640 \(.*\); get yolox_nano\.onnx") as error:
        YoloxDetector(shared_data / "yolo" / "yolov8n_coco_int8.onnx", image_size=640).detect(FRAME, 0)
    assert "\n" not in str(error.value)


def test_absent_and_damaged_weights(tmp_path):
    with pytest.raises(WeightsNotFoundError, match="no such weights; get yolox_nano"):
        YoloxDetector(tmp_path / "absent.onnx").identity()
    for content in (b"", b"not a network" * 50):
        (tmp_path / "net.onnx").write_bytes(content)
        with pytest.raises(ConfigError, match=r"net\.onnx: no YOLOX network") as error:
            YoloxDetector(tmp_path / "net.onnx").detect(FRAME, 0)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("setting", [{"confidence": 1.1}, {"iou": -1}, {"image_size": 8}, {"image_size": 400}])
def test_settings_out_of_range(setting):
    with pytest.raises(ConfigError):
        YoloxDetector("net.onnx", **setting)
