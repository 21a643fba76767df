"""Label files as they are, read without the reader's checks, to say what is wrong with those it refuses."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.finding import Finding, problem
from syrfa.datasets.labels import read_script_bodies
from syrfa.datasets.matlab import MatError, MatVariable
from syrfa.datasets.vector import read_vector
from syrfa.errors import LabelError

Interval = tuple[int, int]

_INTERVAL_FILES = {
    "ped1": ("UCSDped1.m", "ped1.mat"),
    "ped2": ("UCSDped2.m", "ped2.mat"),
    "avenue": ("avenue.mat",),
}
_MASK_FOLDERS = ("testing/test_frame_mask", "test_frame_mask")


@dataclass(frozen=True)
class IntervalFile:
    """The intervals of every test video, in the order of the videos.

    Attributes:
        path: the file.
        videos: first and last frames of each video as written, whatever they are.
    """

    path: Path
    videos: list[list[Interval]]


def find_interval_files(root: Path, key: str) -> list[IntervalFile]:
    """The files of intervals in a copy: `UCSDped2.m` and `ped2.mat`, for `ped1` likewise; `avenue.mat`.

    Args:
        root: the copy; looked into two folders deep.
        key: the data set.
    """
    found = []
    for name in _INTERVAL_FILES.get(key, ()):
        for path in (path for depth in ("", "*/", "*/*/") for path in sorted(root.glob(depth + name))):
            videos = _script(path) if path.suffix == ".m" else _cells(path)
            if videos:
                found.append(IntervalFile(path, videos))
    return found


def check_intervals(file: IntervalFile, names: list[str], lengths: Mapping[str, int | None]) -> list[Finding]:
    """What a file of 1-based inclusive intervals says that cannot be.

    Args:
        file: the file.
        names: the test videos in their order.
        lengths: their frames, None where not known.
    """
    findings = []
    if len(file.videos) != len(names):
        text = f"labels of {len(file.videos)} videos, {len(names)} are there; they go by order, so none can be trusted"
        findings.append(problem(file.path, text, "put the missing videos or the released label file there"))
        return findings
    for name, intervals in zip(names, file.videos, strict=True):
        frames = lengths[name]
        for start, end in intervals:
            if start == 0:
                text = f"{name} has the interval {start}:{end}, frames count from 1: the file was written from 0"
                findings.append(problem(file.path, text, "take the released file, or add 1 to every number in it"))
            if frames is not None and end > frames:
                text = f"{name} is abnormal to frame {end}, the video has {frames} frames"
                findings.append(problem(file.path, text, "video and labels are not of one release; take both from one"))
    return findings


def interval_vectors(
    file: IntervalFile, names: list[str], lengths: Mapping[str, int | None]
) -> dict[str, NDArray[np.uint8]]:
    """Frame labels of the videos whose length is known, cut to it."""
    found = {}
    for name, intervals in zip(names, file.videos, strict=False):
        frames = lengths[name]
        if frames is not None:
            found[name] = np.zeros(frames, np.uint8)
            for start, end in intervals:
                found[name][max(start - 1, 0) : max(end, 0)] = 1
    return found


def mask_vectors(root: Path) -> Iterator[tuple[Path, NDArray[np.uint8]]]:
    """The frame masks of ShanghaiTech that can be read, as they are."""
    for place in _MASK_FOLDERS:
        for file in sorted((root / place).glob("*.npy")):
            try:
                yield file, read_vector(file)
            except LabelError:
                continue  # the reader says so of every video it belongs to


def _script(path: Path) -> list[list[Interval]]:
    pair = r"(\d+)\s*:\s*(\d+)"
    return [[(int(a), int(b)) for a, b in re.findall(pair, body)] for body in read_script_bodies(path)]


def _cells(path: Path) -> list[list[Interval]]:
    try:
        variable = MatVariable(path, "gt")
        arrays = [np.asarray(cell, np.int64) for cell in variable] if variable.is_cell else []
    except (MatError, OSError):  # the reader says that the file is damaged
        return []
    return [[(int(a), int(b)) for a, b in array.reshape(2, -1).T] if array.size % 2 == 0 else [] for array in arrays]
