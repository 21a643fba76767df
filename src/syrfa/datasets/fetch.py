"""`syrfa data fetch`: an archive downloaded, verified, recorded and unpacked."""

import contextlib
import fcntl
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pooch

from syrfa.datasets.archives import unpack
from syrfa.datasets.download import DownloadError, ResumingDownloader
from syrfa.datasets.published import Archive
from syrfa.utils.files import sha256_file, write_json

RECORD = "fetched.json"
SCHEMA = 1
FIRST_USE = "first-use"
_ROOM = 1.1  # the user may let a newer archive in, but not one of any size


def fetch(archive: Archive, out: Path, sha256: str | None = None, progress: bool = True) -> dict[str, Any]:
    """Makes one archive and its unpacked folder stand in `out`; does nothing where both do.

    The sum the file has to have is, in this order: `sha256`; the one recorded when it was first fetched here; the
    published one. With `sha256="first-use"` a file never fetched here is taken as it comes and its sum recorded, and
    later runs hold it to that.

    Args:
        archive: what to fetch.
        out: the folder.
        sha256: 64 hexadecimal digits, or `first-use`; None for the published sum.
        progress: show a bar.

    Returns:
        the record kept in `fetched.json`: url, bytes, sha256, against what it was checked, and the folder.

    Raises:
        DownloadError: it cannot be had, or has another sum.
        ArchiveError: it cannot be unpacked safely.
    """
    out.mkdir(parents=True, exist_ok=True)
    with _alone(out):
        return _fetch(archive, out, sha256, progress)


def _fetch(archive: Archive, out: Path, sha256: str | None, progress: bool) -> dict[str, Any]:
    record = read_record(out)
    known = record["archives"].get(archive.file)
    expected, against = _expected(archive, known, sha256)
    folder = out / archive.folder
    if folder.exists() and known is None:
        raise DownloadError(f"{folder}: is there already, and not from here; move it away, or use it as it is")
    if folder.is_dir() and known["sha256"] == expected:
        return dict(known)
    if folder.exists():
        raise DownloadError(f"{folder}: of an archive with another SHA-256, {known['sha256']}; move it away first")
    file = _download(archive, out, expected, progress)
    found = sha256_file(file)
    entry = {
        "url": archive.url,
        "bytes": file.stat().st_size,
        "sha256": found,
        "checked_against": against,
        "folder": archive.folder,
    }
    write_json(out / RECORD, {**record, "archives": {**record["archives"], archive.file: entry}})
    unpack(file, out)
    if not folder.is_dir():
        raise DownloadError(f"{file}: unpacked, but it has no {archive.folder}; the authors changed it")
    return entry


@contextlib.contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Two fetches into one folder would write one file at once."""
    with (out / ".fetching").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DownloadError(f"{out}: another fetch into this folder is running; wait for it") from error
        yield


def read_record(out: Path) -> dict[str, Any]:
    """What was fetched into a folder so far.

    Raises:
        DownloadError: `fetched.json` is damaged.
    """
    file = out / RECORD
    if not file.is_file():
        return {"schema": SCHEMA, "archives": {}}
    try:
        content = json.loads(file.read_bytes())
        sums = [entry["sha256"] for entry in content["archives"].values()]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DownloadError(
            f"{file}: damaged; delete it, the sums in it will be checked against the published ones"
        ) from error
    if content.get("schema") != SCHEMA or not all(_is_sum(text) for text in sums):
        raise DownloadError(f"{file}: of another version, or damaged; delete it")
    return dict(content)


def check_sums(sums: Sequence[str]) -> None:
    """Raises where one is neither a SHA-256 nor `first-use`.

    Raises:
        DownloadError: naming it.
    """
    for text in sums:
        if text != FIRST_USE and not _is_sum(text):
            raise DownloadError(f"sha256 {text!r}: give 64 hexadecimal digits, or {FIRST_USE}")


def _is_sum(text: object) -> bool:
    return isinstance(text, str) and len(text) == 64 and set(text) <= set("0123456789abcdef")


def _expected(archive: Archive, known: dict[str, Any] | None, sha256: str | None) -> tuple[str | None, str]:
    if sha256 is not None and sha256 != FIRST_USE:
        return sha256, "the sum that was given"
    if known is not None:
        return str(known["sha256"]), str(known["checked_against"])
    return (None, "nothing: taken as it came") if sha256 == FIRST_USE else (archive.sha256, "the published sum")


def _download(archive: Archive, out: Path, expected: str | None, progress: bool) -> Path:
    limit = int(_ROOM * archive.size)
    downloader = ResumingDownloader(out / f".{archive.file}.part", limit, progress)
    try:
        path = pooch.retrieve(
            archive.url, f"sha256:{expected}" if expected else None, archive.file, out, downloader=downloader
        )
    except ValueError as error:  # how pooch says that the sum is another; it has deleted the file
        raise DownloadError(
            f"{archive.url}: the file that came has another SHA-256 than {expected}; it was deleted. Try again; if the "
            f"authors replaced it, give its sum with --sha256, or --sha256 {FIRST_USE} to take it as it comes"
        ) from error
    return Path(path)
