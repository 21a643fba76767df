"""Torchvision's networks: weights from a file alone, Ultralytics' class numbers, batches that change nothing."""

import os
import pickle

import numpy as np
import pytest
import torch
import torchvision

from syrfa.detection import TorchvisionDetector
from syrfa.detection.torchvision import COCO80
from syrfa.errors import ConfigError, UserError, WeightsNotFoundError
from syrfa.utils.files import sha256_file

SMALL = "ssdlite320_mobilenet_v3_large"
FRAMES = np.random.default_rng(0).integers(0, 255, (3, 60, 80, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """The state dict of a network nobody trained."""
    torch.manual_seed(0)
    model = torchvision.models.get_model(SMALL, weights=None, weights_backbone=None, num_classes=91)
    path = tmp_path_factory.mktemp("weights") / "random.pth"
    torch.save(model.state_dict(), path)
    return path


def test_classes_are_those_of_ultralytics():
    from ultralytics.utils import ROOT, YAML

    names = YAML.load(ROOT / "cfg" / "datasets" / "coco.yaml")["names"]
    theirs = torchvision.models.detection.FasterRCNN_ResNet50_FPN_V2_Weights.COCO_V1.meta["categories"]
    assert sorted(COCO80[COCO80 >= 0]) == list(range(80))
    for label, number in enumerate(COCO80):
        if number < 0:
            assert theirs[label] in ("N/A", "__background__")
        else:
            assert theirs[label] == names[number]


def test_boxes(weights):
    settings = {"architecture": SMALL, "confidence": 0.0, "iou": 0.5, "device": "cpu"}
    detector = TorchvisionDetector(weights, batch_size=2, **settings)
    found = detector.detect(FRAMES, 0)
    assert len(found) == 3
    assert sum(len(d) for d in found) > 20
    for one in found:
        assert (one.xyxy.dtype, one.confidence.dtype, one.class_id.dtype) == (np.float32, np.float32, np.int16)
        assert (one.xyxy[:, 2:] > one.xyxy[:, :2]).all()
        assert (one.xyxy >= 0).all()
        assert (one.xyxy <= [80, 60, 80, 60]).all()
        assert ((one.class_id >= 0) & (one.class_id < 80)).all()
    alone = [TorchvisionDetector(weights, **settings).detect(frame[None], 0)[0] for frame in FRAMES]
    for one, other in zip(found, alone, strict=True):
        assert one.xyxy == pytest.approx(other.xyxy, abs=1e-2)
        assert one.confidence == pytest.approx(other.confidence, abs=1e-5)
    kept = int(found[0].class_id[0])
    few = TorchvisionDetector(weights, classes=[kept], **settings).detect(FRAMES[:1], 0)[0]
    rows = found[0].class_id == kept
    assert few.xyxy == pytest.approx(found[0].xyxy[rows], abs=1e-2)
    assert (TorchvisionDetector(weights, SMALL, device="cpu").detect(FRAMES, 0)[0].confidence > 0.25).all()


def test_grey_frames_are_colour_frames_without_colour(weights):
    detector = TorchvisionDetector(weights, SMALL, confidence=0.0, device="cpu")
    grey = FRAMES[:1, ..., :1]
    one, other = detector.detect(grey, 0)[0], detector.detect(np.repeat(grey, 3, axis=3), 0)[0]
    assert np.array_equal(one.xyxy, other.xyxy)


def test_identity(weights):
    detector = TorchvisionDetector(weights, SMALL)
    identity = detector.identity()
    assert identity["weights"] == sha256_file(weights)
    assert (identity["architecture"], identity["version"]) == (SMALL, torchvision.__version__.split("+")[0])
    assert pickle.loads(pickle.dumps(detector)).identity() == identity
    assert TorchvisionDetector(weights, SMALL, iou=0.4).identity() != identity


@pytest.mark.parametrize("weights_file", [None, "fasterrcnn.pth"])
def test_missing_weights_say_where_to_get_them(tmp_path, monkeypatch, weights_file):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WeightsNotFoundError, match=r"models/retinanet_resnet50_fpn_v2_coco-5905b1c5\.pth") as error:
        TorchvisionDetector(weights_file, "retinanet_resnet50_fpn_v2").identity()
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


class Evil:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch {self.marker}",)


def test_code_in_weights_is_not_executed(tmp_path):
    marker, path = tmp_path / "executed", tmp_path / "evil.pth"
    torch.save({"backbone": Evil(marker)}, path)
    with pytest.raises(ConfigError, match=r"evil\.pth"):
        TorchvisionDetector(path, SMALL, device="cpu").detect(FRAMES, 0)
    assert not marker.exists()


@pytest.mark.parametrize("content", [b"", b"not a network", pickle.dumps([1, 2], 2)])
def test_damaged_weights(tmp_path, content):
    path = tmp_path / "net.pth"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as error:
        TorchvisionDetector(path, SMALL, device="cpu").detect(FRAMES, 0)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("change", ["drop", "add", "shape", "list"])
def test_weights_of_another_network(tmp_path, weights, change):
    state = torch.load(weights, weights_only=True)
    key = next(key for key in state if key.endswith("weight"))
    if change == "drop":
        del state[key]
    elif change == "add":
        state["more"] = torch.zeros(1)
    elif change == "shape":
        state[key] = torch.zeros(1)
    path = tmp_path / "other.pth"
    torch.save([1] if change == "list" else state, path)
    with pytest.raises(ConfigError, match="set architecture") as error:
        TorchvisionDetector(path, SMALL, device="cpu").detect(FRAMES, 0)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "setting",
    [
        {"confidence": 1.1},
        {"iou": -1},
        {"image_size": 8},
        {"batch_size": 0},
        {"architecture": "maskrcnn"},
        {"architecture": SMALL, "image_size": 640},
    ],
)
def test_settings_out_of_range(setting):
    with pytest.raises(UserError):
        TorchvisionDetector("net.pth", **setting)
