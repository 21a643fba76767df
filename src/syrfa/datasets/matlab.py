"""Variables of MATLAB files, read by `scipy.io.loadmat` behind a check of what they unpack to."""

import math
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat

LARGEST = 1 << 30  # bytes of a variable; the masks of Avenue's longest video are 331 MB, packed to 1.3 MB

_HEADER, _COMPRESSED, _MATRIX, _CHUNK = 128, 15, 14, 1 << 20
_CELL, _NUMBERS, _COMPLEX, _WITH_DIMENSIONS = 1, range(6, 16), 0x800, range(1, 16)  # classes of matrices; a flag
_BYTES = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8}  # of a number, by the type it is stored in
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
        listed = _checked_names(file, names, largest)
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


def _checked_names(file: Path, wanted: tuple[str, ...], largest: int) -> list[str]:
    """The names of the variables of a file, of which the wanted ones are safe to load.

    scipy reserves what a header claims before it looks for it, and a type that it does not know ends the process.
    """
    found = []
    with file.open("rb") as stream:
        start = stream.read(_HEADER)
        if start.startswith((b"\x89HDF\r\n\x1a\n", b"MATLAB 7.3")):
            raise MatError(_LEVEL_7_3)
        order = {b"IM": "<", b"MI": ">"}.get(start[126:128])
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
            if kind != _MATRIX:
                raise MatError(f"holds an element of type {kind} where a variable is expected")
            found.append(_Matrix(read, length, order).check(wanted))
    return found


class _Matrix:
    """One matrix of a file, of `length` bytes, that is read front to back."""

    def __init__(self, read: Read, length: int, order: str, depth: int = 0) -> None:
        self.read, self.left, self.order, self.depth = read, length, order, depth

    def check(self, wanted: tuple[str, ...] = ()) -> str:
        """Its name; a matrix in a cell, and one of the wanted names, is held to its claims."""
        flags = _words(self._part(8, 6), self.order)[0]
        kind = flags & 0xFF
        if kind not in _WITH_DIMENSIONS:  # function handles and opaque objects
            if self.depth:
                raise MatError("has a cell that holds no numbers")
            return ""
        dims = np.frombuffer(self._part(128, 5), f"{self.order}i4")
        if len(dims) < 2 or (dims < 0).any():
            raise MatError("has no dimensions")
        name = self._part(256, 1, 16).decode("ascii", "replace")
        if not self.depth and name not in wanted:
            return name
        elements = math.prod(map(int, dims))
        claim = f"claims {' x '.join(map(str, dims))} elements in {self.left:,} bytes"
        if kind == _CELL:
            self._check_cells(elements, claim)
        elif kind in _NUMBERS and not flags & _COMPLEX:
            self._check_numbers(elements, claim)
        else:
            raise MatError(
                "has a cell that holds no numbers" if self.depth else f"{name} holds neither numbers nor cells"
            )
        if self.left:
            raise MatError("holds more than it claims")
        return name

    def _check_cells(self, elements: int, claim: str) -> None:
        if self.depth == _DEEPEST:
            raise MatError("has cells in cells")
        if 8 * elements > self.left:
            raise MatError(claim)
        for _ in range(elements):
            kind, length, _ = self._tag()
            if kind != _MATRIX or length > self.left:
                raise MatError("has a cell that is no matrix")
            if length:
                _Matrix(self._take, length, self.order, self.depth + 1).check()

    def _check_numbers(self, elements: int, claim: str) -> None:
        kind, length, inline = self._tag()
        if kind not in _BYTES or length != elements * _BYTES[kind]:
            raise MatError(claim)
        left = 0 if inline else length + -length % 8
        while left:
            left -= len(self._take(min(left, _CHUNK)))

    def _part(self, most: int, *kinds: int) -> bytes:
        """The content of a small element of one of these types."""
        kind, length, inline = self._tag()
        if kind not in kinds or length > most:
            raise MatError("has a damaged header")
        return inline[:length] if inline else self._take(length + -length % 8)[:length]

    def _tag(self) -> tuple[int, int, bytes]:
        """Type, length, and the content where it is short enough for the tag itself."""
        data = self._take(8)
        first, second = _words(data, self.order)
        if not first >> 16:
            return first, second, b""
        if first >> 16 > 4:
            raise MatError("has a damaged header")
        return first & 0xFFFF, first >> 16, data[4:]

    def _take(self, size: int) -> bytes:
        if size > self.left:
            raise MatError("claims more than it holds")
        self.left -= size
        return self.read(size)


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
    if len(data) != 8:
        raise MatError("has a damaged header")
    first, second = np.frombuffer(data, f"{order}u4")
    return int(first), int(second)
