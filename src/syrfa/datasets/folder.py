"""Footage of one's own: any tree of video files and folders of images."""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.base import VideoDataset, VideoRecord
from syrfa.datasets.images import IMAGE_SUFFIXES
from syrfa.datasets.intervals import IntervalRule, IntervalTable, Unit
from syrfa.datasets.video import VIDEO_SUFFIXES
from syrfa.errors import ConfigError, DataNotFoundError, LabelError
from syrfa.utils.files import sha256_file

Kind = Literal["videos", "images"]

DEEPEST = 32  # folders below folders
LONGEST_NAME = 120  # bytes; a file system takes 255, and caches add endings

_SPLITS = {"train": ("train", "training"), "validation": ("validation", "val"), "test": ("test", "testing")}


class VideoFolder(VideoDataset):
    """Any tree of videos.

    ```
    <root>/                                   <root>/
      train/camera1/monday.mp4                  camera1/monday.mp4
      train/camera1/tuesday/0001.jpg ...        camera2/anything/0001.jpg ...
      validation/...
      test/camera1/friday.mp4                   labels.csv, if there are labels; or anywhere else
    ```

    Left with splits, right without: then all of it is `test`, and there is nothing to train on. `training`, `val` and
    `testing` are the same as `train`, `validation` and `test`. A video is a file that OpenCV reads, or a folder that
    holds images, at any depth; links are followed, never in a circle. Videos are named by their path below the root,
    file-name safe: `test/camera1/friday.mp4` is `test__camera1__friday`.

    The table of labels has a header and the columns video, start, end, a row an abnormal interval, a row without start
    and end for a normal video. The video is the path below the root, with or without its ending, or the name. What
    start and end mean has to be said:

    ```
    video,start,end                 unit=frames first_frame=0 end_included=true
    test/camera1/friday.mp4,120,240
    test/camera1/sunday.mp4,,
    ```

    Licence, citation, counts: yours.

    Args:
        root: the folder.
        split: the split that indexing gives.
        labels: the table; None where nothing is labelled.
        unit: whether start and end are `frames` or `seconds`.
        first_frame: the number of the first frame of a video, 0 or 1; needed for frames.
        end_included: whether the frame `end` is abnormal itself; needed for frames.
        fps: frames a second; needed for seconds.
        unlisted: what a test or validation video is that the table does not name: `normal`, or `unlabelled`. None: an
            error.
        kind: which files are the footage where a folder holds both: `videos` or `images`.

    Raises:
        ConfigError: there is a table, but not said what its numbers mean.
    """

    name: ClassVar[str] = "folder"
    splits: ClassVar[tuple[str, ...]] = tuple(_SPLITS)

    def __init__(
        self,
        root: str | Path,
        split: str | None = None,
        labels: str | Path | None = None,
        unit: Unit | None = None,
        first_frame: Literal[0, 1] | None = None,
        end_included: bool | None = None,
        fps: float | None = None,
        unlisted: Literal["normal", "unlabelled"] | None = None,
        kind: Kind | None = None,
    ) -> None:
        super().__init__(root, split)
        if labels is None and (unit, first_frame, end_included, fps, unlisted) != (None,) * 5:
            raise ConfigError(
                "unit, first_frame, end_included, fps and unlisted say what a table means: give labels=FILE"
            )
        self.labels = None if labels is None else Path(labels)
        self.rule = None if labels is None else IntervalRule(unit, first_frame, end_included, fps)
        self.unlisted = unlisted
        self.kind: Kind | None = kind

    def videos(self, split: str) -> list[VideoRecord]:
        """As the base class; the folders are looked through once. Refuses a folder of both videos and images."""
        self.check_split(split)
        if found := self._all[split]:
            return found
        if not any(self._all.values()):
            raise DataNotFoundError(f"{self.root}: no video file and no folder of images in it, at any depth")
        raise DataNotFoundError(
            f"{self.root / split}: no video of the {split} split; put some there, "
            f"{'normal ones alone, ' if split == 'train' else ''}next to a folder test"
        )

    def frame_labels(self, record: VideoRecord) -> NDArray[np.uint8] | None:
        """As the base class; refuses a video that the table does not name where `unlisted` is None."""
        table = self._table
        if table is None:
            return None
        frames = record.length()
        labels = table.labels(record.name, frames)
        if labels is not None or record.split == "train" or self.unlisted == "unlabelled":
            return labels
        if self.unlisted is None:
            raise LabelError(
                f"{table.file}: does not name {record.path.relative_to(self.root)}; add a row without start and end if "
                "it is normal, or say what such videos are: unlisted=normal or unlisted=unlabelled"
            )
        return np.zeros(frames, np.uint8)

    def fps(self) -> float | None:
        """What the table of labels was said to count with, if it counts seconds."""
        return None if self.rule is None else self.rule.fps

    def _labels_manifest(self, split: str) -> dict[str, Any]:
        """The SHA-256 of the table with what its numbers mean."""
        if self.labels is None or self.rule is None:
            return {}
        _ = self._table  # a table that cannot be read is refused
        rule = {"unit": self.rule.unit, "first_frame": self.rule.first_frame, "end_included": self.rule.end_included}
        return {"labels": sha256_file(self.labels), **rule, "fps": self.rule.fps, "unlisted": self.unlisted}

    def describe_layout(self) -> str:
        """As the base class."""
        counts = {split: len(records) for split, records in self._all.items()}
        if not any(counts.values()):
            self.videos("test")  # says what is missing
        table, labels, meaning = self._table, "none", "nothing is labelled"
        if table is not None:
            count = sum(map(len, table.intervals.values()))
            labels, meaning = f"{table.file}, {count} intervals in {len(table.intervals)} videos", str(self.rule)
        return (
            f"layout: {self.root}, {', '.join(f'{count} {split}' for split, count in counts.items())} videos\n"
            f"labels: {labels}\npolarity: intervals name abnormal frames; {meaning}\npixel masks: none"
        )

    @cached_property
    def _all(self) -> dict[str, list[VideoRecord]]:
        if not self.root.is_dir():
            raise DataNotFoundError(f"{self.root}: no such folder of videos")
        paths = self._paths()
        everything = [path for found in paths.values() for path in found]
        names = dict(zip(everything, safe_names(self.root, everything), strict=True))
        return {
            split: sorted((VideoRecord(names[path], path, split) for path in found), key=lambda record: record.name)
            for split, found in paths.items()
        }

    def _paths(self) -> dict[str, list[Path]]:
        entries = sorted(entry for entry in self.root.iterdir() if entry.is_dir())
        places = {
            split: [entry for entry in entries if entry.name.lower() in words] for split, words in _SPLITS.items()
        }
        for folders in places.values():
            if len(folders) > 1:
                raise ConfigError(f"{folders[1]}: {folders[0].name} is there too; leave one of these two folders")
        inside = frozenset(folder for folders in places.values() for folder in folders)
        if not inside:
            return {"train": [], "validation": [], "test": find_videos(self.root, self.kind)}
        outside = find_videos(self.root, "videos", inside)
        if outside:
            self._state(
                f"{self.root}: {len(outside)} videos lie outside {', '.join(sorted(f.name for f in inside))} and are "
                f"not read, first {outside[0]}"
            )
        return {split: find_videos(folders[0], self.kind) if folders else [] for split, folders in places.items()}

    @cached_property
    def _table(self) -> IntervalTable | None:
        if self.labels is None or self.rule is None:
            return None
        names: dict[str, str] = {}
        for record in (record for records in self._all.values() for record in records):
            path = record.path.relative_to(self.root)
            stem = path.with_suffix("") if record.path.is_file() else path
            for alias in (path.as_posix(), stem.as_posix(), record.name):
                if names.setdefault(alias, record.name) != record.name:
                    names[alias] = ""  # of two videos: a table that uses it is refused
        return IntervalTable(self.labels, {a: name for a, name in names.items() if name}, self.rule)


def find_videos(root: Path, kind: Kind | None = None, leave_out: frozenset[Path] = frozenset()) -> list[Path]:
    """All visible video files and folders of images below a folder; links are followed, never in a circle.

    Raises:
        DataNotFoundError: a folder cannot be read.
        ConfigError: a folder lies too deep, or holds two kinds of footage.
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
    inside = [child for child in folders if child not in leave_out]
    below = [path for child in inside for path in _walk(child, kind, leave_out, entered, depth + 1)]
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
    but for upper and lower case, end in eight digits of a hash of the path.
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
