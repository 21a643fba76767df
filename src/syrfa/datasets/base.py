"""What every data set answers: which videos, where, with which labels."""

import json
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.regions import DERIVED, NOTHING, Regions, regions_of_masks
from syrfa.datasets.video import frame_count, open_video
from syrfa.errors import ConfigError, DataNotFoundError, LabelError
from syrfa.utils.files import sha256_json

WORLD = "world.json"  # what `syrfa generate` writes last


@dataclass(frozen=True)
class VideoRecord:
    """Where one video of a split is.

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
        """Its length in frames; a video file of which it is not known yet is decoded from end to end."""
        return frame_count(self.path) if self.frames is None else self.frames


@dataclass(frozen=True)
class Track:
    """An object that is abnormal from frame `start` to frame `end`, both 0-based and inclusive."""

    object_id: int
    start: int
    end: int


class Video:
    """One video with its labels, as `dataset[i]` gives it. Nothing is decoded before it is asked for.

    `len(video)` is its length in frames; iterating decodes them one at a time, each uint8 (height, width, channels) in
    RGB order, with one channel for a frame without colour. `name` is unique within the data set, `record` says where
    the video is. Each attribute and each iteration can raise VideoError or LabelError where files are damaged.
    """

    def __init__(self, dataset: "VideoDataset", record: VideoRecord) -> None:
        self._dataset, self.record, self.name = dataset, record, record.name

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        return iter(open_video(self.record.path, self.record.frames))

    def __repr__(self) -> str:
        return f"Video({self.record.path})"

    @cached_property
    def _length(self) -> int:
        return self.record.length()

    @property
    def frames(self) -> NDArray[np.uint8]:
        """All frames, uint8 (frames, height, width, channels); decoded anew each time, and not kept."""
        frames = list(self)
        channels = max(frame.shape[-1] for frame in frames)
        return np.stack([np.broadcast_to(frame, (*frame.shape[:2], channels)) for frame in frames])

    @cached_property
    def labels(self) -> NDArray[np.uint8] | None:
        """Frame labels, uint8 (frames,), 1 = abnormal; None where the release labels no frame of this split."""
        return self._dataset.frame_labels(self.record)


class VideoDataset(ABC):
    """A released data set in its own layout.

    With a split it is a sequence of its videos:

    ```
    dataset = UCSDPed2("data/raw/ped2", "test")
    video = dataset[0]
    print(len(dataset), video.name, len(video), video.frames.shape, video.labels.sum())
    ```

    Args:
        root: the folder the release was unpacked into.
        split: the split that indexing and iterating give; None where every split is asked for by name.

    Attributes:
        name: short, as in results and the names of caches.
        splits: their names.
        released: videos of each split in the release; empty where there is no release.
        released_fps: frames a second of the release; None where it states none.
        region_truth: how `regions` are made, in words.

    Raises:
        ConfigError: there is no such split.
    """

    name: ClassVar[str]
    splits: ClassVar[tuple[str, ...]]
    released: ClassVar[dict[str, int]] = {}
    released_fps: ClassVar[float | None] = None
    region_truth: ClassVar[str] = DERIVED

    def __init__(self, root: str | Path, split: str | None = None) -> None:
        self.root = Path(root)
        self.split = split
        if split is not None:
            self.check_split(split)
        self._stated: set[str] = set()
        self._clip_rates: dict[str, float] | None = None

    def __len__(self) -> int:
        return len(self._indexed)

    def __getitem__(self, index: int) -> Video:
        return Video(self, self._indexed[index])

    def __iter__(self) -> Iterator[Video]:
        return (Video(self, record) for record in self._indexed)

    def __bool__(self) -> bool:
        return True

    @cached_property
    def _indexed(self) -> list[VideoRecord]:
        if self.split is None:
            raise ConfigError(
                f"{type(self).__name__}: name a split to index or iterate it, e.g. {type(self).__name__}(root, "
                f"{self.splits[-1]!r}), or call videos(split)"
            )
        return self.videos(self.split)

    @abstractmethod
    def videos(self, split: str) -> list[VideoRecord]:
        """The videos of `split`, sorted by name.

        Raises:
            DataNotFoundError: a folder or file is missing; the message names it and the expected tree.
            ConfigError: there is no such split.
        """

    @abstractmethod
    def frame_labels(self, record: VideoRecord) -> NDArray[np.uint8] | None:
        """Frame labels, shape (frames,), 1 = abnormal; None when the release labels no frame of this split.

        Raises:
            DataNotFoundError: the split is labelled and the labels are missing.
            LabelError: they are malformed, do not fit the video, or nobody can tell what their 1 means.
        """

    def tracks(self, record: VideoRecord) -> list[Track]:
        """The abnormal objects of the video; empty for a normal one."""
        del record
        return []

    def id_mask(self, record: VideoRecord, frame: int) -> NDArray[np.int32] | None:
        """Object ids, shape (height, width), 0 = background; None when the release has no mask of this frame."""
        del record, frame
        return None

    def pixel_mask(self, record: VideoRecord, frame: int) -> NDArray[np.bool_] | None:
        """The abnormal pixels, shape (height, width); None when the release has no such mask of this frame.

        Raises:
            LabelError: masks are malformed, or are more or fewer than frames.
        """
        del record, frame
        return None

    def regions(self, record: VideoRecord) -> Regions | None:
        """The abnormal regions of every frame, as boxes joined into tracks; `region_truth` says how they are made.

        None where frames are abnormal, or not labelled, and nothing says where. Reads every mask of the video.

        Raises:
            LabelError: masks do not fit the video, or some of its abnormal frames have one and others do not.
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

    def frame_rate(self, record: VideoRecord) -> float | None:
        """Frames a second of this very video; None where it is not stated. Of a generated clip, what its world says."""
        if not self.is_generated():
            return self.fps()
        if self._clip_rates is None:
            place = next(p / WORLD for p in (self.root, self.root.resolve().parent) if (p / WORLD).is_file())
            self._clip_rates = json.loads(place.read_text()).get("fps", {})
        return self._clip_rates.get(f"{record.split}/{record.name}")

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
        """Raises a ConfigError where there is no such split."""
        if split not in self.splits:
            raise ConfigError(f"split {split!r}: {self.name} has {', '.join(self.splits)}")

    def manifest(self, split: str) -> dict[str, Any]:
        """What the split consists of, labels included, as JSON: per video its name, files and bytes, and `labels`.

        Two equal copies agree. Decodes nothing.
        """
        places = {r.name: [r.path, *([r.annotations] if r.annotations else [])] for r in self.videos(split)}
        return {"dataset": self.name, "split": split, "videos": sizes(places), **self._labels_manifest(split)}

    def manifest_hash(self, split: str) -> str:
        """SHA-256 of `manifest(split)`: videos and labels. Part of every result, as `manifest_sha256`."""
        return sha256_json(self.manifest(split))

    def videos_manifest(self, split: str) -> dict[str, Any]:
        """The part of the manifest that decides boxes and tubes: videos and object masks, no labels of frames."""
        places = {record.name: [record.path] for record in self.videos(split)}
        return {"dataset": self.name, "split": split, "videos": sizes(places)}

    def videos_hash(self, split: str) -> str:
        """SHA-256 of `videos_manifest(split)`; part of a tube cache's identity, so that new labels cut nothing anew."""
        return sha256_json(self.videos_manifest(split))

    def labels_hash(self, split: str) -> str:
        """SHA-256 of the labels of the split, and of the reader's options that say what they mean."""
        places = {record.name: [record.annotations] for record in self.videos(split) if record.annotations}
        return sha256_json({"annotations": sizes(places), **self._labels_manifest(split)})

    def _labels_manifest(self, split: str) -> dict[str, Any]:
        """What the manifest says of labels, as JSON: hashes of their files, and options that say what they mean."""
        del split
        return {}

    def _state(self, decision: str) -> None:
        """Warns of a decision that the data leave open to doubt: once a reader, not once a video."""
        if decision not in self._stated:
            self._stated.add(decision)
            warnings.warn(decision, stacklevel=3)


def sizes(places: dict[str, list[Path]]) -> list[dict[str, Any]]:
    """Files and bytes of each video's places; folders in a folder of frames are not part of it."""
    return [{"name": name, **_size(own)} for name, own in places.items()]


def _size(places: list[Path]) -> dict[str, int]:
    files = [f for place in places for f in (sorted(place.iterdir()) if place.is_dir() else [place]) if not f.is_dir()]
    try:
        return {"files": len(files), "bytes": sum(file.stat().st_size for file in files)}
    except OSError as error:
        raise DataNotFoundError(f"{error.filename}: cannot be read ({error.strerror})") from error
