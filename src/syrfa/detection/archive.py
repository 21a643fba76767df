"""Arrays of an .npz file from anywhere: no pickle, and no more memory than the file itself can account for."""

import math
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from syrfa.errors import DetectionError

# Columns of equal numbers deflate to a thousandth, but they stand beside boxes that hardly deflate: files of boxes
# as a whole shrink by less than ten.
_GROWTH = 32
_ALWAYS = 64 << 20
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the only ones that zipfile unpacks in bounded steps


def read_arrays(path: Path, names: Iterable[str]) -> dict[str, NDArray[Any]]:
    """Reads those of the arrays `names` that the file holds; others are passed over.

    What an array declares is compared with what the archive declares for it, and that with the size of the file,
    before anything is allocated.

    Args:
        path: an .npz file, stored or deflated.
        names: of arrays, without `.npy`.

    Raises:
        DetectionError: there is no such file; it is no archive of plain arrays; or it unpacks to more than 64 MB and
            more than 32 times its size.
    """
    if not path.is_file():
        raise DetectionError(f"{path}: no such file of boxes")
    try:
        with zipfile.ZipFile(path) as archive:
            members = _members(archive, names)
            _check_size(path, members.values())
            return {name: _read(archive, member) for name, member in members.items()}
    except DetectionError:
        raise
    except Exception as error:  # a damaged archive raises from zipfile, zlib, numpy or the parser of its headers
        raise DetectionError(f"{path}: not an .npz file of plain arrays ({type(error).__name__})") from error


def _members(archive: zipfile.ZipFile, names: Iterable[str]) -> dict[str, zipfile.ZipInfo]:
    listed = archive.infolist()
    found = {name: [member for member in listed if member.filename == f"{name}.npy"] for name in names}
    if any(len(members) > 1 for members in found.values()):
        raise ValueError("two arrays of one name")
    return {name: members[0] for name, members in found.items() if members}


def _check_size(path: Path, members: Iterable[zipfile.ZipInfo]) -> None:
    declared, size = sum(member.file_size for member in members), path.stat().st_size
    if declared > max(_ALWAYS, _GROWTH * size):
        raise DetectionError(
            f"{path}: its {size:,} bytes claim to unpack to {declared:,}; no file of boxes does, so it was not read"
        )


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> NDArray[Any]:
    if member.compress_type not in _METHODS:
        raise ValueError("compressed by another method")
    with archive.open(member) as file:
        _check_header(file, member.file_size)
    with archive.open(member) as file:
        return np.asarray(np.lib.format.read_array(file, allow_pickle=False))


def _check_header(file: IO[bytes], size: int) -> None:
    """Raises where the header announces another number of bytes than the archive holds."""
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError("a version of .npy that plain arrays do not need")
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = header(file)
    if dtype.hasobject or dtype.itemsize == 0 or any(side < 0 for side in shape):
        raise ValueError("no array of plain values")
    if math.prod(shape) * dtype.itemsize != size - file.tell() or (0 in shape and max(shape) > size):
        raise ValueError("the array is not as large as its header says")
