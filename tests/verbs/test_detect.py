"""`syrfa detect`: killed or not, with any number of processes, the same file; tubes of it are the detector's."""

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from small_run import DATA, DEMO, ROOT

from syrfa.__main__ import main
from syrfa.datasets import UCSDPed2
from syrfa.detection import FileDetector, MotionDetector, UltralyticsDetector
from syrfa.detection.box_file import read_boxes
from syrfa.engine import folder_lock
from syrfa.errors import ConfigError, DetectionError
from syrfa.tubes import TubeSpec, build_cache
from syrfa.tubes.boxes import detect_split

# read before other tests point the variable at a generated world
SHARED = Path(os.environ.get("SYRFA_SHARED_DATA", ROOT.parent / "shared" / "data"))
SCRIPT = """
import os, signal, sys
from pathlib import Path
from syrfa.datasets import UCSDPed2
from syrfa.detection import MotionDetector
from syrfa.tubes.boxes import detect_split

root, out, workers, last = sys.argv[1:]
fsync, calls = os.fsync, []
def deadly(handle):
    fsync(handle)
    calls.append(handle)
    if len(calls) == int(last):
        os.kill(os.getpid(), signal.SIGKILL)
if __name__ == "__main__":
    os.fsync = deadly
    detect_split(UCSDPed2(root), "train", MotionDetector(), Path(out), int(workers), progress=False)
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Ped2's layout: four training videos of 20 to 38 frames in which a bright block walks."""
    root = tmp_path_factory.mktemp("raw") / "UCSDped2"
    (root / "Test").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(4):
        folder = root / "Train" / f"Train{number + 1:03d}"
        folder.mkdir(parents=True)
        background = rng.integers(60, 120, (80, 120), dtype=np.uint8)
        for frame in range(20 + 6 * number):
            picture = background.copy()
            picture[20 + number : 50 + number, 2 * frame + 5 : 2 * frame + 17] = 230
            cv2.imwrite(str(folder / f"{frame:03d}.png"), picture)
    return root


@pytest.fixture(scope="module")
def whole(root, tmp_path_factory):
    """The file of an undisturbed run."""
    out = tmp_path_factory.mktemp("whole") / "boxes.npz"
    assert detect_split(UCSDPed2(root), "train", MotionDetector(), out, 1, progress=False)
    return out


def shards(cache):
    """SHA-256 of everything in a cache but the manifest, which names the detector."""
    files = sorted(cache.folder.glob("*.np*"))
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def run(root, out, workers=1, last=0):
    script = out.parent / "script.py"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), str(root), str(out), str(workers), str(last)]
    return subprocess.run(command, capture_output=True, text=True, timeout=900)


def test_what_is_in_the_file(root, whole):
    content = read_boxes(whole)
    assert content.names == ["Train001", "Train002", "Train003", "Train004"]
    assert content.frames_per_video == [20, 26, 32, 38]
    assert content.frame_sizes == [(80, 120)] * 4
    assert content.origin is not None
    assert content.origin.detector == MotionDetector().identity()
    assert (content.origin.dataset, content.origin.split) == ("ped2", "train")
    assert content.origin.manifest == UCSDPed2(root).videos_hash("train")
    assert content.class_id.tolist() == [-1] * len(content.boxes)
    assert len(content.boxes) > 4 * 10
    assert [p.name for p in whole.parent.iterdir()] == [whole.name], "the parts are gone"


def test_tubes_of_the_file_are_the_detectors(root, whole, tmp_path):
    dataset, spec = UCSDPed2(root), TubeSpec(frames=3, size=16, min_confidence=0.1)
    direct = build_cache(dataset, "train", MotionDetector(), spec, tmp_path / "direct", 1, False)
    filed = build_cache(dataset, "train", FileDetector(whole), spec, tmp_path / "filed", 1, False)
    assert direct.key != filed.key
    assert shards(direct) == shards(filed)
    assert len(shards(direct)) == 4 + 2, "tubes, index and labels"
    assert direct.manifest["videos"] == filed.manifest["videos"]


def test_killed_damaged_and_resumed(root, whole, tmp_path):
    out = tmp_path / "killed" / "boxes.npz"
    # files are flushed as job.json, then boxes and part of every video; a kill comes before the rename
    for last, finished in ((1, 0), (4, 1), (1, 1)):
        done = run(root, out, last=last)
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert not out.exists()
        (folder,) = (p for p in out.parent.iterdir() if p.is_dir())
        assert len(list(folder.glob("parts/Train*.json"))) == finished
    part = next(folder.glob("Train*.npz"))
    part.write_bytes(part.read_bytes()[:100])  # a damaged one is made again
    done = run(root, out)
    assert done.returncode == 0, done.stderr
    assert out.read_bytes() == whole.read_bytes()
    assert sorted(p.name for p in out.parent.iterdir()) == ["boxes.npz", "script.py"]


def test_two_processes_give_the_same_bytes(root, whole, tmp_path):
    done = run(root, tmp_path / "boxes.npz", workers=2)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "boxes.npz").read_bytes() == whole.read_bytes()


def test_what_is_there_stays(root, whole, tmp_path):
    out = tmp_path / "boxes.npz"
    out.write_bytes(whole.read_bytes())
    dataset = UCSDPed2(root)
    assert not detect_split(dataset, "train", MotionDetector(), out, 1, False)
    with pytest.raises(ConfigError, match="--overwrite true"):
        detect_split(dataset, "train", MotionDetector(min_area=20), out, 1, False)
    assert out.read_bytes() == whole.read_bytes()
    assert detect_split(dataset, "train", MotionDetector(min_area=20), out, 1, False, overwrite=True)
    content = read_boxes(out)
    assert content.origin is not None
    assert content.origin.detector["min_area"] == 20
    out.write_bytes(b"something else")
    with pytest.raises(ConfigError, match="--overwrite true"):
        detect_split(dataset, "train", MotionDetector(), out, 1, False)


def test_one_writer_a_file(root, tmp_path):
    out = tmp_path / "boxes.npz"
    assert run(root, out, last=1).returncode == -signal.SIGKILL
    (parts,) = (p for p in tmp_path.iterdir() if p.is_dir())
    with folder_lock(parts), pytest.raises(ConfigError, match="another process is at work"):
        detect_split(UCSDPed2(root), "train", MotionDetector(), out, 1, False)
    assert detect_split(UCSDPed2(root), "train", MotionDetector(), out, 1, False)


def test_no_box_at_all(root, tmp_path):
    with pytest.raises(DetectionError, match="not one box in 116 frames"):
        detect_split(UCSDPed2(root), "train", MotionDetector(min_area=9_000), tmp_path / "boxes.npz", 1, False)
    assert not (tmp_path / "boxes.npz").exists()


@pytest.mark.usefixtures("data_environment")
def test_command(tmp_path, capsys):
    config = f"--config={DATA / 'ped2_motion.yaml'}"
    out = tmp_path / "{split}.npz"
    assert main(["detect", config, f"--out={out}", "--workers=1"]) == 0
    assert [p.name for p in tmp_path.iterdir()] == ["test.npz"], "the split the config uses"
    assert main(["detect", config, f"--out={out}", "--split=train", "--workers=1"]) == 0
    assert "boxes/frame" in capsys.readouterr().out
    for name in ("train", "test"):
        origin = read_boxes(tmp_path / f"{name}.npz").origin
        assert origin is not None
        assert origin.split == name
    # the identity of this detector has nested settings
    arguments = ["detect", *DEMO, "--domain=source", "--split=validation", f"--out={tmp_path / 'masks.npz'}"]
    for _ in range(2):
        assert main([*arguments, "--workers=1"]) == 0
    assert "was there" in capsys.readouterr().out
    origin = read_boxes(tmp_path / "masks.npz").origin
    assert origin is not None
    assert origin.detector["detector"] == "annotation"


@pytest.mark.usefixtures("data_environment")
@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([f"--config={DATA / 'ped2_motion.yaml'}"], "out"),
        ([f"--config={DATA / 'ped2_motion.yaml'}", "--out=boxes.txt"], "an .npz"),
        ([f"--config={DATA / 'ped2_motion.yaml'}", "--out=b.npz", "--domain=source"], "no data.source"),
        ([f"--config={DATA / 'ped2_motion.yaml'}", "--out=b.npz", "--split=tset"], "tset"),
        ([f"--config={DATA / 'ped2_motion.yaml'}", "--out=b.npz", "--workers=0"], "at least 1"),
        ([*DEMO, "--domain=source", "--out=b.npz"], "write {split} into it for the splits"),
        (["--out=b.npz"], "no data; add --config"),
    ],
)
def test_half_a_command(arguments, named, tmp_path, monkeypatch, refusal):
    monkeypatch.chdir(tmp_path)
    assert named in refusal(["detect", *arguments])
    assert list(tmp_path.glob("*")) == []


@pytest.mark.real_data
@pytest.mark.skipif(not (SHARED / "yolo").is_dir(), reason=f"no real data at {SHARED}; set SYRFA_SHARED_DATA")
def test_tubes_of_a_file_of_a_real_network(tmp_path, monkeypatch):
    """Eight frames of Ped2 through the network itself, and through a file of it."""
    monkeypatch.setenv("YOLO_CONFIG_DIR", os.environ.get("YOLO_CONFIG_DIR") or str(tmp_path / "yolo"))
    weights = SHARED / "yolo" / "yolov8n_coco_int8.onnx"
    frames = tmp_path / "ped2" / "Train" / "Train001"
    frames.mkdir(parents=True)
    (tmp_path / "ped2" / "Test").mkdir()
    for number in range(8):
        (frames / f"{number:03d}.jpg").symlink_to(SHARED / "ped2" / "training" / "frames" / "01" / f"{number:03d}.jpg")
    network = UltralyticsDetector(weights, confidence=0.05, device="cpu")
    dataset, spec = UCSDPed2(tmp_path / "ped2"), TubeSpec(frames=3, size=16)
    out = tmp_path / "boxes.npz"
    assert detect_split(dataset, "train", network, out, 1, False)
    direct = build_cache(dataset, "train", network, spec, tmp_path / "direct", 1, False)
    filed = build_cache(dataset, "train", FileDetector(out), spec, tmp_path / "filed", 1, False)
    assert shards(direct) == shards(filed)
    assert len(direct) > 0
