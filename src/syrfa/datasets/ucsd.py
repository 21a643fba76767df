"""What the two walkways of UCSD's anomaly data set have in common."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.base import VideoRecord
from syrfa.datasets.flat import FlatLabelled
from syrfa.datasets.labels import mark_intervals, read_intervals
from syrfa.datasets.masks import find_masks, mask_of, open_masks
from syrfa.errors import DataNotFoundError, LabelError
from syrfa.utils.files import sha256_file, sha256_json


class _Layout(NamedTuple):
    """Where a copy keeps its splits, and the pattern of the folders of frames."""

    train: str
    test: str
    video: str


_LAYOUTS = (
    _Layout("Train", "Test", r"(Train|Test)\d+"),
    _Layout("training/frames", "testing/frames", r"(Train|Test)?\d+"),
    _Layout("training", "testing", r"(Train|Test)?\d+"),
)
_MASK_FOLDERS = ("test_pixel_mask", "pixel_masks", "masks", "gt", "ground_truth")
_MASKS_AS_LABELS = "the masks: a frame is abnormal where its mask has a pixel"


class UCSD(FlatLabelled):
    """Reads one of the two walkways; the subclass says which.

    Args:
        root: the folder the data set was unpacked into.
        split: the split that indexing gives.
        one_means: what 1 means in a circulated `frame_labels_*.npy`, where the published counts cannot tell.

    Attributes:
        number: 1 or 2.
    """

    splits: ClassVar[tuple[str, ...]] = ("train", "test")
    number: ClassVar[int]

    def videos(self, split: str) -> list[VideoRecord]:
        """The folders of frames of the split, sorted by name.

        Raises:
            DataNotFoundError: no layout is there, it is the other walkway, or the split has no video.
            ConfigError: there is no such split.
        """
        self.check_split(split)
        base, layout = self._place()
        folder = base / (layout.train if split == "train" else layout.test)
        found = sorted(p for p in folder.iterdir() if p.is_dir() and re.fullmatch(layout.video, p.name))
        if not found:
            raise DataNotFoundError(f"{folder}: no folder of frames in it; {self._tree()}")
        return [VideoRecord(p.name, p, split, None if split == "train" else _masks_of(base, p)) for p in found]

    def frame_labels(self, record: VideoRecord) -> NDArray[np.uint8] | None:
        """Frame labels of a test video, 1 = abnormal; None for training videos, which the release does not label.

        Raises:
            DataNotFoundError: there is no label file, and not every test video has masks.
            LabelError: it names another number of videos, or frames beyond the end of this one, or nobody can tell
                what its 1 means.
        """
        if record.split == "train":
            return None
        file = self._label_file()
        if file is None:
            return self._labels_of_masks(record)
        if file.suffix == ".npy":
            return self._flat(file).of(record.name)
        intervals = read_intervals(file)
        names = [other.name for other in self.videos(record.split)]
        if len(intervals) != len(names):
            raise LabelError(f"{file}: labels of {len(intervals)} videos, {record.path.parent} has {len(names)}")
        return mark_intervals(file, record.name, intervals[names.index(record.name)], record.length())

    def pixel_mask(self, record: VideoRecord, frame: int) -> NDArray[np.bool_] | None:
        """The abnormal pixels of a frame, bool (height, width); None where the release has no masks of the video.

        Raises:
            LabelError: there are more or fewer masks than frames.
        """
        if record.annotations is None:
            return None
        return mask_of(record, record.annotations, frame)

    def _labels_manifest(self, split: str) -> dict[str, Any]:
        """For the test split the SHA-256 of the label file, or of all masks."""
        if split == "train":
            return {"labels": {}}
        file = self._label_file()
        if file is None:
            return {"labels": {"masks": self._hash_of_masks()}}
        meaning = {"one_means": self.one_means} if file.suffix == ".npy" and self.one_means else {}
        return {"labels": {file.name: sha256_file(file)}, **meaning}

    def describe_layout(self) -> str:
        """As the base class."""
        base, layout = self._place()
        test = self.videos("test")
        masked = [record for record in test if record.annotations is not None]
        file = self._label_file()
        others = [other.name for other in self._label_files() if other != file]
        if file is None:
            labels, polarity = _MASKS_AS_LABELS, "a pixel above 0 is abnormal"
        elif file.suffix == ".npy":
            labels, polarity = (
                f"{file}, one number a frame of all test videos in turn",
                self._flat(file).polarity.reason,
            )
        else:
            labels, polarity = f"{file}, intervals counted from 1, both ends included", "intervals name abnormal frames"
        unread = f"; there too and not read: {', '.join(others)}" if others else ""
        where = f", first {masked[0].annotations}" if masked else ""
        return (
            f"layout: {base}, {layout.train} and {layout.test}\nlabels: {labels}{unread}\npolarity: {polarity}\n"
            f"pixel masks: of {len(masked)} of {len(test)} test videos{where}"
        )

    def _place(self) -> tuple[Path, _Layout]:
        folder, short = f"UCSDped{self.number}", f"ped{self.number}"
        within = (folder, "", f"UCSD_Anomaly_Dataset.v1p2/{folder}", short)
        for base in (self.root / name for name in within):
            for layout in _LAYOUTS:
                if (base / layout.train).is_dir() and (base / layout.test).is_dir():
                    self._refuse_the_other(base)
                    return base, layout
        raise DataNotFoundError(f"{self.root}: not a copy of UCSD Ped{self.number}; {self._tree()}")

    def _refuse_the_other(self, base: Path) -> None:
        """Both walkways have the same layout; the names of label files tell them apart."""
        other = 3 - self.number
        ours, theirs = ([*_files_of(base, self.root, number)] for number in (self.number, other))
        if theirs and not ours:
            raise DataNotFoundError(
                f"{base}: {theirs[0].name} says that this is UCSD Ped{other}, not Ped{self.number}; "
                f"read it with syrfa.datasets.UCSDPed{other}"
            )

    def _tree(self) -> str:
        return (
            f"expected UCSDped{self.number}/Train/Train001/001.tif and Test/Test001, or training/frames/01/000.jpg and "
            "testing/frames/01"
        )

    def _label_files(self) -> list[Path]:
        """All that are there, the one that is read first."""
        base, layout = self._place()
        files = list(_files_of(base, self.root, self.number))
        first = ".m" if layout is _LAYOUTS[0] else ".mat"
        return sorted(files, key=lambda file: (file.suffix == ".npy", file.suffix != first))

    def _label_file(self) -> Path | None:
        """The label file; None where masks of every test video stand for it."""
        for file in self._label_files():
            return file
        if all(record.annotations is not None for record in self.videos("test")):
            return None
        base, layout = self._place()
        names = (f"UCSDped{self.number}.m", f"ped{self.number}.mat")
        wanted = base / (names[0] if layout is _LAYOUTS[0] else names[1])
        raise DataNotFoundError(f"{wanted}: no labels; put {' or '.join(names)} of the release there")

    def _labels_of_masks(self, record: VideoRecord) -> NDArray[np.uint8]:
        if record.annotations is None:
            raise DataNotFoundError(f"{record.path}: neither a label file nor masks of this video")
        self._state(f"{record.annotations.parent}: no label file; frame labels come from {_MASKS_AS_LABELS}")
        return open_masks(record.annotations, record.length()).frame_labels()

    def _hash_of_masks(self) -> str:
        places = [record.annotations for record in self.videos("test") if record.annotations]
        files = [f for place in places for f in (sorted(place.iterdir()) if place.is_dir() else [place])]
        return sha256_json([sha256_file(file) for file in files])


def _files_of(base: Path, root: Path, number: int) -> Iterator[Path]:
    """The label files of one of the two walkways, best kind first."""
    for name in (f"UCSDped{number}.m", f"ped{number}.mat", f"frame_labels_ped{number}.npy"):
        for folder in dict.fromkeys((base / "Test", base, root)):
            if (folder / name).is_file():
                yield folder / name
                break


def _masks_of(base: Path, video: Path) -> Path | None:
    """Beside the video with an ending, or in a folder of masks under the video's own name."""
    endings = [f"{video.name}{ending}" for ending in ("_gt", "_GT", "gt", "_mask", "_masks")]
    beside = find_masks([video.parent], endings)
    parents = dict.fromkeys((base / "Test", video.parent.parent, base))
    folders = [parent / name for parent in parents for name in _MASK_FOLDERS]
    return beside or find_masks(folders, [video.name, *endings])
