"""A data set and a detector of one's own, in a module of one's own, used from a config by their class paths."""

import cv2
import numpy as np

from syrfa.__main__ import main
from syrfa.tubes import TubeCache

MODULE = '''
import numpy as np
from syrfa.datasets import VideoDataset, VideoRecord
from syrfa.detection import Detections, Detector

class Clips(VideoDataset):
    name, splits = "clips", ("train", "test")

    def videos(self, split):
        return [VideoRecord(path.name, path, split) for path in sorted((self.root / split).iterdir())]

    def frame_labels(self, record):
        return None if record.split == "train" else np.arange(12, dtype=np.uint8) // 6

class BrightPixels(Detector):
    """One box around what is brighter than `level`."""

    def __init__(self, level: int = 200):
        self.level = level

    def identity(self):
        return {"detector": "bright pixels", "level": self.level}

    def detect(self, frames, first):
        boxes = []
        for frame in frames:
            rows, columns = np.nonzero(frame[..., 0] > self.level)
            box = [[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]]
            boxes.append(Detections(np.array(box, np.float32), np.ones(1, np.float32), np.zeros(1, np.int16)))
        return boxes
'''
CONFIG = """
data:
  target:
    dataset: {class_path: my_detector.Clips, init_args: {root: "%s"}}
    detector: {class_path: my_detector.BrightPixels, init_args: {level: 150}}
    spec: {frames: 3, size: 16}
  train_on: target
  prepare_workers: 2
  cache_root: "%s"
"""


def test_prepare_takes_them_by_class_path(tmp_path, monkeypatch, capsys):
    (tmp_path / "my_detector.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    for video in ("train/a", "test/b", "test/c"):
        (tmp_path / "raw" / video).mkdir(parents=True)
        for frame in range(12):
            picture = np.full((40, 60), 30, np.uint8)
            picture[10:30, 2 * frame : 2 * frame + 12] = 180
            cv2.imwrite(str(tmp_path / "raw" / video / f"{frame:02d}.png"), picture)
    (tmp_path / "data.yaml").write_text(CONFIG % (tmp_path / "raw", tmp_path / "cache"))
    assert main(["prepare", f"--config={tmp_path / 'data.yaml'}"]) == 0
    assert "clips" in capsys.readouterr().out
    (folder,) = (tmp_path / "cache").glob("clips-test-*")
    (labels,) = folder.glob("labels-*.npz")
    cache = TubeCache.open(folder)
    cache.read_labels(labels)
    assert cache.manifest["identity"]["detector"] == {"detector": "bright pixels", "level": 150}
    assert cache.index.xyxy[0].tolist() == [2, 10, 14, 30]
    assert cache.frame_labels(1).tolist() == [0] * 6 + [1] * 6
    assert len(cache) == 2 * 10
