"""What every data set answers: which videos, where, with which labels."""

import warnings
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.regions import DERIVED, NOTHING, Regions, regions_of_masks
from syrfa.datasets.video import frame_count
from syrfa.errors import ConfigError, DataNotFoundError, LabelError
from syrfa.utils.files import sha256_json

WORLD = "world.json"  # what `syrfa generate` writes last


@dataclass(frozen=True)
class VideoRecord:
    """One video of a split.

    Attributes:
        name: unique within the data set and usable as a file name, e.g. `Test001`.
        path: a folder of frames or a video file.
        split: the split it belongs to.
        annotations: where its labels lie, when they lie in a place of their own.
        frames: its length, where somebody has decoded it already.
    """

    name: str
    path: Path
    split: str
    annotations: Path | None = None
    frames: int | None = field(default=None, compare=False)

    def length(self) -> int:
        """Its length in frames; a video file of which it is not known yet is decoded from end to end.

        Raises:
            VideoError: the video cannot be decoded.
        """
        return frame_count(self.path) if self.frames is None else self.frames


@dataclass(frozen=True)
class Track:
    """An object that is abnormal from frame `start` to frame `end`, both 0-based and inclusive."""

    object_id: int
    start: int
    end: int


class VideoDataset(ABC):
    """A released data set in its own layout.

    Args:
        root: the folder the release was unpacked into.

    Attributes:
        name: short, as in results and the names of caches.
        splits: their names.
        released: videos of each split in the release; empty where there is no release.
        released_fps: frames a second of the release; None where it states none.
        region_truth: how `regions` are made, in words.
        root: the folder.
    """

    name: ClassVar[str]
    splits: ClassVar[tuple[str, ...]]
    released: ClassVar[dict[str, int]] = {}
    released_fps: ClassVar[float | None] = None
    region_truth: ClassVar[str] = DERIVED

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)
        self._stated: set[str] = set()

    @abstractmethod
    def videos(self, split: str) -> list[VideoRecord]:
        """The videos of `split`, sorted by name.

        Raises:
            DataNotFoundError: a folder or file is missing; the message names it and the expected tree.
            ConfigError: there is no such split.
        """

    @abstractmethod
    def frame_labels(self, record: VideoRecord) -> NDArray[np.uint8] | None:
        """Frame labels, shape (frames,), 1 = abnormal; None when the release labels no frame of this split."""

    def tracks(self, record: VideoRecord) -> list[Track]:
        """The abnormal objects of the video; empty for a normal one."""
        del record
        return []

    def id_mask(self, record: VideoRecord, frame: int) -> NDArray[np.int32] | None:
        """Object ids, shape (height, width), 0 = background; None when the release has no mask of this frame."""
        del record, frame
        return None

    def pixel_mask(self, record: VideoRecord, frame: int) -> NDArray[np.bool_] | None:
        """The abnormal pixels, shape (height, width); None when the release has no such mask of this frame."""
        del record, frame
        return None

    def regions(self, record: VideoRecord) -> Regions | None:
        """The abnormal regions of every frame, as boxes joined into tracks; `region_truth` says how they are made.

        None where frames are abnormal, or not labelled, and nothing says where: a video of normal frames has none, nor
        has a frame labelled normal that lacks a mask. Reads every mask of the video.

        Raises:
            LabelError: masks are malformed, or do not fit the video, or some of its abnormal frames have one and
                others do not.
        """
        labels = self.frame_labels(record)
        if labels is not None and not labels.any():
            return NOTHING
        if labels is None or all(self.pixel_mask(record, int(f)) is None for f in np.flatnonzero(labels)):
            return None
        return regions_of_masks(self._mask_or_normal(record, f, bool(label)) for f, label in enumerate(labels))

    def _mask_or_normal(self, record: VideoRecord, frame: int, abnormal: bool) -> NDArray[np.bool_] | None:
        mask = self.pixel_mask(record, frame)
        if mask is None and abnormal:
            raise LabelError(
                f"{self.name} {record.name}: frame {frame} is labelled abnormal and has no pixel mask, other frames "
                "have; add it, or take the masks of the video away to go without regions"
            )
        return mask

    def fps(self) -> float | None:
        """Frames a second; None where it is not stated, and for a generated world, whose clips differ."""
        return None if self.is_generated() else self.released_fps

    def describe_layout(self) -> str:
        """What was recognised, a line each: `layout: ...`, `labels: ...`, `polarity: ...`, `pixel masks: ...`.

        Looks at names and headers, decodes no video.

        Raises:
            DataNotFoundError: there is no copy of the data set in `root`.
        """
        return f"layout: {self.root}"

    def videos_released(self, split: str) -> int | None:
        """Videos of the split in the release; None where there is no release, and for a generated world."""
        return None if self.is_generated() else self.released.get(split)

    def is_generated(self) -> bool:
        """Whether `syrfa generate` made this: its worlds borrow the layouts of releases, not their counts."""
        return any((place / WORLD).is_file() for place in (self.root, self.root.resolve().parent))

    def check_split(self, split: str) -> None:
        """Refuses what is no split of this data set.

        Raises:
            ConfigError: with the names of those there are.
        """
        if split not in self.splits:
            raise ConfigError(f"split {split!r}: {self.name} has {', '.join(self.splits)}")

    def manifest(self, split: str) -> dict[str, Any]:
        """What the split consists of, as JSON: per video its name, files and bytes. Two equal copies agree."""
        return {
            "dataset": self.name,
            "split": split,
            "videos": [_files_of(record) for record in self.videos(split)],
        }

    def manifest_hash(self, split: str) -> str:
        """SHA-256 of `manifest(split)`; part of the tube cache's key and of every result."""
        return sha256_json(self.manifest(split))

    def _state_missing(self, place: Path, there: int, split: str, what: str) -> None:
        """Warns where a copy has fewer videos of a split than the release; `what` names them, as `clips of X's`."""
        missing = self.released[split] - there
        if missing > 0:
            self._state(
                f"{place}: {there} of {self.released[split]} {what} {split} split are there, {missing} are missing; "
                f"results are of those {there} alone"
            )

    def _state(self, decision: str) -> None:
        """Warns of a decision that the data leave open to doubt: once a reader, not once a video."""
        if decision not in self._stated:
            self._stated.add(decision)
            warnings.warn(decision, stacklevel=3)


def _files_of(record: VideoRecord) -> dict[str, Any]:
    """The size of the video and of its annotations; folders in a folder of frames are not part of it."""
    places = [record.path] + ([record.annotations] if record.annotations else [])
    files = [f for place in places for f in (sorted(place.iterdir()) if place.is_dir() else [place]) if not f.is_dir()]
    try:
        return {"name": record.name, "files": len(files), "bytes": sum(f.stat().st_size for f in files)}
    except OSError as error:
        raise DataNotFoundError(f"{error.filename}: cannot be read ({error.strerror})") from error
