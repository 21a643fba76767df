"""The tracks derived from Ped2's pixel masks, and what box width alone reaches on them."""

import os
from pathlib import Path

import numpy as np
import pytest
from naive_regions import naive_regions

from syrfa.datasets import UCSDPed2
from syrfa.evaluation import ObjectScores, box_width
from syrfa.evaluation.metrics.region_level import match, region_metrics

ROOT = Path(os.environ.get("SYRFA_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
PED2, BOXES = ROOT / "ped2", ROOT / "ped2_yolov3_detections" / "test.npz"
MASKS = PED2 / "ped2_gt_masks_packed.npz"

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not (BOXES.is_file() and MASKS.is_file()), reason=f"no Ped2 boxes and masks under {ROOT}"),
]


@pytest.fixture(scope="module")
def regions(tmp_path_factory):
    """Of the reader, the packed masks unpacked into the place of the repack: test_pixel_mask/01.npy."""
    root = tmp_path_factory.mktemp("ped2")
    for name in ("training", "testing", "ped2.mat"):
        (root / name).symlink_to(PED2 / name)
    (root / "test_pixel_mask").mkdir()
    with np.load(MASKS) as file:
        shape, lengths = file["shape"], file["frames_per_video"]
        pixels = np.unpackbits(file["packed"], axis=1, count=int(shape[1] * shape[2])).reshape(shape)
    for number, video in enumerate(np.split(pixels, np.cumsum(lengths)[:-1]), start=1):
        np.save(root / "test_pixel_mask" / f"{number:02d}.npy", video)
    dataset = UCSDPed2(root)
    return [dataset.regions(record) for record in dataset.videos("test")]


def test_tracks_and_regions_of_ped2(regions):
    assert [video.tracks for video in regions] == [1, 1, 2, 2, 1, 2, 2, 3, 2, 1, 3, 1]
    assert [len(video) for video in regions] == [120, 86, 270, 210, 129, 240, 258, 317, 161, 150, 376, 93]
    assert sum(video.tracks for video in regions) == 21
    assert sum(len(np.unique(video.frame)) for video in regions) == 1648  # every abnormal frame has a region
    assert {video.size for video in regions} == {(240, 360)}
    # no track breaks off: each holds all frames from its first to its last
    for video in regions:
        for track in range(video.tracks):
            frames = video.frame[video.track == track]
            assert np.array_equal(frames, np.arange(frames[0], frames[-1] + 1))


def test_box_width_on_ped2(regions):
    """All published boxes above 0.5, of every frame, the first and last three included."""
    with np.load(BOXES) as stored:
        boxes, video, frame = stored["boxes"], stored["video"], stored["frame"]
        lengths = stored["frames_per_video"]
    matched, plain = [], []
    for number, length in enumerate(lengths):
        here = (video == number) & (boxes[:, 4] > 0.5)
        xyxy = boxes[here, :4].astype(np.float32)
        objects = ObjectScores("v", int(length), 240, 360, frame[here].astype(np.int32), xyxy, np.zeros(len(xyxy)))
        widths, truth = box_width(objects), regions[number]
        matched.append(match(widths, truth))
        rows = np.column_stack([widths.object_frame, widths.object_xyxy.astype(np.float64), widths.object_score])
        tracks = [
            dict(zip(truth.frame[truth.track == k].tolist(), truth.xyxy[truth.track == k].tolist(), strict=True))
            for k in range(truth.tracks)
        ]
        plain.append((int(length), rows.tolist(), tracks))
    found = region_metrics(matched, resamples=0)
    assert (found["rbdc"].value, found["tbdc"].value) == pytest.approx(naive_regions(plain), abs=1e-9)
    assert found["rbdc"].value == pytest.approx(0.575133, abs=1e-5)
    assert found["tbdc"].value == pytest.approx(0.711514, abs=1e-5)
