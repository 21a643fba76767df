"""The .npy files of a cache, whose length is known at the end; and why a file of a cache cannot be written."""

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from syrfa.errors import CacheError
from syrfa.utils.files import atomic_write

_NOT_WRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR}
_NOT_WRITABLE |= {errno.EEXIST, errno.ENAMETOOLONG, errno.EIO, errno.ESTALE, errno.EXDEV, errno.ETIMEDOUT}
_GO_ON = "run the same command again: it goes on where it stopped"
HEADER = 128  # bytes before the data of a shard, as numpy itself pads them


@contextlib.contextmanager
def writes_to(path: Path) -> Iterator[None]:
    """Turns the system's refusal to write a file, or a folder of files, into a CacheError of one line."""
    try:
        yield
    except FileNotFoundError as error:
        raise CacheError(
            f"{path}: somebody removed the folder or the temporary file while it was written; {_GO_ON}"
        ) from error
    except OSError as error:
        if error.errno not in _NOT_WRITABLE:
            raise
        raise CacheError(
            f"{path}: cannot be written ({os.strerror(error.errno)}); free some space or set SYRFA_CACHE to a folder "
            f"of another disk, then {_GO_ON}"
        ) from error


def npy_header(shape: tuple[int, ...]) -> bytes:
    """The header of a version 1.0 .npy file of uint8 in C order, always 128 bytes, the same on every numpy."""
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape!r}, }}".ljust(HEADER - 11) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode("ascii")


@contextlib.contextmanager
def open_shard(path: Path, tube_shape: tuple[int, int, int, int]) -> Iterator[Callable[[NDArray[np.uint8]], None]]:
    """Appends tubes, (n, *tube_shape), to a shard that is complete when the block ends and absent when it raises."""
    with atomic_write(path) as file:
        count = 0
        file.write(b"\0" * HEADER)

        def append(tubes: NDArray[np.uint8]) -> None:
            nonlocal count
            file.write(np.ascontiguousarray(tubes).data)
            count += len(tubes)

        yield append
        file.seek(0)
        file.write(npy_header((count, *tube_shape)))
