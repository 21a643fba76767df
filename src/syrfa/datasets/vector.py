"""Labels that lie in `.npy` files. Nothing in them is executed, and no claim of a header is believed."""

import io
import math
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from syrfa.errors import LabelError

LONGEST_HEADER = 1 << 16  # bytes; that of an array of numbers has 128

_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def read_vector(file: Path, frames: int | None = None) -> NDArray[np.uint8]:
    """Reads one 0 or 1 a frame; nothing in the file is executed.

    Args:
        file: the `.npy` file.
        frames: the decoded length of its video, where that is known.

    Returns:
        uint8 (frames,), as the file has them: which of the two means abnormal is the caller's to know.

    Raises:
        LabelError: the file is damaged, holds something else, or has more or fewer labels than the video has frames.
    """
    vector = open_array(file)
    if vector.ndim != 1 or vector.dtype.kind not in "buif" or not np.isin(vector, (0, 1)).all():
        raise LabelError(f"{file}: expected one 0 or 1 a frame, got shape {vector.shape} of {vector.dtype}")
    if frames is not None and len(vector) != frames:
        raise LabelError(f"{file}: {len(vector)} labels, the video has {frames} frames")
    return np.asarray(vector, np.uint8)


def open_array(file: Path) -> NDArray[np.generic]:
    """Maps an `.npy` file into memory: what is not looked at is not read.

    Args:
        file: the `.npy` file.

    Raises:
        LabelError: the file is missing, damaged, cut off, needs a pickle, or is no `.npy` file.
    """
    try:
        return _map(file)
    except Exception as error:  # a damaged header leads the parser to whatever exception it leads to
        raise LabelError(f"{file}: a damaged .npy file; copy it again from the release") from error


def _map(file: Path) -> NDArray[np.generic]:
    with file.open("rb") as stream:
        head = io.BytesIO(stream.read(LONGEST_HEADER))  # a header may claim 4 GB, which reading a file would reserve
    shape, by_column, dtype = _HEADERS[np.lib.format.read_magic(head)](head)
    start = head.tell()
    size = file.stat().st_size - start
    if dtype.hasobject or any(n < 0 for n in shape) or math.prod(shape) * dtype.itemsize != size:
        raise ValueError("the header does not describe the content")
    order: Literal["C", "F"] = "F" if by_column else "C"
    if size == 0:
        return np.empty(shape, dtype, order)
    return np.memmap(file, dtype, "r", start, shape, order)
