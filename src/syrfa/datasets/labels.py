"""Abnormal intervals of many videos in one file, as UCSD released them and as they circulate for Avenue."""

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.matlab import MatError, MatVariable
from syrfa.errors import LabelError

Interval = tuple[int, int]

LARGEST_TEXT = 1 << 24  # bytes; a script or a table of labels has some thousand


def read_intervals(file: Path) -> list[list[Interval]]:
    """Reads the abnormal intervals of every test video.

    Args:
        file: a `.mat` file whose `gt` is (1, videos) of (2, intervals), or a `.m` script of lines
            `TestVideoFile{end+1}.gt_frame = [61:180];`, which is read as text and never executed.

    Returns:
        a list a video of (first, last), 1-based and inclusive.

    Raises:
        LabelError: the file is of another form, or an interval is empty or starts before 1.
    """
    videos = _read_mat(file) if file.suffix == ".mat" else _read_script(file)
    for number, intervals in enumerate(videos, start=1):
        for start, end in intervals:
            if start < 1 or end < start:
                raise LabelError(f"{file}: video {number} has the interval {start}:{end}; frames count from 1")
    return videos


def mark_intervals(file: Path, name: str, intervals: Iterable[Interval], frames: int) -> NDArray[np.uint8]:
    """Frame labels, uint8 (frames,), 1 inside the intervals.

    Args:
        file: where they come from, for the message.
        name: of the video.
        intervals: (first, last), 1-based and inclusive.
        frames: the length of the video.

    Raises:
        LabelError: an interval ends behind the end of the video.
    """
    labels = np.zeros(frames, np.uint8)
    for start, end in intervals:
        if end > frames:
            raise LabelError(f"{file}: {name} is abnormal to frame {end}, the video has {frames} frames")
        labels[start - 1 : end] = 1
    return labels


def read_text(file: Path) -> str:
    """The text of a label file; bytes that are none are replaced.

    Raises:
        LabelError: it cannot be read, or is larger than any label file.
    """
    try:
        if file.stat().st_size > LARGEST_TEXT:
            raise LabelError(f"{file}: {file.stat().st_size:,} bytes, far more than labels have; is it another file?")
        return file.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise LabelError(f"{file}: cannot be read ({error.strerror})") from error


def read_script_bodies(file: Path) -> list[str]:
    """What stands between the brackets of every `gt_frame = [61:180]` of a `.m` script, comments left out.

    Raises:
        LabelError: see `read_text`.
    """
    return re.findall(r"gt_frame\s*=\s*\[([^\]]*)\]", re.sub(r"%.*", "", read_text(file)))


def _read_mat(file: Path) -> list[list[Interval]]:
    try:
        variable = MatVariable(file, "gt")
        if not variable.is_cell:
            raise MatError("gt is no cell array")
        tables = [np.asarray(cell, np.float64) for cell in variable]
    except (MatError, OSError) as error:
        raise LabelError(f"{file}: not a MATLAB file with the cell array gt of the release: {error}") from error
    if any(table.size and (table.ndim != 2 or table.shape[0] != 2) for table in tables):
        raise LabelError(f"{file}: every cell of gt holds two rows, first and last frames")
    if any(not (np.abs(table) < 2**31).all() or (table % 1).any() for table in tables):  # NaN is not less either
        raise LabelError(f"{file}: gt holds a number that is not the number of a frame")
    return [[(int(start), int(end)) for start, end in table.T] if table.size else [] for table in tables]


def _read_script(file: Path) -> list[list[Interval]]:
    bodies = read_script_bodies(file)
    if not bodies:
        raise LabelError(f"{file}: no line like TestVideoFile{{end+1}}.gt_frame = [61:180];")
    return [[_parse_interval(file, part) for part in re.split(r"[\s,;]+", body.strip()) if part] for body in bodies]


def _parse_interval(file: Path, text: str) -> Interval:
    match = re.fullmatch(r"([0-9]{1,9})(?::([0-9]{1,9}))?", text)
    if match is None:
        raise LabelError(f"{file}: {text[:40]!r} is not an interval like 61:180")
    return int(match[1]), int(match[2] or match[1])
