"""Frame labels in files of the releases: `.npy` vectors, intervals in `.mat` and `.m` files, and what their 1 means.

Nothing in a file is executed, and no claim of a header is believed.
"""

import io
import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.matlab import MatError, load_variable
from syrfa.errors import LabelError

Interval = tuple[int, int]
Meaning = Literal["abnormal", "normal"]

LARGEST_TEXT = 1 << 24  # bytes; a script or a table of labels has some thousand

_LARGEST_CELLS = 1 << 22  # bytes; the intervals of a test split have some thousand
_LONGEST_HEADER = 1 << 16  # bytes; that of an `.npy` file of numbers has 128
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


class Published(NamedTuple):
    """Frames of a test split, and how many are abnormal: several numbers where several annotations are published."""

    frames: int
    abnormal: tuple[int, ...]


class Polarity(NamedTuple):
    """What 1 means, why, and whether that is surprising: the other way round than in the release."""

    meaning: Meaning
    reason: str
    surprising: bool = False


def decide_polarity(place: Path, ones: int, frames: int, published: Published, one_means: Meaning | None) -> Polarity:
    """What 1 means in the labels of a whole test split: by the published counts or the user's word."""
    counted = f"{ones:,} of {frames:,} frames are 1"
    if one_means is not None:
        return Polarity(one_means, f"1 = {one_means}, as one_means says; {counted}")
    if frames == published.frames and ones in published.abnormal:
        return Polarity("abnormal", f"1 = abnormal, proved: {counted}, as published")
    if frames == published.frames and frames - ones in published.abnormal:
        reason = (
            f"1 = normal, so the labels are inverted, proved: {counted} and {frames - ones:,} abnormal were published"
        )
        return Polarity("normal", reason, surprising=True)
    known = " or ".join(f"{abnormal:,}" for abnormal in published.abnormal) or "an unknown number"
    raise LabelError(
        f"{place}: {counted}, and {known} of {published.frames:,} were published as abnormal; labels of another "
        "release, or shifted by a frame? To take them as they are, say what 1 means: one_means=abnormal or "
        "one_means=normal"
    )


def read_vector(file: Path, frames: int | None = None, one_row: bool = False) -> NDArray[np.uint8]:
    """Reads one 0 or 1 a frame from an `.npy` file of shape (frames,).

    Args:
        file: the file.
        frames: the decoded length of its video, where that is known.
        one_row: also take the shape (1, frames).

    Returns:
        uint8 (frames,), as the file has them: which of the two means abnormal is the caller's to know.
    """
    array = open_array(file)
    vector = array[0] if one_row and array.ndim == 2 and len(array) == 1 else array
    if vector.ndim != 1 or vector.dtype.kind not in "buif" or not np.isin(vector, (0, 1)).all():
        raise LabelError(f"{file}: expected one 0 or 1 a frame, got shape {array.shape} of {array.dtype}")
    if frames is not None and len(vector) != frames:
        raise LabelError(f"{file}: {len(vector)} labels, the video has {frames} frames")
    return np.asarray(vector, np.uint8)


def open_array(file: Path) -> NDArray[np.generic]:
    """Maps an `.npy` file into memory: what is not looked at is not read."""
    try:
        with file.open("rb") as stream:
            head = io.BytesIO(stream.read(_LONGEST_HEADER))  # a header may claim 4 GB, which numpy would reserve
        shape, by_column, dtype = _HEADERS[np.lib.format.read_magic(head)](head)
        size = file.stat().st_size - head.tell()
        if dtype.hasobject or any(n < 0 for n in shape) or math.prod(shape) * dtype.itemsize != size:
            raise ValueError("the header does not describe the content")
        order: Literal["C", "F"] = "F" if by_column else "C"
        if size == 0:
            return np.empty(shape, dtype, order)
        return np.memmap(file, dtype, "r", head.tell(), shape, order)
    except Exception as error:  # a damaged header leads the parser to whatever exception it leads to
        raise LabelError(f"{file}: a damaged .npy file; copy it again from the release") from error


def read_text(file: Path) -> str:
    """The text of a label file; bytes that are none are replaced."""
    try:
        if file.stat().st_size > LARGEST_TEXT:
            raise LabelError(f"{file}: {file.stat().st_size:,} bytes, far more than labels have; is it another file?")
        return file.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise LabelError(f"{file}: cannot be read ({error.strerror})") from error


def read_intervals(file: Path, check: bool = True) -> list[list[Interval]]:
    """Reads the abnormal intervals of every test video.

    Args:
        file: a `.mat` file whose `gt` is (1, videos) of (2, intervals), or a `.m` script of lines
            `TestVideoFile{end+1}.gt_frame = [61:180];`, which is read as text and never executed.
        check: refuse an interval that is empty or starts before 1.

    Returns:
        a list a video of (first, last), 1-based and inclusive.
    """
    videos = _read_mat(file) if file.suffix == ".mat" else _read_script(file)
    for number, intervals in enumerate(videos, start=1):
        for start, end in intervals:
            if check and (start < 1 or end < start):
                raise LabelError(f"{file}: video {number} has the interval {start}:{end}; frames count from 1")
    return videos


def mark_intervals(file: Path, name: str, intervals: Iterable[Interval], frames: int) -> NDArray[np.uint8]:
    """Frame labels, uint8 (frames,), 1 inside the intervals."""
    labels = np.zeros(frames, np.uint8)
    for start, end in intervals:
        if end > frames:
            raise LabelError(f"{file}: {name} is abnormal to frame {end}, the video has {frames} frames")
        labels[start - 1 : end] = 1
    return labels


def _read_mat(file: Path) -> list[list[Interval]]:
    try:
        cells = load_variable(file, "gt", largest=_LARGEST_CELLS)
        if cells.dtype.kind != "O":
            raise MatError("gt is no cell array")
    except (MatError, OSError) as error:
        raise LabelError(f"{file}: not a MATLAB file with the cell array gt of the release: {error}") from error
    tables = [np.asarray(cell, np.float64) for cell in cells.ravel(order="F")]
    if any(table.size and (table.ndim != 2 or table.shape[0] != 2) for table in tables):
        raise LabelError(f"{file}: every cell of gt holds two rows, first and last frames")
    if any(not (np.abs(table) < 2**31).all() or (table % 1).any() for table in tables):  # NaN is not less either
        raise LabelError(f"{file}: gt holds a number that is not the number of a frame")
    return [[(int(start), int(end)) for start, end in table.T] if table.size else [] for table in tables]


def _read_script(file: Path) -> list[list[Interval]]:
    bodies = re.findall(r"gt_frame\s*=\s*\[([^\]]*)\]", re.sub(r"%.*", "", read_text(file)))
    if not bodies:
        raise LabelError(f"{file}: no line like TestVideoFile{{end+1}}.gt_frame = [61:180];")
    return [[_parse_interval(file, part) for part in re.split(r"[\s,;]+", body.strip()) if part] for body in bodies]


def _parse_interval(file: Path, text: str) -> Interval:
    match = re.fullmatch(r"(-?[0-9]{1,9})(?::(-?[0-9]{1,9}))?", text)
    if match is None:
        raise LabelError(f"{file}: {text[:40]!r} is not an interval like 61:180")
    return int(match[1]), int(match[2] or match[1])
