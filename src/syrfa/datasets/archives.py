"""Unpacking archives that come from elsewhere: nothing outside the folder, nothing but files, no bomb."""

import errno
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Protocol

from syrfa.errors import UserError

UNPACKED_LIMIT = 8 << 30  # bytes; the largest of the archives that are fetched unpacks to a fraction of it
_MEMBERS_LIMIT = 1_000_000
_CHUNK = 1 << 20
_TEMPORARY = ".unpacking-"
# whatever the damaged byte leads to; RuntimeError is how zipfile says that a member is encrypted
_DAMAGE = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError)
_PLACE = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS)  # faults of the disk, not of the archive


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class ArchiveError(UserError, ValueError):
    """An archive is damaged, too large, or holds what no data set needs."""


def unpack(archive: Path, folder: Path, limit: int = UNPACKED_LIMIT) -> list[Path]:
    """Unpacks a `.zip`, `.tar` or `.tar.gz`; on any error nothing of it stays in `folder`.

    Everything is written to a temporary folder first and moved when the whole archive has been read.

    Args:
        archive: the file.
        folder: where its top folders are to stand; created.
        limit: bytes of all members at most, counted as they are written.

    Returns:
        what now stands in `folder`.

    Raises:
        ArchiveError: a member would lie outside the folder, is a link or a device, or there are too many bytes; the
            archive is damaged; or a folder of that name is there already.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(f"{_TEMPORARY}*"):  # of an unpacking that was killed; fetches into one folder take turns
        shutil.rmtree(left)
    temporary = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=folder))
    try:
        write = _write_zip if zipfile.is_zipfile(archive) else _write_tar
        write(archive, temporary, limit)
        targets = [(entry, folder / entry.name) for entry in sorted(temporary.iterdir())]
        for _, target in targets:
            if target.exists():
                raise ArchiveError(f"{target}: is there already; move it away, or leave out the download")
        return [Path(shutil.move(entry, target)) for entry, target in targets]
    except ArchiveError:
        raise
    except (*_DAMAGE, OSError) as error:
        if getattr(error, "errno", None) in _PLACE:
            raise
        clash = isinstance(error, FileExistsError | NotADirectoryError | IsADirectoryError)
        reason = "two members of one name" if clash else " ".join(str(error).split()[:12]) or type(error).__name__
        raise ArchiveError(f"{archive}: damaged, or no archive ({reason}); delete it and fetch it again") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write_tar(archive: Path, folder: Path, limit: int) -> None:
    if not hasattr(tarfile, "data_filter"):
        raise ArchiveError("this Python is too old to unpack archives safely; use 3.10.12, 3.11.4 or newer")
    total = 0
    with tarfile.open(archive) as tar:
        for number, member in enumerate(tar):
            if not (member.isreg() or member.isdir()):
                raise ArchiveError(
                    f"{archive}: {member.name!r} is a link or a device; a data set holds files and folders"
                )
            _checked(archive, member.name)
            total = _within(archive, number, total + member.size, limit)
            tar.extract(member, folder, filter="data")
        if tar.fileobj is not None:  # to the very end, where the check sum of the compression stands
            for number, chunk in enumerate(_chunks(tar.fileobj)):
                total = _within(archive, number, total + len(chunk), limit)


def _write_zip(archive: Path, folder: Path, limit: int) -> None:
    total = 0
    with zipfile.ZipFile(archive) as content:
        for number, member in enumerate(content.infolist()):
            kind = stat.S_IFMT(member.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise ArchiveError(
                    f"{archive}: {member.filename!r} is a link or a device; a data set holds files and folders"
                )
            target = folder / _checked(archive, member.filename)
            _within(archive, number, total + member.file_size, limit)
            if member.is_dir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            with content.open(member) as source, target.open("xb") as file:
                for chunk in _chunks(source):
                    total = _within(archive, number, total + len(chunk), limit)  # the header's size may be a lie
                    file.write(chunk)


def _checked(archive: Path, name: str) -> PurePosixPath:
    """The member's path, relative and inside."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or ":" in name.split("/")[0]:
        raise ArchiveError(f"{archive}: {name!r} would lie outside the folder; this is not the released file")
    return path


def _within(archive: Path, number: int, total: int, limit: int) -> int:
    if total > limit or number >= _MEMBERS_LIMIT:
        raise ArchiveError(f"{archive}: unpacks to more than {limit:,} bytes or a million files; refused")
    return total


def _chunks(source: _Readable) -> Iterator[bytes]:
    while chunk := source.read(_CHUNK):
        yield chunk
