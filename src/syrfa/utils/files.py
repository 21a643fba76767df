"""Writing files so that a reader sees the old content or the whole new content, never a part."""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any


@contextlib.contextmanager
def atomic_write(path: Path) -> Iterator[IO[bytes]]:
    """Opens a temporary file beside `path`; on success flushes it to disk and renames it to `path`.

    Args:
        path: where the content is to stand. Its folder is created.

    Yields:
        a binary file object. When the block raises, the temporary file is removed and `path` is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            temporary.chmod(0o644)
            put_in_place(temporary, path, file)
    except BaseException:
        with contextlib.suppress(OSError):  # the error that led here is the one to be seen
            temporary.unlink(missing_ok=True)
        raise


def put_in_place(temporary: Path, path: Path, file: IO[bytes]) -> None:
    """Renames `temporary` to `path`.

    A network file system may carry a rename out, lose the answer, try again and report that the source is missing.
    That is no failure when `path` is the file that was written.

    Args:
        temporary: the file's present name.
        path: its new name.
        file: the open file.

    Raises:
        OSError: it was not renamed.
    """
    try:
        temporary.replace(path)
    except FileNotFoundError:
        if not path.exists() or not os.path.samestat(path.stat(), os.fstat(file.fileno())):
            raise


def write_json(path: Path, content: Any) -> None:  # noqa: ANN401 - anything that json can write
    """Writes `content` as sorted, indented JSON, atomically. NaN and infinities are refused (ValueError)."""
    text = json.dumps(content, indent=2, sort_keys=True, allow_nan=False)
    with atomic_write(path) as file:
        file.write(text.encode() + b"\n")


def sha256_file(path: Path) -> str:
    """The hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else _sha256(file)


def _sha256(file: IO[bytes]) -> str:  # Python 3.10 has no hashlib.file_digest
    digest = hashlib.sha256()
    while chunk := file.read(1 << 20):
        digest.update(chunk)
    return digest.hexdigest()


def sha256_json(content: Any) -> str:  # noqa: ANN401 - anything that json can write
    """The hexadecimal SHA-256 of `content` written as compact, sorted JSON."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
