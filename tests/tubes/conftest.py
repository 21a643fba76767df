"""Small data sets written as real files, and a data set whose labels a test decides."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest

from syrfa.datasets.base import Track, VideoDataset, VideoRecord
from syrfa.detection.base import Detections, Detector

HEIGHT, WIDTH = 40, 56


class FakeDataset(VideoDataset):
    """Folders of frames under `<root>/<split>/<video>`; everything else is set by the test."""

    name = "fake"
    splits = ("train", "test")

    def __init__(self, root):
        super().__init__(root)
        self.labels, self.track_lists, self.masks = {}, {}, {}

    def videos(self, split):
        return [VideoRecord(p.name, p, split) for p in sorted((self.root / split).iterdir())]

    def frame_labels(self, record):
        return self.labels.get(record.name)

    def tracks(self, record):
        return self.track_lists.get(record.name, [])

    def id_mask(self, record, frame):
        return self.masks.get((record.name, frame))

    def labels_hash(self, split):
        masks = sorted((place, mask.tobytes()) for place, mask in self.masks.items())
        known = [sorted((name, labels.tolist()) for name, labels in self.labels.items()), self.track_lists, masks]
        return hashlib.sha256(repr(known).encode()).hexdigest()


class FakeDetector(Detector):
    """`per_frame` random boxes a frame, the same for the same video and frame; pixels are only counted."""

    needs_frames = False

    def __init__(self, per_frame=3, confidence=None, boxes=None):
        self.per_frame, self.confidence, self.boxes = per_frame, confidence, boxes
        self.shown, self.started = [], []

    def identity(self):
        return {"detector": "fake", "per_frame": self.per_frame, "confidence": self.confidence}

    def start(self, dataset, record, frames, height, width):
        self.record = record
        self.started.append((record.name, frames, height, width))

    def detect(self, frames, first):
        self.shown.append((first, frames.shape))
        return [self._of(frame) for frame in range(first, first + len(frames))]

    def _of(self, frame):
        if self.boxes is not None:
            xyxy = np.asarray(self.boxes.get((self.record.name, frame), np.empty((0, 4))), np.float32)
        else:
            rng = np.random.default_rng([frame, *self.record.name.encode()])
            corner = rng.uniform(0, [WIDTH - 21, HEIGHT - 21], (self.per_frame, 2))
            xyxy = np.concatenate([corner, corner + rng.uniform(3, 20, (self.per_frame, 2))], 1).astype(np.float32)
        rng = np.random.default_rng([1, frame])
        confidence = rng.uniform(0.3, 1, len(xyxy)) if self.confidence is None else np.full(len(xyxy), self.confidence)
        return Detections(xyxy, confidence.astype(np.float32), np.arange(len(xyxy), dtype=np.int16))


class SeeingDetector(FakeDetector):
    """The same, but it asks for pixels."""

    needs_frames = True


def write_video(folder, frames, seed=0, colour=False, size=(HEIGHT, WIDTH)):
    """Random smooth frames as .png files; returns them, (frames, height, width, channels), RGB."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    stack = rng.integers(0, 256, (frames, *size, 3 if colour else 1), np.uint8)
    for number, frame in enumerate(stack):
        cv2.imwrite(str(folder / f"{number:03d}.png"), frame[..., ::-1] if colour else frame)
    return stack


def digests(folder):
    """SHA-256 of every file under a folder, hidden ones too."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file()
    }


@dataclass
class Toolbox:
    """What tests share, since test files do not import each other."""

    height: int = HEIGHT
    width: int = WIDTH
    dataset: type = FakeDataset
    detector: type = FakeDetector
    seeing_detector: type = SeeingDetector
    track: type = Track
    write_video: object = field(default=staticmethod(write_video))
    digests: object = field(default=staticmethod(digests))


@pytest.fixture(scope="session")
def tools():
    return Toolbox()


@pytest.fixture
def dataset(tmp_path):
    """Three normal-looking videos a split, of 20, 25 and 30 frames; `v1` has an abnormal object on the left."""
    fake = FakeDataset(tmp_path / "raw")
    for split in fake.splits:
        for number in range(3):
            write_video(fake.root / split / f"v{number}", 20 + 5 * number, seed=number)
            fake.labels[f"v{number}"] = np.zeros(20 + 5 * number, np.uint8)
    mask = np.zeros((HEIGHT, WIDTH), np.int32)
    mask[:, : WIDTH // 2] = 7
    mask[:, WIDTH // 2 :] = 8  # object 8 is normal
    fake.track_lists["v1"] = [Track(7, 8, 16)]
    fake.labels["v1"][8:17] = 1
    fake.masks = {("v1", frame): mask for frame in range(25)}
    return fake


@pytest.fixture
def small_ped2(tmp_path):
    """Ped2's own layout with 4 small training videos, and a file of boxes: classes that other processes can load."""
    root = tmp_path / "UCSDped2"
    boxes, video, frame = [], [], []
    lengths = [16, 18, 20, 22]
    rng = np.random.default_rng(0)
    for number, length in enumerate(lengths):
        write_video(root / "Train" / f"Train{number + 1:03d}", length, seed=number)
        for f in range(length):
            corner = rng.uniform(0, [WIDTH - 21, HEIGHT - 21], (3, 2))
            boxes += np.concatenate([corner, corner + rng.uniform(12, 20, (3, 2)), np.full((3, 1), 0.9)], 1).tolist()
            video += [number] * 3
            frame += [f] * 3
    (root / "Test").mkdir()
    np.savez(
        tmp_path / "boxes.npz",
        boxes=np.array(boxes, np.float32),
        video=np.array(video),
        frame=np.array(frame),
        names=np.array([f"Train{number + 1:03d}" for number in range(4)]),
        frames_per_video=np.array(lengths),
    )
    return root, tmp_path / "boxes.npz"
