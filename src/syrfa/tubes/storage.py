"""Files of a cache: written under a temporary name that only its living writer owns, then renamed."""

import contextlib
import errno
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from syrfa.errors import CacheError

_NOT_WRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST}
HEADER = 128  # bytes before the data of a shard, as numpy itself pads them


@contextlib.contextmanager
def owned_write(path: Path) -> Iterator[IO[bytes]]:
    """Like `syrfa.files.atomic_write`, but the temporary file is locked, so `sweep` of another build spares it.

    Raises:
        CacheError: the disk is full or the folder cannot be written.
    """
    temporary: Path | None = None
    try:
        temporary, file = _create(path)
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            temporary.replace(path)
    except OSError as error:
        if error.errno in _NOT_WRITABLE:
            raise CacheError(
                f"{path}: cannot be written ({os.strerror(error.errno)}); free some space or set SYRFA_CACHE to a "
                "folder of another disk, then run syrfa prepare again: it goes on where it stopped"
            ) from error
        raise
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _create(path: Path) -> tuple[Path, IO[bytes]]:
    """A new locked file beside `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
        file = os.fdopen(os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644), "w+b")
        fcntl.flock(file, fcntl.LOCK_EX)
        if temporary.exists():  # a sweep between creating and locking may have taken it
            return temporary, file
        file.close()


def sweep(folder: Path) -> None:
    """Removes temporary files whose writer is dead; the kernel drops the lock of a killed process."""
    for temporary in folder.rglob(".*.tmp"):
        with contextlib.suppress(FileNotFoundError, BlockingIOError), temporary.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            temporary.unlink()


def sync_folder(folder: Path) -> None:
    """Brings the renames in `folder` to disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class ShardWriter:
    """Appends tubes to an .npy file whose length is not known beforehand.

    Args:
        file: seekable, at its start.
        tube_shape: (T, size, size, channels).
    """

    def __init__(self, file: IO[bytes], tube_shape: tuple[int, int, int, int]) -> None:
        self.file = file
        self.tube_shape = tube_shape
        self.count = 0
        file.write(b"\0" * HEADER)

    def append(self, tubes: NDArray[np.uint8]) -> None:
        """Writes tubes, (n, T, size, size, channels)."""
        self.file.write(np.ascontiguousarray(tubes).data)
        self.count += len(tubes)

    def finish(self) -> None:
        """Writes the header, now that the number of tubes is known."""
        self.file.seek(0)
        self.file.write(npy_header((self.count, *self.tube_shape)))


def npy_header(shape: tuple[int, ...]) -> bytes:
    """The header of a version 1.0 .npy file of uint8 in C order, always 128 bytes, the same on every numpy."""
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape!r}, }}".ljust(HEADER - 11) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode("ascii")


@contextlib.contextmanager
def open_shard(path: Path, tube_shape: tuple[int, int, int, int]) -> Iterator[ShardWriter]:
    """A shard at `path`, complete when the block ends and absent when it raises."""
    with owned_write(path) as file:
        shard = ShardWriter(file, tube_shape)
        yield shard
        shard.finish()
