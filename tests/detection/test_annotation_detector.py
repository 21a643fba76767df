"""Boxes of id masks do not depend on the order in which they are asked for."""

from dataclasses import replace

import numpy as np
import pytest

from syrfa.detection import AnnotationDetector, BoxNoise, Detector
from syrfa.errors import DetectionError

NO_FRAMES = np.zeros((8, 0, 0, 3), np.uint8)
FRAMES = np.random.default_rng(0).integers(0, 256, (8, 60, 80, 3), np.uint8)


def boxes(detector, dataset, number, first=0, count=8):
    detector.start(dataset, dataset.videos("train")[number], 8, 60, 80)
    return detector.detect(
        FRAMES[np.arange(first, first + count) % 8] if detector.needs_frames else NO_FRAMES[:count], first
    )


def test_exact_boxes(make_dataset):
    detector: Detector = AnnotationDetector()
    assert not detector.needs_frames
    found = boxes(detector, make_dataset(), 0)
    assert len(found) == 8
    assert found[2].xyxy.tolist() == [[7, 10, 19, 40], [17, 12, 29, 42], [50, 20, 64, 58]]
    assert (found[2].confidence == 1).all()


def test_order_and_batches_change_nothing(make_dataset):
    dataset = make_dataset()
    whole = [boxes(AnnotationDetector(BoxNoise(), 3), dataset, n) for n in (0, 1)]
    detector = AnnotationDetector(BoxNoise(), 3)
    for number in (1, 0):
        for first in (5, 0, 2):
            for i, found in enumerate(boxes(detector, dataset, number, first, 3)):
                assert np.array_equal(found.xyxy, whole[number][first + i].xyxy)
                assert np.array_equal(found.confidence, whole[number][first + i].confidence)


def test_seed_and_name_matter(make_dataset):
    dataset = make_dataset()
    a, b = (np.concatenate([d.xyxy for d in boxes(AnnotationDetector(BoxNoise(), s), dataset, 0)]) for s in (0, 1))
    assert a.shape != b.shape or not np.allclose(a, b)
    assert AnnotationDetector(BoxNoise(), 0).identity() != AnnotationDetector(BoxNoise(), 1).identity()
    assert AnnotationDetector().identity() == AnnotationDetector(BoxNoise.none()).identity()
    assert AnnotationDetector().identity() != AnnotationDetector(BoxNoise()).identity()


def test_who_is_too_faint_to_be_seen_is_missed(make_dataset):
    dataset = make_dataset()
    detector = AnnotationDetector(replace(BoxNoise.none(), miss_faint=1.0, faint=70.0))
    assert detector.needs_frames
    detector.start(dataset, dataset.videos("train")[0], 8, 60, 80)
    mask = np.stack([dataset.id_mask(dataset.videos("train")[0], number) for number in range(8)])
    for contrast, least, most in ((0, 0.0, 0.0), (35, 0.5, 0.95), (90, 1.0, 1.0)):
        frames = np.repeat((100 + contrast * (mask > 0))[..., None], 3, axis=-1).astype(np.uint8)
        found = [len(d) for d in detector.detect(frames, 0)]
        objects = sum(len(np.unique(m)) - 1 for m in mask)
        assert least <= sum(found) / objects <= most, contrast


def test_missing_masks_and_other_sizes(make_dataset):
    dataset = make_dataset()
    detector = AnnotationDetector()
    with pytest.raises(DetectionError, match="frame 8") as error:
        boxes(detector, dataset, 0, first=4)
    assert str(dataset.root / "Test001") in str(error.value)
    assert "\n" not in str(error.value)
    detector.start(dataset, dataset.videos("train")[0], 8, 30, 40)
    with pytest.raises(DetectionError, match="80x60"):
        detector.detect(NO_FRAMES, 0)
