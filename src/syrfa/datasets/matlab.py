"""Variables of MATLAB files, one array at a time.

`scipy.io.loadmat` reserves what a header claims before it looks for it, and loads all masks of a video at once (331 MB
from a file of 1.3 MB). Label files come from anywhere, so this reads the little of the format that labels and volumes
use, numbers and cells of numbers of levels 5 to 7, checks every claim against the bytes, and never holds more than one
cell or plane.
"""

import contextlib
import math
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets import matlab_hdf5

LARGEST_ARRAY = 1 << 26  # bytes of one cell or plane: a mask of 8k x 8k
MOST_ARRAYS = 1 << 22  # frames of one video: 38 hours at 30 a second

_HEADER, _COMPRESSED, _MATRIX, _CELL = 128, 15, 14, 1
_STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}
_HDF5 = b"\x89HDF\r\n\x1a\n"

Read = Callable[[int], bytes]


class MatError(ValueError):
    """A MATLAB file is damaged, of another form, or lacks the variable; the message does not name the file."""


class _Head(NamedTuple):
    """What stands before the numbers of a matrix."""

    kind: int
    dims: tuple[int, ...]
    name: str


class MatVariable:
    """One variable of a MATLAB file.

    Iterating yields its arrays in order, from the file, any number of times: the cells of a cell array, the planes
    (height, width) of a three-dimensional array, or the one array it is. Each has the number type of its MATLAB class.

    Args:
        file: a `.mat` file of level 5, 6 or 7; of level 7.3 where h5py is installed.
        names: the variable is the first of the file that has one of these.

    Attributes:
        name: of the variable.
        dims: as MATLAB's `size`.
        is_cell: whether it is a cell array.
        count: how many arrays iterating yields. Not `len`, for which `list` would reserve memory on the file's word.

    Raises:
        MatError: the file is damaged or cannot be read here, or has no such variable; iterating raises it as well.
        OSError: the file cannot be read.
    """

    def __init__(self, file: Path, *names: str) -> None:
        self.file = file
        self._hdf5 = _is_hdf5(file)
        if self._hdf5:
            with _hdf5_errors():
                self.name, self.dims, self.is_cell = matlab_hdf5.find_variable(file, names)
        else:
            self.name, self.dims, self.is_cell = _find_variable(file, names)
        self.count = math.prod(self.dims) if self.is_cell else self.dims[2] if len(self.dims) == 3 else 1
        if self.count > MOST_ARRAYS:
            raise MatError(f"{self.name} claims {self.count:,} cells or planes")

    def __iter__(self) -> Iterator[NDArray[np.generic]]:
        if not self._hdf5:
            yield from self._level_5()
            return
        with _hdf5_errors():
            yield from matlab_hdf5.read_arrays(self.file, self.name, LARGEST_ARRAY)

    def _level_5(self) -> Iterator[NDArray[np.generic]]:
        for order, read in _elements(self.file):
            head = _head(read, order)
            if head.name != self.name:
                continue
            if self.is_cell:
                yield from (_cell(read, order) for _ in range(self.count))
            elif len(head.dims) == 3:
                yield from _planes(read, order, head)
            else:
                yield _numbers(read, order, head)
            return


def _is_hdf5(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(_HEADER).startswith((_HDF5, b"MATLAB 7.3"))


@contextlib.contextmanager
def _hdf5_errors() -> Iterator[None]:
    try:
        yield
    except Exception as error:  # h5py raises whatever the damaged byte leads to
        raise MatError(str(error).replace("\n", " ")[:200]) from error


def _find_variable(file: Path, names: tuple[str, ...]) -> tuple[str, tuple[int, ...], bool]:
    found: list[str] = []
    for order, read in _elements(file):
        head = _head(read, order)
        if head.name in names:
            if head.kind != _CELL and head.kind not in _CLASSES:
                raise MatError(f"{head.name} holds neither numbers nor cells of numbers")
            return head.name, head.dims, head.kind == _CELL
        found.append(head.name)
    raise MatError(f"no variable {' or '.join(names)}; there is {', '.join(found)[:200] or 'none'}")


def _elements(file: Path) -> Iterator[tuple[str, Read]]:
    """The byte order and a reader for the content of each matrix at the top of the file."""
    with file.open("rb") as stream:
        start = stream.read(_HEADER)
        order = {b"IM": "<", b"MI": ">"}.get(start[126:128], "")
        if len(start) < _HEADER or not order:
            raise MatError("is not a MATLAB file of level 5, 6 or 7")
        position, size = _HEADER, file.stat().st_size
        while position + 8 <= size:
            stream.seek(position)
            kind, length = _words(stream.read(8), order)
            position += 8 + length
            if position > size:
                raise MatError("is cut off")
            if kind == _COMPRESSED:
                stream.seek(position - length)
                read = _inflate(stream.read, length)
                kind = _words(read(8), order)[0]
            else:
                read = _exactly(stream.read)
            if kind == _MATRIX:
                yield order, read


def _exactly(source: Read) -> Read:
    def read(size: int) -> bytes:
        data = source(size)
        if len(data) != size:
            raise MatError("is cut off")
        return data

    return read


def _inflate(source: Read, length: int) -> Read:
    """Decompresses on demand, never further than asked."""
    engine = zlib.decompressobj()
    left = length

    def read(size: int) -> bytes:
        nonlocal left
        parts, missing = [], size
        while missing:
            packed = engine.unconsumed_tail
            if not packed and left:
                packed = source(min(left, 1 << 16))
                left -= len(packed)
            try:
                part = engine.decompress(packed, missing)
            except zlib.error as error:
                raise MatError("is damaged") from error
            if not part and not engine.unconsumed_tail and (engine.eof or not left or not packed):
                raise MatError("is cut off")
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    return read


def _words(data: bytes, order: str) -> tuple[int, int]:
    if len(data) != 8:
        raise MatError("is cut off")
    first, second = np.frombuffer(data, f"{order}u4")
    return int(first), int(second)


def _tag(read: Read, order: str) -> tuple[int, int, bytes]:
    """Type, length, and the data where they are short enough to stand in the tag itself."""
    data = read(8)
    first, second = _words(data, order)
    if first >> 16:
        return first & 0xFFFF, min(first >> 16, 4), data[4:]
    return first, second, b""


def _small(read: Read, order: str, limit: int) -> tuple[int, bytes]:
    """An element of at most `limit` bytes with its padding."""
    kind, length, data = _tag(read, order)
    if length > limit:
        raise MatError("is damaged")
    return kind, data[:length] if data else read(length + -length % 8)[:length]


def _head(read: Read, order: str) -> _Head:
    flags = _small(read, order, 8)[1]
    if len(flags) != 8:
        raise MatError("is damaged")
    kind = _words(flags, order)[0] & 0xFF
    if kind > max(_CLASSES):  # function handles and opaque objects have no dimensions
        return _Head(kind, (), "")
    sizes = _small(read, order, 64)[1]
    if len(sizes) % 4:
        raise MatError("is damaged")
    dims = np.frombuffer(sizes, f"{order}i4")
    if len(dims) < 2 or (dims < 0).any():
        raise MatError("is damaged")
    name = _small(read, order, 256)[1].decode("ascii", "replace")
    return _Head(kind, tuple(int(n) for n in dims), name)


def _cell(read: Read, order: str) -> NDArray[np.generic]:
    kind, length, _ = _tag(read, order)
    if kind != _MATRIX:
        raise MatError("has a cell that is no matrix")
    if length == 0:
        return np.empty((0, 0))
    head = _head(read, order)
    if head.kind not in _CLASSES:
        raise MatError("has a cell that holds no numbers")
    return _numbers(read, order, head)


def _numbers(read: Read, order: str, head: _Head) -> NDArray[np.generic]:
    kind, length, inline = _tag(read, order)
    stored = _stored(kind, length, head, order)
    if length > LARGEST_ARRAY:
        raise MatError(f"has an array of {length:,} bytes, more than a mask or a table of frames needs")
    data = inline[:length] if inline else read(length + -length % 8)[:length]
    return np.frombuffer(data, stored).reshape(head.dims, order="F").astype(_CLASSES[head.kind])


def _planes(read: Read, order: str, head: _Head) -> Iterator[NDArray[np.generic]]:
    kind, length, inline = _tag(read, order)
    stored = _stored(kind, length, head, order)
    if inline:
        read = _exactly(BytesIO(inline[:length]).read)
    size = length // max(head.dims[2], 1)
    if size > LARGEST_ARRAY:
        raise MatError(f"has planes of {size:,} bytes, more than a frame needs")
    for _ in range(head.dims[2]):
        yield np.frombuffer(read(size), stored).reshape(head.dims[:2], order="F").astype(_CLASSES[head.kind])


def _stored(kind: int, length: int, head: _Head, order: str) -> np.dtype[np.generic]:
    if kind not in _STORED:
        raise MatError("is damaged")
    stored: np.dtype[np.generic] = np.dtype(f"{order}{_STORED[kind]}")
    if length != math.prod(head.dims) * stored.itemsize:
        raise MatError(f"claims {' x '.join(str(n) for n in head.dims)} numbers and holds {length:,} bytes of them")
    return stored
