"""Small videos and boxes in files, which any process can read."""

import hashlib

import cv2
import numpy as np
import pytest

from syrfa.datasets import UCSDPed2

LENGTHS = (16, 18, 28, 24, 17)


@pytest.fixture(scope="session")
def videos(tmp_path_factory):
    """Five training videos in Ped2's layout, and the file of their boxes."""
    root = tmp_path_factory.mktemp("raw")
    rng = np.random.default_rng(5)
    columns = {"boxes": [], "video": [], "frame": []}
    for number, length in enumerate(LENGTHS):
        folder = root / "UCSDped2" / "Train" / f"Train{number + 1:03d}"
        folder.mkdir(parents=True)
        for frame in range(length):
            cv2.imwrite(str(folder / f"{frame:03d}.png"), rng.integers(0, 256, (40, 56), np.uint8))
            corner = rng.uniform(0, [35, 19], (3, 2))
            columns["boxes"] += np.concatenate([corner, corner + 15, np.full((3, 1), 0.9)], 1).tolist()
            columns["video"] += [number] * 3
            columns["frame"] += [frame] * 3
    (root / "UCSDped2" / "Test").mkdir()
    names = np.array([f"Train{number + 1:03d}" for number in range(len(LENGTHS))])
    arrays = {name: np.array(values) for name, values in columns.items()}
    np.savez(root / "boxes.npz", names=names, frames_per_video=np.array(LENGTHS), **arrays)
    return UCSDPed2(root), root / "boxes.npz"


@pytest.fixture(scope="session")
def digests():
    """SHA-256 of every file under a folder, hidden ones too, by relative path."""

    def of(folder):
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    return of


@pytest.fixture(scope="session")
def wanted(videos, digests, tmp_path_factory):
    """The files of an undisturbed build in one process."""
    from syrfa.detection import FileDetector
    from syrfa.tubes import TubeSpec, build_cache

    dataset, boxes = videos
    root = tmp_path_factory.mktemp("wanted")
    build_cache(dataset, "train", FileDetector(boxes), TubeSpec(), root, 1, False)
    return digests(root)
