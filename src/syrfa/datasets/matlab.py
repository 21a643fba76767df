"""Variables of MATLAB files, read by `scipy.io.loadmat` behind a check of what they unpack to."""

import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat, whosmat

LARGEST = (
    1 << 30
)  # bytes of a file when unpacked; the masks of Avenue's longest video are 331 MB, of 1.3 MB in the file
MOST_ARRAYS = 1 << 22  # frames of one video: 38 hours at 30 a second

_HEADER, _COMPRESSED, _CHUNK = 128, 15, 1 << 20
_LEVEL_7_3 = "is of level 7.3 (HDF5): load it in MATLAB and save it again with -v7"


class MatError(ValueError):
    """A MATLAB file is damaged, of another form, or lacks the variable; the message does not name the file."""


def load_variable(file: Path, *names: str) -> NDArray[Any]:
    """Loads one variable.

    Args:
        file: a `.mat` file of level 5, 6 or 7.
        names: the variable is the first of the file that has one of these.

    Returns:
        numbers in MATLAB's shape, of the type they are stored in; or for a cell array an object array of such arrays.

    Raises:
        MatError: the file is damaged or of level 7.3, unpacks to more than 1 GiB, has no such variable, or it holds
            neither numbers nor cells of numbers.
        OSError: the file cannot be read.
    """
    _check_size(file)
    try:
        listed = {name: shape for name, shape, _ in whosmat(str(file))}
        name = next((name for name in listed if name in names), None)
        if name is None:
            raise MatError(f"no variable {' or '.join(names)}; there is {', '.join(listed)[:200] or 'none'}")
        if math.prod(listed[name]) > LARGEST:
            raise MatError(f"{name} claims {' x '.join(map(str, listed[name]))} elements")
        content = loadmat(str(file), variable_names=[name])[name]
    except NotImplementedError as error:
        raise MatError(_LEVEL_7_3) from error
    except MatError:
        raise
    except Exception as error:  # scipy raises whatever the damaged byte leads to
        raise MatError(f"is damaged ({' '.join(str(error).split())[:120] or type(error).__name__})") from error
    if not isinstance(content, np.ndarray) or content.dtype.kind not in "buifO":
        raise MatError(f"{name} holds neither numbers nor cells of numbers")
    if content.dtype.kind == "O" and any(
        not isinstance(cell, np.ndarray) or cell.dtype.kind not in "buif" for cell in content.ravel()
    ):
        raise MatError(f"{name} has a cell that holds no numbers")
    return content


def arrays_of(content: NDArray[Any]) -> list[NDArray[Any]]:
    """The cells of a cell array, the planes (height, width) of a three-dimensional array, or the one array it is.

    Raises:
        MatError: there are more than any video has frames.
    """
    is_cell = content.dtype.kind == "O"
    count = content.size if is_cell else content.shape[2] if content.ndim == 3 else 1
    if count > MOST_ARRAYS:
        raise MatError(f"has {count:,} cells or planes")
    if is_cell:
        return list(content.ravel(order="F"))
    return list(np.moveaxis(content, 2, 0)) if content.ndim == 3 else [content]


def _check_size(file: Path) -> None:
    """Unpacks every element at the top of the file, piece by piece and keeping none, to know its size."""
    with file.open("rb") as stream:
        start = stream.read(_HEADER)
        if start.startswith((b"\x89HDF\r\n\x1a\n", b"MATLAB 7.3")):
            raise MatError(_LEVEL_7_3)
        order = {b"IM": "<u4", b"MI": ">u4"}.get(start[126:128])
        if order is None:
            raise MatError("is not a MATLAB file of level 5, 6 or 7")
        size, total, position = file.stat().st_size, 0, _HEADER
        while position + 8 <= size:
            stream.seek(position)
            kind, length = (int(word) for word in np.frombuffer(stream.read(8), order))
            position += 8 + length
            if position > size:
                raise MatError("is cut off")
            packed = zlib.decompressobj() if kind == _COMPRESSED else None
            for first in range(0, length, _CHUNK):
                piece = stream.read(min(_CHUNK, length - first))
                while piece:
                    try:
                        total += len(piece) if packed is None else len(packed.decompress(piece, _CHUNK))
                    except zlib.error as error:
                        raise MatError("is damaged") from error
                    piece = b"" if packed is None else packed.unconsumed_tail
                    if total > LARGEST:
                        raise MatError(f"unpacks to more than {LARGEST:,} bytes; no label file does")
