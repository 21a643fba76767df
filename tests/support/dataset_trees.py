"""Trees of data sets, written small, and what every refusal has to be."""

import cv2
import numpy as np
from scipy.io import savemat

SCRIPT = (
    "TestVideoFile = {};\nTestVideoFile{end+1}.gt_frame = [3:5];\nTestVideoFile{end+1}.gt_frame = [1:2, 6];  % two\n"
)


def one_line(error, *parts):
    """An error is one line that names all of the parts; returns it."""
    text = str(error.value)
    assert "\n" not in text
    for part in parts:
        assert str(part) in text
    return text


def write_frames(folder, count, first, suffix):
    """Grey frames of 18x12, numbered from `first`."""
    folder.mkdir(parents=True)
    for i in range(count):
        cv2.imwrite(str(folder / f"{i + first:03d}{suffix}"), np.full((12, 18), i, np.uint8))


def write_official(root):
    """UCSD Ped2 as released: two videos a split, masks of one."""
    base = root / "UCSDped2"
    for name in ("Train/Train001", "Train/Train002", "Test/Test001", "Test/Test002"):
        write_frames(base / name, 6, 1, ".tif")
    masks = base / "Test" / "Test001_gt"
    masks.mkdir()
    for i in range(6):
        mask = np.zeros((12, 18), np.uint8)
        mask[2:4, i : i + 3] = 255 if 2 <= i < 5 else 0
        cv2.imwrite(str(masks / f"{i + 1:03d}.bmp"), mask)
    (base / "Test" / "UCSDped2.m").write_text(SCRIPT)
    return root


def write_cells(path, cells):
    """A MATLAB file with the cell array gt."""
    array = np.empty((1, len(cells)), object)
    for i, cell in enumerate(cells):
        array[0, i] = np.array(cell, np.uint8)
    savemat(path, {"gt": array})


def write_circulated(root, first=0):
    """The repack of UCSD Ped2."""
    for name in ("training/frames/01", "training/frames/02", "testing/frames/01", "testing/frames/02"):
        write_frames(root / name, 6, first, ".jpg")
    write_cells(root / "ped2.mat", [[[3], [5]], [[1, 6], [2, 6]]])
    return root
