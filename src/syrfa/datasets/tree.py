"""The videos below a folder, at any depth, under names that are safe as names of files."""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from syrfa.datasets.images import IMAGE_SUFFIXES
from syrfa.datasets.video import VIDEO_SUFFIXES
from syrfa.errors import ConfigError, DataNotFoundError

Kind = Literal["videos", "images"]

DEEPEST = 32  # folders below folders
LONGEST_NAME = 120  # bytes; a file system takes 255, and caches add endings


def find_videos(root: Path, kind: Kind | None = None, leave_out: frozenset[Path] = frozenset()) -> list[Path]:
    """All videos below a folder: every video file, and every folder that holds images.

    Links are followed, but no folder is entered twice, so links may lead round in a circle. Hidden files and folders
    are passed over.

    Args:
        root: the folder.
        kind: `videos` passes images over, `images` video files; None takes both.
        leave_out: folders that are not entered.

    Returns:
        their paths, sorted.

    Raises:
        DataNotFoundError: a folder cannot be read.
        ConfigError: folders lie deeper than 32; one holds both video files and images and `kind` is None; or one
            holds images and there is footage below it as well.
    """
    return sorted(_walk(root, kind, leave_out, set(), 0))


def _walk(
    folder: Path, kind: Kind | None, leave_out: frozenset[Path], entered: set[tuple[int, int]], depth: int
) -> Iterator[Path]:
    try:
        status = folder.stat()
        with os.scandir(folder) as entries:
            visible = sorted((e for e in entries if not e.name.startswith(".")), key=lambda entry: entry.name)
            folders = [folder / entry.name for entry in visible if entry.is_dir()]
            files = [folder / entry.name for entry in visible if entry.is_file()]
    except OSError as error:
        raise DataNotFoundError(f"{error.filename or folder}: cannot be read ({error.strerror})") from error
    if (status.st_dev, status.st_ino) in entered:
        return
    entered.add((status.st_dev, status.st_ino))
    if depth > DEEPEST:
        raise ConfigError(f"{folder}: more than {DEEPEST} folders deep; is it the right folder?")
    videos = [file for file in files if file.suffix.lower() in VIDEO_SUFFIXES]
    images = any(file.suffix.lower() in IMAGE_SUFFIXES for file in files)
    if videos and images and kind is None:
        raise ConfigError(
            f"{folder}: video files and images side by side; say which of them are the footage: kind=videos or "
            "kind=images"
        )
    below = [
        path
        for child in folders
        if child not in leave_out
        for path in _walk(child, kind, leave_out, entered, depth + 1)
    ]
    if images and kind != "videos":
        if below:
            raise ConfigError(
                f"{folder}: holds images, and there is footage below it, {below[0]}; move one of them away, or read "
                "video files alone: kind=videos"
            )
        yield folder
    if kind != "images":
        yield from videos
    yield from below


def safe_names(root: Path, paths: list[Path]) -> list[str]:
    """A name for every path: `cam1/monday.mp4` becomes `cam1__monday`.

    Letters, digits, `.`, `_` and `-` are kept, everything else becomes `_`. Names that would be too long, or equal
    but for upper and lower case, end in eight digits of a hash of the path, so the name of a video depends on other
    videos only where they would share it.

    Args:
        root: what the names are relative to.
        paths: below `root`.
    """
    relative = [path.relative_to(root) for path in paths]
    plain = [_plain(path) for path in relative]
    count = Counter(name.casefold() for name in plain)
    return [
        name if count[name.casefold()] == 1 and len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}-{_digest(path)}"
        for name, path in zip(plain, relative, strict=True)
    ]


def _plain(path: Path) -> str:
    stem = path.with_suffix("") if path.suffix.lower() in VIDEO_SUFFIXES else path
    name = "__".join(re.sub(r"[^A-Za-z0-9._-]", "_", part) for part in stem.parts) or "video"
    return name.lstrip(".-") or "video"


def _digest(path: Path) -> str:
    return hashlib.sha256(path.as_posix().encode("utf-8", "surrogateescape")).hexdigest()[:8]
