"""Files that are whole or not there, JSON that is known to be undamaged, and digests."""

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

_NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EBADF}
_ABANDONED = 24 * 3600  # seconds without a write after which the writer of an unlocked file is taken for dead
_SEAL = "seal"


@contextlib.contextmanager
def atomic_write(path: Path) -> Iterator[IO[bytes]]:
    """Opens a temporary file next to `path`, whose folder is made; on success flushes it to disk and renames it.

    When the block raises, the temporary file is removed and `path` is untouched. The temporary file is locked while it
    is written, so that `sweep` spares it; the kernel drops the lock of a killed process.

    Raises:
        OSError: the disk is full, the folder cannot be written or was removed, or its server fails.
    """
    temporary, file = _create(path)
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            _put_in_place(temporary, path, file)
    finally:
        with contextlib.suppress(OSError):  # the error that led here is the one to be seen
            temporary.unlink(missing_ok=True)


def _create(path: Path) -> tuple[Path, IO[bytes]]:
    """A new locked file next to `path`; unlocked where the file system has no locks."""
    while True:
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.fdopen(os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644), "w+b")
        with contextlib.suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)
        if temporary.exists():  # a sweep between creating and locking may have taken it
            return temporary, file
        file.close()


def _put_in_place(temporary: Path, path: Path, file: IO[bytes]) -> None:
    """Renames; a network file system may do so, lose the answer, try again and report that the source is missing."""
    try:
        temporary.replace(path)
    except FileNotFoundError:
        if not path.exists() or not os.path.samestat(path.stat(), os.fstat(file.fileno())):
            raise


def sweep(folder: Path) -> None:
    """Removes the temporary files in a folder and below whose writer is dead; what cannot be removed stays.

    Where the file system has no locks, a file is left for a day after its last change.
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
        OSError: the disk or its server failed.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(handle)


def write_json(path: Path, content: Any) -> None:  # noqa: ANN401 - anything that json can write
    """Writes `content` as sorted, indented JSON, atomically. NaN and infinities are refused (ValueError)."""
    text = json.dumps(content, indent=2, sort_keys=True, allow_nan=False)
    with atomic_write(path) as file:
        file.write(text.encode() + b"\n")


def sealed(content: Mapping[str, Any]) -> dict[str, Any]:
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


def read_sealed(path: Path) -> dict[str, Any] | None:
    """The content of a file that holds `sealed` JSON; None where it is missing, damaged or not sealed."""
    try:
        return unsealed(json.loads(path.read_bytes()))
    except (OSError, ValueError, RecursionError):
        return None


def leaves(value: object, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Every value in nested dicts and lists that is neither, behind the keys and numbers that lead to it."""
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(part, (*place, str(key)))
    else:
        yield place, value


def sha256_file(path: Path) -> str:
    """The hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_json(content: Any) -> str:  # noqa: ANN401 - anything that json can write
    """The hexadecimal SHA-256 of `content` written as compact, sorted JSON."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
