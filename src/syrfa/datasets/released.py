"""What the readers of releases with published counts share: labels in vectors, masks, layouts in words."""

import re
from abc import abstractmethod
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.base import VideoDataset, VideoRecord
from syrfa.datasets.labels import Meaning, Polarity, Published, decide_polarity, read_vector
from syrfa.datasets.masks import mask_of
from syrfa.datasets.video import VIDEO_SUFFIXES
from syrfa.errors import ConfigError, DataNotFoundError, LabelError
from syrfa.utils.files import sha256_file


class ReleasedDataset(VideoDataset):
    """A release of a normal `train` split and a labelled `test` split, whose labels also circulate as vectors.

    `published` has the counts of the test split; `one_means` is what 1 means in vectors where these cannot tell.
    Where there is a `_title`, copies may be a part of the release.
    """

    splits: ClassVar[tuple[str, ...]] = ("train", "test")
    published: ClassVar[Published]
    _unit: ClassVar[str] = "videos"
    _title: ClassVar[str] = ""

    def __init__(self, root: str | Path, split: str | None = None, one_means: Meaning | None = None) -> None:
        super().__init__(root, split)
        self.one_means = one_means
        self._polarities: dict[Path, Polarity] = {}
        self._flat_labels: dict[str, NDArray[np.uint8]] = {}

    def videos(self, split: str) -> list[VideoRecord]:
        """The videos of the split that are there, sorted by name; a copy of a part is read with a warning.

        Raises:
            DataNotFoundError: there is none; the message names the expected tree.
            ConfigError: there is no such split, or a video is there twice.
        """
        self.check_split(split)
        found = self._clips(split)
        if self._title:
            for before, after in pairwise(found):
                if before.name == after.name:
                    raise ConfigError(f"{after.path}: {before.path.name} is the same video; leave one of them")
            there, released = len(found), self.released[split]
            if there < released:
                self._state(
                    f"{found[0].path.parent}: {there} of {released} {self._unit} of {self._title}'s {split} split are "
                    f"there, {released - there} are missing; results are of those {there} alone"
                )
        return found

    def frame_labels(self, record: VideoRecord) -> NDArray[np.uint8] | None:  # noqa: D102 - as in the base class
        return None if record.split == "train" else self._test_labels(record)

    def pixel_mask(self, record: VideoRecord, frame: int) -> NDArray[np.bool_] | None:  # noqa: D102 - as there
        return mask_of(record, frame)

    def describe_layout(self) -> str:  # noqa: D102 - as in the base class
        test = self.videos("test")
        labels, polarity = self._describe_labels(test)
        masked = [record for record in test if record.annotations is not None]
        first = f", first {masked[0].annotations}" if masked else ""
        return (
            f"layout: {'; '.join(map(self._describe_split, self.splits))}\nlabels: {labels}\npolarity: {polarity}\n"
            f"pixel masks: of {len(masked)} of {len(test)} test {self._unit}{first}"
        )

    @abstractmethod
    def _clips(self, split: str) -> list[VideoRecord]:
        """The videos that are there; DataNotFoundError where there is none."""

    @abstractmethod
    def _test_labels(self, record: VideoRecord) -> NDArray[np.uint8]:
        """The frame labels of a test video."""

    @abstractmethod
    def _describe_labels(self, test: list[VideoRecord]) -> tuple[str, str]:
        """Where labels come from, and why 1 means what it means."""

    def _describe_split(self, split: str) -> str:
        try:
            found = self.videos(split)
        except DataNotFoundError:
            return f"{split}: none"
        return f"{split}: {found[0].path.parent}, {len(found)} of {self.released[split]} {self._unit}"

    def _polarity(self, place: Path, vectors: Callable[[], Iterable[NDArray[np.uint8]]]) -> Polarity:
        """Of all vectors together; decided once."""
        if place not in self._polarities:
            every = list(vectors())
            ones, frames = sum(int(vector.sum()) for vector in every), sum(map(len, every))
            self._polarities[place] = decide_polarity(place, ones, frames, self.published, self.one_means)
            if self._polarities[place].surprising:
                self._state(f"{place}: {self._polarities[place].reason}")
        return self._polarities[place]

    def _flat_polarity(self, file: Path) -> Polarity:
        """Of a vector with all test frames in turn. Every video is decoded to know where the next one begins."""
        if not self._flat_labels:
            lengths = {record.name: record.length() for record in self.videos("test")}
            vector, frames = read_vector(file, one_row=True), sum(lengths.values())
            if len(vector) != frames:
                raise LabelError(f"{file}: {len(vector)} labels, the {len(lengths)} test videos have {frames} frames")
            meaning = self._polarity(file, lambda: [vector]).meaning
            parts = np.split(vector if meaning == "abnormal" else 1 - vector, np.cumsum([*lengths.values()])[:-1])
            self._flat_labels = dict(zip(lengths, parts, strict=True))
        return self._polarities[file]

    def _flat(self, file: Path, name: str) -> NDArray[np.uint8]:
        self._flat_polarity(file)
        return self._flat_labels[name]


def find_clips(folders: Iterable[Path], pattern: str) -> list[tuple[str, Path]]:
    """The stem and path of each folder and video file whose stem fits, sorted, of the first place that has any."""
    for folder in folders:
        paths = [p for p in (folder.iterdir() if folder.is_dir() else []) if _is_clip(p)]
        stems = ((path.name if path.is_dir() else path.stem, path) for path in paths)
        if found := sorted((stem, path) for stem, path in stems if re.fullmatch(pattern, stem)):
            return found
    return []


def _is_clip(path: Path) -> bool:
    return path.is_dir() or path.suffix.lower() in VIDEO_SUFFIXES


def hashes_of(place: Path) -> list[str]:
    """The SHA-256 of a file, or of every file of a folder in the order of their names."""
    return [sha256_file(file) for file in (sorted(place.iterdir()) if place.is_dir() else [place])]
