"""Files of a cache: written under a temporary name that only its living writer owns, then renamed."""

import contextlib
import errno
import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from syrfa.errors import CacheError
from syrfa.utils.files import put_in_place, sha256_json

_NOT_WRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR}
_NOT_WRITABLE |= {errno.EEXIST, errno.ENAMETOOLONG, errno.EIO, errno.ESTALE, errno.EXDEV, errno.ETIMEDOUT}
_NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EBADF}
_ABANDONED = 24 * 3600  # seconds without a write after which the writer of an unlocked file is taken for dead
_SEAL = "seal"
HEADER = 128  # bytes before the data of a shard, as numpy itself pads them


@contextlib.contextmanager
def owned_write(path: Path) -> Iterator[IO[bytes]]:
    """Like `syrfa.utils.files.atomic_write`, but the temporary file is locked, so `sweep` of another build spares it.

    Raises:
        CacheError: the disk is full, the folder cannot be written or was removed, or its server fails.
    """
    temporary: Path | None = None
    try:
        temporary, file = _create(path)
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            _rename(temporary, path, file)
    except OSError as error:
        if error.errno in _NOT_WRITABLE:
            raise _not_written(path, error) from error
        raise
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):  # what stands in the way of the rename may stand in the way of this
                temporary.unlink(missing_ok=True)


def _create(path: Path) -> tuple[Path, IO[bytes]]:
    """A new locked file beside `path`.

    The lock only tells sweepers that its writer lives. Where a file system has no locks the file is written without,
    and sweepers go by its age.
    """
    while True:
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = os.fdopen(os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644), "w+b")
        except FileNotFoundError as error:
            raise _vanished(path) from error
        with contextlib.suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)
        if temporary.exists():  # a sweep between creating and locking may have taken it
            return temporary, file
        file.close()


def _rename(temporary: Path, path: Path, file: IO[bytes]) -> None:
    try:
        put_in_place(temporary, path, file)
    except FileNotFoundError as error:
        raise _vanished(path) from error


def _not_written(path: Path, error: OSError) -> CacheError:
    return CacheError(
        f"{path}: cannot be written ({os.strerror(error.errno or 0)}); free some space or set SYRFA_CACHE to a "
        "folder of another disk, then run syrfa prepare again: it goes on where it stopped"
    )


def _vanished(path: Path) -> CacheError:
    return CacheError(
        f"{path}: somebody removed the folder or the temporary file while it was written; run syrfa prepare again: it "
        "goes on where it stopped"
    )


def sweep(folder: Path) -> None:
    """Removes temporary files whose writer is dead; what cannot be removed stays, and harms nobody.

    The kernel drops the lock of a killed process. Where the file system has no locks, a file is left for a day.
    """
    for temporary in folder.rglob(".*.tmp"):
        # opened for writing: NFS refuses an exclusive lock on a file opened for reading
        with contextlib.suppress(OSError), temporary.open("r+b") as file:
            if _writer_is_dead(file):
                temporary.unlink()


def _writer_is_dead(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return time.time() - os.fstat(file.fileno()).st_mtime > _ABANDONED
    return True


def sync_folder(folder: Path) -> None:
    """Brings the renames in `folder` to disk, where the file system can.

    Raises:
        CacheError: the disk or its server failed.
    """
    try:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise _not_written(folder, error) from error


def sealed(content: dict[str, Any]) -> dict[str, Any]:
    """`content` with the SHA-256 of itself, so that no byte of a JSON file can change unnoticed."""
    return {**content, _SEAL: sha256_json(content)}


def unsealed(content: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever a damaged file holds
    """What `sealed` was given.

    Raises:
        ValueError: it is not what was sealed.
    """
    if not isinstance(content, dict) or _SEAL not in content:
        raise ValueError("not sealed")
    inside = {key: value for key, value in content.items() if key != _SEAL}
    if content[_SEAL] != sha256_json(inside):
        raise ValueError("the content has changed since it was sealed")
    return inside


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
