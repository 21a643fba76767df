"""The published boxes of Ped2 through the whole cache: the counts of docs/method.md, and its labels."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.ops import roi_align

from syrfa.datasets import UCSDPed2
from syrfa.datasets.video import open_video
from syrfa.detection import FileDetector
from syrfa.tubes import TubeFilter, TubeSpec, build_cache
from syrfa.tubes.spec import filter_boxes

SHARED = Path(os.environ.get("SYRFA_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
BOXES = SHARED / "ped2_yolov3_detections"

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not (SHARED / "ped2").is_dir(), reason=f"no real data at {SHARED}; set SYRFA_SHARED_DATA"),
]


@pytest.mark.parametrize(("split", "before", "after"), [("train", 27_660, 27_499), ("test", 31_925, 31_735)])
def test_published_counts(split, before, after):
    with np.load(BOXES / f"{split}.npz") as file:
        boxes, video, frame = file["boxes"], file["video"].astype(np.int32), file["frame"].astype(np.int32)
        lengths = file["frames_per_video"]
    spec = TubeSpec().for_split(split)
    used = [frame[i] in spec.centres(int(lengths[video[i]])) for i in range(len(boxes))]
    rows = np.flatnonzero(used & (boxes[:, 4] > spec.min_confidence))
    assert len(rows) == before
    rows = rows[np.lexsort((frame[rows], video[rows]))]
    assert len(filter_boxes(video[rows], frame[rows], boxes[rows, :4], boxes[rows, 4], TubeFilter())) == after


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """All of the test split, as 16 x 16 tubes of 3 frames to save time and disk; the margin stays that of 7 frames."""
    dataset, detector = UCSDPed2(SHARED / "ped2"), FileDetector(BOXES / "{split}.npz")
    spec = TubeSpec(frames=3, size=16, margin=3)
    return build_cache(dataset, "test", detector, spec, tmp_path_factory.mktemp("cache"), progress=False)


def test_cache_of_the_test_split(cache):
    assert len(cache) == 31_925
    assert len(cache.select(TubeFilter())) == 31_735
    assert [info.channels for info in cache.video_infos] == [1] * 12
    labels = [cache.frame_labels(video) for video in range(12)]
    assert sum(len(part) for part in labels) == 2_010
    assert sum(int(part.sum()) for part in labels) == 1_648
    normal = np.array(
        [not labels[video][frame] for video, frame in zip(cache.index.video, cache.index.frame, strict=True)]
    )
    assert (cache.label_table.overlap[normal] == 0).all()
    assert np.isnan(cache.label_table.overlap[~normal]).all()  # Ped2 does not say which object is abnormal


def test_pixels_equal_roi_align(cache):
    rows = np.random.default_rng(0).choice(np.flatnonzero(cache.index.video == 4), 100, replace=False)
    frames = np.stack(list(open_video(SHARED / "ped2" / "testing" / "frames" / "05")))
    tubes = cache.read(rows)
    for tube, row in zip(tubes, rows, strict=True):
        frame, box = cache.index.frame[row], torch.from_numpy(cache.index.xyxy[row])[None]
        stack = torch.from_numpy(frames[frame - 1 : frame + 2]).permute(3, 0, 1, 2).float()
        expected = roi_align(stack, [box], 16)[0].numpy()
        assert np.abs(tube[..., 0] - expected).max() <= 1
