"""Weights are loaded without executing them, without the network, and only when they are there."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from syrfa.detection import UltralyticsDetector
from syrfa.errors import ConfigError, WeightsNotFoundError
from syrfa.files import sha256_file

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
    few = UltralyticsDetector(path, classes=[0], **settings).detect(FRAMES, 0)
    assert {int(c) for d in few for c in d.class_id} <= {0}
    identity = detector.identity()
    assert identity["weights"] == sha256_file(path)
    assert pickle.loads(pickle.dumps(detector)).identity() == identity
    assert UltralyticsDetector(path, iou=0.5).identity() != identity
    with pytest.raises(ValueError, match="shape"):
        detector.detect(FRAMES[0], 0)


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
