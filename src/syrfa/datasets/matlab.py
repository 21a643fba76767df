"""Variables of MATLAB files, read by `scipy.io.loadmat` behind a check of what they unpack to."""

import math
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat, whosmat

LARGEST = 1 << 30  # bytes of a variable; the masks of Avenue's longest video are 331 MB, packed to 1.3 MB

_HEADER, _COMPRESSED, _MATRIX, _CHUNK = 128, 15, 14, 1 << 20
_COUNTED = (1, *range(6, 16))  # classes of matrices that have at least a byte an element: cells, numbers
_DEEPEST = 2  # a cell of a cell array
Read = Callable[[int], bytes]

_LEVEL_7_3 = "is of level 7.3 (HDF5): load it in MATLAB and save it again with -v7"


class MatError(ValueError):
    """A MATLAB file is damaged, of another form, or lacks the variable; the message does not name the file."""


def load_variable(file: Path, *names: str, largest: int = LARGEST) -> NDArray[Any]:
    """Loads one variable.

    Args:
        file: a `.mat` file of level 5, 6 or 7.
        names: the variable is the first of the file that has one of these.
        largest: bytes that a variable may have when it is unpacked.

    Returns:
        numbers in MATLAB's shape, of the type they are stored in; or for a cell array an object array of such arrays.
    """
    try:
        _check_claims(file, largest)
        listed = [name for name, _, _ in whosmat(str(file))]
        name = next((name for name in listed if name in names), None)
        if name is None:
            raise MatError(f"no variable {' or '.join(names)}; there is {', '.join(listed)[:200] or 'none'}")
        content = loadmat(str(file), variable_names=[name])[name]
    except NotImplementedError as error:
        raise MatError(_LEVEL_7_3) from error
    except (MatError, FileNotFoundError, PermissionError):
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
    """The cells of a cell array, the planes (height, width) of a three-dimensional array, or the one array it is."""
    if content.dtype.kind == "O":
        return list(content.ravel(order="F"))
    return list(np.moveaxis(content, 2, 0)) if content.ndim == 3 else [content]


def _check_claims(file: Path, largest: int) -> None:
    """Walks through the file, keeping nothing: scipy reserves what a header claims before it looks for it."""
    with file.open("rb") as stream:
        start = stream.read(_HEADER)
        if start.startswith((b"\x89HDF\r\n\x1a\n", b"MATLAB 7.3")):
            raise MatError(_LEVEL_7_3)
        order = {b"IM": "<u4", b"MI": ">u4"}.get(start[126:128])
        if order is None or 0 in start[:4]:  # which scipy would take for level 4
            raise MatError("is not a MATLAB file of level 5, 6 or 7")
        size, position = file.stat().st_size, _HEADER
        while position + 8 <= size:
            stream.seek(position)
            read = _exactly(stream.read)
            kind, length = _words(read(8), order)
            position += 8 + length
            if position > size:
                raise MatError("is cut off")
            if kind == _COMPRESSED:
                read = _exactly(_inflate(stream.read, length))
                kind, length = _words(read(8), order)
            if length > largest:
                raise MatError(f"holds {length:,} bytes in one variable, more than {largest:,}; is it another file?")
            if kind == _MATRIX:
                _check_matrix(read, length, order)


def _check_matrix(read: Read, length: int, order: str, depth: int = 0) -> None:
    """Refuses a matrix that is not as long as its parts, or has more elements than bytes."""
    if depth > _DEEPEST:
        raise MatError("has cells in cells")
    number, left, kind = 0, length, 0
    while left >= 8:
        first, second = _words(read(8), order)
        left -= 8
        code, size = (first & 0xFFFF, 0) if first >> 16 else (first, second)  # four bytes fit into the tag itself
        if size > left:
            raise MatError("claims more than it holds")
        if code == _MATRIX:
            _check_matrix(read, size, order, depth + 1)
        elif number < 2:  # flags, then dimensions
            words = np.frombuffer(read(size), order)
            kind = int(words[0]) & 0xFF if number == 0 and len(words) else kind
            if number == 1 and kind in _COUNTED and math.prod(map(int, words)) > length:
                raise MatError(f"claims {' x '.join(map(str, words))} elements in {length:,} bytes")
        else:
            for done in range(0, size, _CHUNK):
                read(min(_CHUNK, size - done))
        padding = min(-size % 8, left - size)
        read(padding)
        number, left = number + 1, left - size - padding


def _exactly(source: Read) -> Read:
    def read(size: int) -> bytes:
        data = source(size)
        if len(data) != size:
            raise MatError("is cut off")
        return data

    return read


def _inflate(source: Read, length: int) -> Read:
    """Unpacks `length` bytes on demand, never further than asked."""
    engine, left = zlib.decompressobj(), length

    def read(size: int) -> bytes:
        nonlocal left
        data = b""
        while len(data) < size:
            packed = engine.unconsumed_tail or source(min(left, 1 << 16))
            left -= 0 if engine.unconsumed_tail else len(packed)
            part = engine.decompress(packed, size - len(data))
            if not part and not packed:
                break
            data += part
        return data

    return read


def _words(data: bytes, order: str) -> tuple[int, int]:
    first, second = np.frombuffer(data, order)
    return int(first), int(second)
