"""Boxes follow what moves before a still background."""

import pickle

import numpy as np
import pytest

from syrfa.detection import Detector, MotionDetector
from syrfa.errors import ConfigError


def clip(channels=3, frames=40):
    rng = np.random.default_rng(0)
    background = rng.integers(60, 120, (80, 120, channels), dtype=np.uint8)
    out = np.repeat(background[None], frames, axis=0)
    for i in range(frames):
        out[i, 20:50, 2 * i + 5 : 2 * i + 17] = 230
    return out


def run(detector, dataset, frames):
    detector.start(dataset, dataset.videos("train")[0], len(frames), 80, 120)
    return detector.detect(frames, 0)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("shadows", [False, True])
def test_a_moving_block_is_found(make_dataset, channels, shadows):
    detector: Detector = MotionDetector(shadows=shadows)
    found = run(detector, make_dataset(), clip(channels))
    assert all(len(d) == 0 for d in found[:10]), "no background yet"
    for i in range(20, 40):
        (box,) = found[i].xyxy
        assert box == pytest.approx([2 * i + 5, 20, 2 * i + 17, 50], abs=2)
        assert 0.8 < found[i].confidence[0] <= 1
        assert found[i].class_id.tolist() == [-1]


def test_start_forgets_the_video_before(make_dataset):
    dataset, detector = make_dataset(), MotionDetector()
    first = run(detector, dataset, clip())
    run(detector, dataset, 255 - clip())
    again = run(detector, dataset, clip())
    assert all(np.array_equal(a.xyxy, b.xyxy) for a, b in zip(first, again, strict=True))


def test_batches_change_nothing_and_order_is_enforced(make_dataset):
    dataset, detector = make_dataset(), MotionDetector()
    whole = run(detector, dataset, clip())
    detector.start(dataset, dataset.videos("train")[0], 40, 80, 120)
    parts = [d for first in range(0, 40, 7) for d in detector.detect(clip()[first : first + 7], first)]
    assert all(np.array_equal(a.xyxy, b.xyxy) for a, b in zip(whole, parts, strict=True))
    with pytest.raises(RuntimeError, match="frame 40"):
        detector.detect(clip(), 0)


def test_identity_and_processes(make_dataset):
    detector = MotionDetector(min_area=10)
    run(detector, make_dataset(), clip())
    copy = pickle.loads(pickle.dumps(detector))
    assert copy.identity() == detector.identity() != MotionDetector().identity()
    assert len(run(copy, make_dataset(), clip())) == 40


@pytest.mark.parametrize(
    "setting", [{"history": 0}, {"var_threshold": 0}, {"min_area": 0}, {"open": 0}, {"warmup": -1}]
)
def test_settings_out_of_range(setting):
    with pytest.raises(ConfigError):
        MotionDetector(**setting)
