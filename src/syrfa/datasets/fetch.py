"""Fetching a data set: an archive downloaded, verified, recorded and unpacked."""

import errno
import json
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pooch
import requests
from tqdm import tqdm

from syrfa.datasets.published import Archive
from syrfa.engine import folder_lock
from syrfa.errors import UserError
from syrfa.utils.files import sha256_file, write_json

RECORD = "fetched.json"
SCHEMA = 1
FIRST_USE = "first-use"
UNPACKED_LIMIT = 8 << 30  # bytes; the largest of the archives that are fetched unpacks to a fraction of it

_FILE_KINDS = (0, 4, 8)  # not given, a folder, a file
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS)  # faults of the disk, not of the archive
_CHUNK = 1 << 16  # what a broken connection had of a chunk is lost
_TIMEOUT = 30.0  # seconds without a byte
_ATTEMPTS = 5  # in a row that bring nothing
_ROOM = 1.1  # the user may let a newer archive in, but not one of any size


class DownloadError(UserError, OSError):
    """A file cannot be had, or is not what was asked for."""


class ArchiveError(UserError, ValueError):
    """An archive is damaged, too large, or holds what no data set needs."""


def fetch(archive: Archive, out: Path, sha256: str | None = None) -> dict[str, Any]:
    """Puts one archive and its unpacked folder into `out`; does nothing where both are there.

    The sum the file has to have is, in this order: `sha256`; the one recorded when it was first fetched here; the
    published one. With `sha256="first-use"` a file never fetched here is taken as it comes and its sum recorded.

    Returns:
        the record kept in `fetched.json`: url, bytes, sha256, against what it was checked, and the folder.

    Raises:
        DownloadError: it cannot be had, has another sum, or its folder is there already.
        ArchiveError: it is damaged, too large, or would write elsewhere.
    """
    with folder_lock(out):
        record = _read_record(out)
        known = record["archives"].get(archive.file)
        expected, against = _expected(archive, known, sha256)
        folder = out / archive.folder
        if folder.exists() and known is None:
            raise DownloadError(f"{folder}: is there already, and not from here; move it away, or use it as it is")
        if folder.is_dir() and known["sha256"] == expected:
            return dict(known)
        if folder.exists():
            raise DownloadError(f"{folder}: of an archive with another SHA-256, {known['sha256']}; move it away first")
        file = _download(archive, out, expected)
        entry = {
            "url": archive.url,
            "bytes": file.stat().st_size,
            "sha256": sha256_file(file),
            "checked_against": against,
            "folder": archive.folder,
        }
        write_json(out / RECORD, {**record, "archives": {**record["archives"], archive.file: entry}})
        unpack(file, out)
        if not folder.is_dir():
            raise DownloadError(f"{file}: unpacked, but it has no {archive.folder}; the authors changed it")
        return entry


def check_sums(sums: Sequence[str]) -> None:
    """Refuses what is neither a SHA-256 nor `first-use`."""
    for text in sums:
        if text != FIRST_USE and not _is_sum(text):
            raise DownloadError(f"sha256 {text!r}: give 64 hexadecimal digits, or {FIRST_USE}")


def unpack(archive: Path, folder: Path, limit: int = UNPACKED_LIMIT) -> list[Path]:
    """Unpacks a `.zip`, `.tar` or `.tar.gz` into `folder`, and returns what came; on any error nothing of it stays."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=folder) as temporary:
        _extract(archive, Path(temporary), limit)
        targets = [(entry, folder / entry.name) for entry in sorted(Path(temporary).iterdir())]
        for _, target in targets:
            if target.exists():
                raise ArchiveError(f"{target}: is there already; move it away, or leave out the download")
        return [Path(shutil.move(entry, target)) for entry, target in targets]


def _extract(archive: Path, folder: Path, limit: int) -> None:
    try:
        with zipfile.ZipFile(archive) if zipfile.is_zipfile(archive) else tarfile.open(archive) as content:
            if isinstance(content, zipfile.ZipFile):
                kinds = {member.filename: member.external_attr >> 28 for member in content.infolist()}
                odd = [name for name, kind in kinds.items() if kind not in _FILE_KINDS]
                names, total = content.namelist(), sum(member.file_size for member in content.infolist())
            else:
                odd = [member.name for member in content if not (member.isreg() or member.isdir())]
                names, total = content.getnames(), sum(member.size for member in content)
            outside = [n for n in names if n.startswith("/") or ".." in n.split("/") or "\\" in n or ":" in n[:2]]
            if odd or outside:
                what = f"{odd[0]!r} is a link or a device" if odd else f"{outside[0]!r} would lie outside the folder"
                raise ArchiveError(f"{archive}: {what}; this is not the released file")
            if total > limit:
                raise ArchiveError(f"{archive}: unpacks to more than {limit:,} bytes; refused")
            if isinstance(content, zipfile.ZipFile):
                content.extractall(folder)
            else:
                content.extractall(folder, filter="data")
                while content.fileobj is not None and content.fileobj.read(1 << 20):
                    pass  # to the very end, where the check sum of the compression is
    except Exception as error:  # whatever the damaged byte leads to
        if isinstance(error, ArchiveError) or getattr(error, "errno", None) in _DISK:
            raise
        reason = " ".join(str(error).split()[:12]) or type(error).__name__
        raise ArchiveError(f"{archive}: damaged, or no archive ({reason}); delete it and fetch it again") from error


def _read_record(out: Path) -> dict[str, Any]:
    """What was fetched into a folder so far."""
    file = out / RECORD
    if not file.is_file():
        return {"schema": SCHEMA, "archives": {}}
    try:
        content = json.loads(file.read_bytes())
        if content["schema"] != SCHEMA or not all(_is_sum(entry["sha256"]) for entry in content["archives"].values()):
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DownloadError(
            f"{file}: damaged, or of another version; delete it, and sums are checked against the published ones"
        ) from error
    return dict(content)


def _is_sum(text: object) -> bool:
    return isinstance(text, str) and len(text) == 64 and set(text) <= set("0123456789abcdef")


def _expected(archive: Archive, known: dict[str, Any] | None, sha256: str | None) -> tuple[str | None, str]:
    if sha256 is not None and sha256 != FIRST_USE:
        return sha256, "the sum that was given"
    if known is not None:
        return str(known["sha256"]), str(known["checked_against"])
    return (None, "nothing: taken as it came") if sha256 == FIRST_USE else (archive.sha256, "the published sum")


def _download(archive: Archive, out: Path, expected: str | None) -> Path:
    digest = f"sha256:{expected}" if expected else None
    part, limit = out / f".{archive.file}.part", int(_ROOM * archive.size)

    def downloader(url: str, output_file: str, _: object, check_only: bool = False) -> None:
        del check_only
        _resume(url, part, limit)
        part.replace(output_file)

    try:
        return Path(pooch.retrieve(archive.url, digest, archive.file, out, downloader=downloader))
    except ValueError as error:  # how pooch reports that the sum is another; it has deleted the file
        raise DownloadError(
            f"{archive.url}: the file that came has another SHA-256 than {expected}; it was deleted. Try again; if the "
            f"authors replaced it, give its sum with --sha256, or --sha256 {FIRST_USE} to take it as it comes"
        ) from error


def _resume(url: str, part: Path, limit: int) -> None:
    """Downloads into `part`, going on behind what is in it already; pooch cannot do that by itself."""
    failures, reason = 0, ""
    while failures < _ATTEMPTS:
        before = part.stat().st_size if part.is_file() else 0
        try:
            if _fetch_rest(url, part, before, limit):
                return
            reason = "the connection ended early"
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
            reason = type(error).__name__
        except requests.RequestException as error:
            raise DownloadError(f"{url}: {type(error).__name__}; is the address right?") from error
        failures = failures + 1 if not part.is_file() or part.stat().st_size <= before else 0
    have = part.stat().st_size if part.is_file() else 0
    raise DownloadError(f"{url}: {reason}, {have:,} bytes have come and are kept; run the same command again to go on")


def _fetch_rest(url: str, part: Path, have: int, limit: int) -> bool:
    """One request; True when the file is whole."""
    headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={have}-"} if have else {})}
    with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as answer:
        content_range = answer.headers.get("Content-Range", "")
        if answer.status_code == requests.codes.requested_range_not_satisfiable:
            if content_range == f"bytes */{have}":
                return True  # all had come already
            part.unlink()  # of another file
            return False
        if answer.status_code not in (requests.codes.ok, requests.codes.partial_content):
            raise DownloadError(f"{url}: the server answers {answer.status_code} {answer.reason}; try the page by hand")
        resumed = answer.status_code == requests.codes.partial_content and content_range.startswith(f"bytes {have}-")
        start = have if resumed else 0
        length = answer.headers.get("Content-Length", "")
        total = start + int(length) if length.isdecimal() else None
        bar = tqdm(total=total, initial=start, desc=part.stem, unit="B", unit_scale=True, disable=None)
        with bar, part.open("ab" if resumed else "wb") as file:
            for chunk in answer.iter_content(_CHUNK):
                if file.tell() + len(chunk) > limit:
                    raise DownloadError(f"{url}: more than {limit:,} bytes; this is not the released file")
                file.write(chunk)
                bar.update(len(chunk))
    return total is None or part.stat().st_size == total
