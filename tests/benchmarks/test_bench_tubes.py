"""Tubes a second and bytes a tube, beside a straightforward reference, in one run on one machine.

Run by `make bench` (SYRFA_BENCH=1); ordinary test runs skip it. The reference does what published patch generators do:
for every frame it reads the frames around it, crops every box with roi_align and saves each tube as a float32 .npy
file. Frames are those of Ped2 where the data is at hand, else JPEG files of the same size with boxes of the same sizes.
"""

import os
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torchvision.ops import roi_align

from syrfa.datasets import VideoFolder
from syrfa.detection import FileDetector
from syrfa.training.provenance import environment
from syrfa.tubes import TubeSpec, build_cache
from syrfa.utils.files import write_json

SHARED = Path(os.environ.get("SYRFA_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
REFERENCE_TUBES = 2_000

pytestmark = [
    pytest.mark.skipif(os.environ.get("SYRFA_BENCH") != "1", reason="a benchmark; run it with SYRFA_BENCH=1"),
    pytest.mark.timeout(900),
]


MEASURED: dict[str, dict[str, float | str]] = {}


@pytest.fixture(scope="module", autouse=True)
def written(material):
    """Leaves what was measured, and on what, in runs/bench_tubes.json."""
    yield
    content = {"material": material[2], "cores": len(os.sched_getaffinity(0)), "rows": MEASURED}
    write_json(Path("runs/bench_tubes.json"), {**content, "environment": environment()})


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    """Root of the videos, file of boxes, and where they are from."""
    if (SHARED / "ped2").is_dir():
        return SHARED / "ped2/testing/frames", SHARED / "ped2_yolov3_detections/test.npz", "Ped2, published boxes"
    root = tmp_path_factory.mktemp("frames")
    rng = np.random.default_rng(0)
    columns = {"boxes": [], "video": [], "frame": []}
    for video in range(6):
        (root / f"{video:02d}").mkdir()
        for frame in range(150):
            picture = cv2.resize(rng.integers(0, 256, (60, 90), np.uint8), (360, 240))
            cv2.imwrite(str(root / f"{video:02d}" / f"{frame:03d}.jpg"), picture)
            corner = rng.uniform(0, [330, 200], (16, 2))
            side = rng.uniform([8, 16], [24, 40], (16, 2))
            columns["boxes"].append(np.concatenate([corner, corner + side, np.full((16, 1), 0.9)], 1))
            columns["video"] += [video] * 16
            columns["frame"] += [frame] * 16
    boxes = np.concatenate(columns.pop("boxes")).astype(np.float32)
    names, lengths = np.array([f"{video:02d}" for video in range(6)]), np.full(6, 150)
    file = tmp_path_factory.mktemp("boxes") / "boxes.npz"
    np.savez(file, boxes=boxes, names=names, frames_per_video=lengths, **{k: np.array(v) for k, v in columns.items()})
    return root, file, "generated frames"


@pytest.fixture(scope="module")
def ours(material, tmp_path_factory):
    """The cache of everything, and the seconds it took."""
    root, boxes, _ = material
    start = time.perf_counter()
    cache = build_cache(
        VideoFolder(root), "test", FileDetector(boxes), TubeSpec(), tmp_path_factory.mktemp("cache"), progress=False
    )
    return cache, time.perf_counter() - start


@pytest.fixture(scope="module")
def reference(material, ours, tmp_path_factory):
    """The first tubes, each a float32 file, in the order of the cache; and the seconds it took."""
    root, _, _ = material
    index = ours[0].index
    folder = tmp_path_factory.mktemp("reference")
    done = 0
    start = time.perf_counter()
    while done < REFERENCE_TUBES:
        video, frame = index.video[done], index.frame[done]
        files = sorted((root / ours[0].video_infos[video].name).iterdir())
        stack = np.stack([cv2.imread(str(file)) for file in files[frame - 3 : frame + 4]])
        stack = torch.from_numpy(stack.transpose(0, 3, 1, 2).astype(np.float32) / 255)
        while index.video[done] == video and index.frame[done] == frame:
            box = torch.from_numpy(index.xyxy[done])[None]
            tube = roi_align(stack, [box] * 7, output_size=(64, 64))
            np.save(folder / f"{done}.npy", tube.numpy())
            done += 1
    return folder, done, time.perf_counter() - start


def report(capsys, title, unit, theirs, mine, higher_is_better=True):
    ratio = mine / theirs if higher_is_better else theirs / mine
    MEASURED[title] = {"unit": unit, "reference": theirs, "ours": mine, "ratio": ratio}
    with capsys.disabled():
        print(f"\n{title:<28} reference {theirs:>12,.0f} {unit:<12} ours {mine:>12,.0f} {unit:<12} {ratio:>6.1f}x")
    return ratio


def test_extraction(ours, reference, material, capsys):
    cache, seconds = ours
    _, count, reference_seconds = reference
    cores = len(os.sched_getaffinity(0))
    title = f"extraction, {cores} cores"
    mine = len(cache) / seconds
    with capsys.disabled():
        print(f"\n{material[2]}: {len(cache):,} tubes, 64x64x7")
    # printed, not asserted: whatever else runs on the machine is part of it, and worker start-up weighs on a short run
    report(capsys, title, "tubes/s", count / reference_seconds, mine)


def test_disk(ours, reference, capsys):
    cache, _ = ours
    folder, count, _ = reference
    theirs = sum(file.stat().st_size for file in folder.iterdir()) / count
    ratio = report(capsys, "disk, grey", "bytes/tube", theirs, cache.manifest["bytes"] / len(cache), False)
    assert ratio >= 10
    assert cache.manifest["bytes"] / len(cache) < 28_700


def test_same_pixels(ours, reference):
    cache, (folder, count, _) = ours[0], reference
    rows = np.random.default_rng(0).choice(count, 200, replace=False)
    for tube, row in zip(cache.read(rows), rows, strict=True):
        theirs = np.load(folder / f"{row}.npy").transpose(0, 2, 3, 1)
        assert np.abs(tube / 255 - theirs).max() <= 1 / 255


def test_shuffled_batches_of_64(ours, reference, capsys):
    cache, (folder, count, _) = ours[0], reference
    rng = np.random.default_rng(0)

    def rate(read, limit):
        read(rng.integers(0, limit, 64))
        best = 0.0
        for _ in range(5):
            start = time.perf_counter()
            for _ in range(20):
                read(rng.integers(0, limit, 64))
            best = max(best, 20 * 64 / (time.perf_counter() - start))
        return best

    cache.read(np.arange(count))  # warm, as the reference is: both read from the page cache
    theirs = rate(lambda rows: np.stack([np.load(folder / f"{row}.npy") for row in rows]), count)
    mine = rate(cache.read, count)
    whole = rate(cache.read, len(cache))
    report(capsys, "shuffled reads, same tubes", "tubes/s", theirs, mine)
    report(capsys, "shuffled reads, whole split", "tubes/s", theirs, whole)
