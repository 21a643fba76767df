"""Weights are loaded without executing them, without the network, and only when they are there."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from syrfa.detection import UltralyticsDetector
from syrfa.errors import ConfigError, WeightsNotFoundError
from syrfa.utils.files import sha256_file

FRAMES = np.random.default_rng(0).integers(0, 255, (3, 60, 80, 3), dtype=np.uint8)


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("YOLO_CONFIG_DIR", os.environ.get("YOLO_CONFIG_DIR") or str(tmp_path_factory.mktemp("yolo")))


class Evil:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.system, (f"touch {self.marker}",)


@pytest.mark.parametrize("name", ["yolov3u.pt", "sub/none.onnx"])
def test_missing_weights_are_not_downloaded(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    detector = UltralyticsDetector(name)
    for call in (detector.identity, lambda: detector.detect(FRAMES, 0)):
        with pytest.raises(WeightsNotFoundError, match=name) as error:
            call()
        assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_ultralytics_would_replace(tmp_path):
    (tmp_path / "yolov3.pt").write_bytes(b"x")
    with pytest.raises(WeightsNotFoundError, match=r"yolov3u\.pt"):
        UltralyticsDetector(tmp_path / "yolov3.pt").detect(FRAMES, 0)


@pytest.mark.parametrize("kind", ["archive", "bare"])
def test_code_in_weights_is_not_executed(tmp_path, kind):
    marker, path = tmp_path / "executed", tmp_path / "evil.pt"
    if kind == "archive":
        torch.save({"model": Evil(marker)}, path)
    else:
        path.write_bytes(pickle.dumps(Evil(marker), 2))
    with pytest.raises(ConfigError) as error:
        UltralyticsDetector(path).detect(FRAMES, 0)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)
    assert not marker.exists()


@pytest.mark.parametrize("suffix", [".pt", ".onnx", ".txt"])
def test_damaged_weights(tmp_path, suffix):
    path = tmp_path / f"net{suffix}"
    path.write_bytes(b"not a network")
    with pytest.raises(ConfigError) as error:
        UltralyticsDetector(path).detect(FRAMES, 0)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_random_network(tmp_path):
    from syrfa.detection.yolo import _import_ultralytics

    path = tmp_path / "net.pt"
    torch.manual_seed(0)
    _import_ultralytics()[0]("yolov8n.yaml", task="detect").save(path)
    settings = {"confidence": 0.0, "image_size": 64, "device": "cpu"}
    detector = UltralyticsDetector(path, batch_size=2, **settings)
    found = detector.detect(FRAMES, 0)
    assert len(found) == 3
    assert sum(len(d) for d in found) > 0
    for one in found:
        assert (one.xyxy.dtype, one.confidence.dtype, one.class_id.dtype) == (np.float32, np.float32, np.int16)
        assert one.xyxy.shape == (len(one), 4)
        assert (one.xyxy >= 0).all()
        assert (one.xyxy <= [80, 60, 80, 60]).all()
    for one, frame in zip(found, FRAMES, strict=True):
        (alone,) = detector.detect(frame[None], 0)
        assert one.xyxy == pytest.approx(alone.xyxy, abs=1e-2)
        assert one.confidence == pytest.approx(alone.confidence, abs=1e-5)
    few = UltralyticsDetector(path, classes=[0], **settings).detect(FRAMES, 0)
    assert {int(c) for d in few for c in d.class_id} <= {0}
    identity = detector.identity()
    assert identity["weights"] == sha256_file(path)
    assert pickle.loads(pickle.dumps(detector)).identity() == identity
    assert UltralyticsDetector(path, iou=0.5).identity() != identity


def write_onnx(path, batch, side=64):
    """A network that finds what is bright: every 8 x 8 pixels a box, the means of red, green and blue its classes."""
    cells = side // 8
    middle = (np.arange(cells) + 0.5) * 8
    grid = np.stack([*np.meshgrid(middle, middle), *np.full((2, cells, cells), 6.0)]).reshape(1, 4, -1)
    make, kind = onnx.helper.make_node, onnx.TensorProto.FLOAT
    nodes = [
        make("AveragePool", ["images"], ["pooled"], kernel_shape=[8, 8], strides=[8, 8]),
        make("Reshape", ["pooled", "shape"], ["scores"]),
        make("ReduceMax", ["scores"], ["any"], axes=[1], keepdims=1),
        make("Mul", ["any", "zero"], ["nothing"]),
        make("Add", ["nothing", "grid"], ["boxes"]),
        make("Concat", ["boxes", "scores"], ["output0"], axis=1),
    ]
    constants = {"shape": np.array([0, 3, -1]), "zero": np.zeros(1, np.float32), "grid": grid.astype(np.float32)}
    graph = onnx.helper.make_graph(
        nodes,
        "bright",
        [onnx.helper.make_tensor_value_info("images", kind, [batch, 3, side, side])],
        [onnx.helper.make_tensor_value_info("output0", kind, [batch, 7, cells * cells])],
        [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def bright(frames=5):
    """A bright red, green or blue cell that moves one cell a frame."""
    out = np.zeros((frames, 64, 64, 3), np.uint8)
    for i in range(frames):
        out[i, 16:24, 8 * i : 8 * i + 8, i % 3] = 200 + i
    return out


@pytest.mark.parametrize(("batch", "passes"), [("batch", [3, 2]), (1, [1] * 5), (2, [2, 2, 2])])
def test_exported_files_are_fed_the_batch_they_take(tmp_path, monkeypatch, batch, passes):
    detector = UltralyticsDetector(
        write_onnx(tmp_path / "net.onnx", batch), image_size=64, batch_size=3, iou=0.3, device="cpu"
    )
    detector.detect(bright(1), 0)
    seen, predict = [], detector._model.predict
    monkeypatch.setattr(
        detector._model, "predict", lambda frames, **k: seen.append(len(frames)) or predict(frames, **k)
    )
    found = detector.detect(bright(), 0)
    assert seen == passes
    for i, one in enumerate(found):
        (box,) = one.xyxy
        assert box == pytest.approx([8 * i + 1, 17, 8 * i + 7, 23], abs=1e-3)
        assert one.class_id.tolist() == [i % 3]
        assert one.confidence == pytest.approx((200 + i) / 255, abs=1e-5)
    alone = [detector.detect(frame[None], 0)[0] for frame in bright()]
    for one, other in zip(found, alone, strict=True):
        assert one.xyxy == pytest.approx(other.xyxy, abs=1e-3)
        assert one.confidence == pytest.approx(other.confidence, abs=1e-6)


def test_exported_for_another_size(tmp_path):
    with pytest.raises(ConfigError, match="set image_size to 64") as error:
        UltralyticsDetector(write_onnx(tmp_path / "net.onnx", 1), image_size=640, device="cpu").detect(FRAMES, 0)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("setting", [{"confidence": 1.1}, {"iou": -1}, {"image_size": 0}, {"batch_size": 0}])
def test_settings_out_of_range(setting):
    with pytest.raises(ConfigError):
        UltralyticsDetector("net.pt", **setting)


def test_imported_late_and_silent(tmp_path):
    """A fresh process: no ultralytics until it is needed, then no name looked up, no telemetry, nothing written."""
    script = """
import socket, sys
asked = []
socket.getaddrinfo = lambda *a, **k: asked.append(a) or (_ for _ in ()).throw(OSError)
socket.socket.connect = lambda self, *a: asked.append(a) or (_ for _ in ()).throw(OSError)
import syrfa.detection
assert not any(name.startswith(("ultralytics", "torch")) for name in sys.modules)
from syrfa.detection.yolo import _import_ultralytics
_import_ultralytics()
from ultralytics.utils import AUTOINSTALL, ONLINE, SETTINGS
from ultralytics.utils.events import events
assert not (AUTOINSTALL or ONLINE or SETTINGS["sync"] or events.enabled or asked), asked
"""
    work = tmp_path / "work"
    work.mkdir()
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("YOLO", "ULTRALYTICS"))}
    environment |= {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTEST_CURRENT_TEST": ""}
    done = subprocess.run([sys.executable, "-c", script], cwd=work, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert list(work.iterdir()) == []
    assert [p.name for p in Path(tmp_path / "cache").iterdir()] == ["syrfa"]
