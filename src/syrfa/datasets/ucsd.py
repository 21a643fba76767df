"""UCSD Ped1 and Ped2, two pedestrian walkways, each seen by one fixed camera."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.base import VideoRecord
from syrfa.datasets.labels import Published, mark_intervals, read_intervals
from syrfa.datasets.masks import find_masks, open_masks
from syrfa.datasets.released import ReleasedDataset, hashes_of
from syrfa.errors import DataNotFoundError, LabelError
from syrfa.utils.files import sha256_file, sha256_json

# where a copy keeps its splits, the release's own places first
_LAYOUTS = (
    {"train": "Train", "test": "Test"},
    {"train": "training/frames", "test": "testing/frames"},
    {"train": "training", "test": "testing"},
)
_MASK_FOLDERS = ("test_pixel_mask", "pixel_masks", "masks", "gt", "ground_truth")
_MASKS_AS_LABELS = "the masks: a frame is abnormal where its mask has a pixel"


class UCSD(ReleasedDataset):
    """Reads one of the two walkways; `number` of the subclass says which."""

    number: ClassVar[int]
    released_fps: ClassVar[float | None] = 10.0

    def _clips(self, split: str) -> list[VideoRecord]:
        base, layout = self._place()
        folder = base / layout[split]
        found = sorted(p for p in folder.iterdir() if p.is_dir() and re.fullmatch(r"(Train|Test)?\d+", p.name))
        if not found:
            raise DataNotFoundError(f"{folder}: no folder of frames in it; {self._tree()}")
        return [VideoRecord(p.name, p, split, None if split == "train" else _masks_of(base, p)) for p in found]

    def _test_labels(self, record: VideoRecord) -> NDArray[np.uint8]:
        file = self._label_file()
        if file is None:
            assert record.annotations is not None
            self._state(f"{record.annotations.parent}: no label file; frame labels come from {_MASKS_AS_LABELS}")
            return open_masks(record.annotations, record.length()).frame_labels()
        if file.suffix == ".npy":
            return self._flat(file, record.name)
        intervals = read_intervals(file)
        names = [other.name for other in self.videos(record.split)]
        if len(intervals) != len(names):
            raise LabelError(f"{file}: labels of {len(intervals)} videos, {record.path.parent} has {len(names)}")
        return mark_intervals(file, record.name, intervals[names.index(record.name)], record.length())

    def _labels_manifest(self, split: str) -> dict[str, Any]:
        """For the test split the SHA-256 of the label file, or of all masks."""
        if split == "train":
            return {"labels": {}}
        file = self._label_file()
        if file is None:
            masks = [record.annotations for record in self.videos("test") if record.annotations]
            return {"labels": {"masks": sha256_json([digest for place in masks for digest in hashes_of(place)])}}
        meaning = {"one_means": self.one_means} if file.suffix == ".npy" and self.one_means else {}
        return {"labels": {file.name: sha256_file(file)}, **meaning}

    def _describe_labels(self, test: list[VideoRecord]) -> tuple[str, str]:
        file = self._label_file()
        others = [other.name for other in self._label_files() if other != file]
        unread = f"; there too and not read: {', '.join(others)}" if others else ""
        if file is None:
            return _MASKS_AS_LABELS, "a pixel above 0 is abnormal"
        if file.suffix == ".npy":
            return f"{file}, one number a frame of all test videos in turn{unread}", self._flat_polarity(file).reason
        return f"{file}, intervals counted from 1, both ends included{unread}", "intervals name abnormal frames"

    def _place(self) -> tuple[Path, dict[str, str]]:
        folder, short = f"UCSDped{self.number}", f"ped{self.number}"
        within = (folder, "", f"UCSD_Anomaly_Dataset.v1p2/{folder}", short)
        for base in (self.root / name for name in within):
            for layout in _LAYOUTS:
                if all((base / place).is_dir() for place in layout.values()):
                    self._refuse_the_other(base)
                    return base, layout
        raise DataNotFoundError(f"{self.root}: not a copy of UCSD Ped{self.number}; {self._tree()}")

    def _refuse_the_other(self, base: Path) -> None:
        """Both walkways have the same layout; the names of label files tell them apart."""
        other = 3 - self.number
        theirs = next(_files_of(base, self.root, other), None)
        if theirs is not None and not any(_files_of(base, self.root, self.number)):
            raise DataNotFoundError(
                f"{base}: {theirs.name} says that this is UCSD Ped{other}, not Ped{self.number}; "
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
        first = ".m" if layout is _LAYOUTS[0] else ".mat"
        files = _files_of(base, self.root, self.number)
        return sorted(files, key=lambda file: (file.suffix == ".npy", file.suffix != first))

    def _label_file(self) -> Path | None:
        """The label file; None where masks of every test video replace it."""
        for file in self._label_files():
            return file
        if all(record.annotations is not None for record in self.videos("test")):
            return None
        base, layout = self._place()
        names = (f"UCSDped{self.number}.m", f"ped{self.number}.mat")
        wanted = base / (names[0] if layout is _LAYOUTS[0] else names[1])
        raise DataNotFoundError(f"{wanted}: no labels; put {' or '.join(names)} of the release there")


class UCSDPed1(UCSD):
    """UCSD Ped1: 34 normal training videos (6,800 frames), 36 test videos (7,200 frames), 200 frames each.

    Frames are grey, 238x158. Bicycles, carts and skateboards are abnormal. The release has masks of 10 test videos.

    ```
    <root>/UCSDped1/                          <root>/
      Train/Train001/001.tif ...                training/frames/01/000.jpg ...
      Test/Test001/001.tif ...                  testing/frames/01/000.jpg ...
      Test/Test003_gt/001.bmp ...               ped1.mat
      Test/UCSDped1.m
    ```

    Everything else is as in `UCSDPed2`, with 1 in place of 2. The number of abnormal frames is not compared: a
    `frame_labels_ped1.npy` needs `one_means`.

    Licence: none stated; research use. Cite: Mahadevan et al., "Anomaly Detection in Crowded Scenes", CVPR 2010.

    Args:
        root: the folder the data set was unpacked into.
        split: the split that indexing gives.
        one_means: what 1 means in `frame_labels_ped1.npy`.
    """

    name: ClassVar[str] = "ped1"
    released: ClassVar[dict[str, int]] = {"train": 34, "test": 36}
    number: ClassVar[int] = 1
    published: ClassVar[Published] = Published(7_200, ())


class UCSDPed2(UCSD):
    """UCSD Ped2: 16 normal training videos (2,550 frames), 12 test videos (2,010 frames, 1,648 of them abnormal).

    Frames are grey, 360x240; the release states no frame rate (10 a second is quoted, its walkers move as at 27).
    Bicycles, carts and skateboards are abnormal.

    ```
    <root>/UCSDped2/                          <root>/
      Train/Train001/001.tif ...                training/frames/01/000.jpg ...
      Test/Test001/001.tif ...                  testing/frames/01/000.jpg ...
      Test/Test001_gt/001.bmp ...               ped2.mat
      Test/UCSDped2.m
    ```

    Left the release, right the repack that circulates; `root` may be `UCSDped2` itself, or hold `UCSDped2`,
    `UCSD_Anomaly_Dataset.v1p2/UCSDped2` or `ped2`. In the repack the folder `frames` may be left out, videos may keep
    their names of the release, and frames may count from 0 or from 1. Masks are folders of images, `.npy` or `.mat`
    files, next to the video (`Test001_gt`) or in `test_pixel_mask`, `pixel_masks`, `masks`, `gt` or `ground_truth`.

    Labels, first match wins: `UCSDped2.m` (release) or `ped2.mat` (repack), both with 1-based inclusive intervals in
    the order of the test videos, the script read as text and never executed; `frame_labels_ped2.npy`, all test frames
    in turn, whose published sum tells which way round it is; masks, where every test video has them.

    Licence: none stated; research use. Cite: Mahadevan et al., "Anomaly Detection in Crowded Scenes", CVPR 2010.

    Args:
        root: the folder the data set was unpacked into.
        split: the split that indexing gives.
        one_means: what 1 means in `frame_labels_ped2.npy`, where its sum is not the published one either way round.
    """

    name: ClassVar[str] = "ped2"
    released: ClassVar[dict[str, int]] = {"train": 16, "test": 12}
    number: ClassVar[int] = 2
    published: ClassVar[Published] = Published(2_010, (1_648,))


def _files_of(base: Path, root: Path, number: int) -> Iterator[Path]:
    """The label files of one of the two walkways, best kind first."""
    for name in (f"UCSDped{number}.m", f"ped{number}.mat", f"frame_labels_ped{number}.npy"):
        for folder in dict.fromkeys((base / "Test", base, root)):
            if (folder / name).is_file():
                yield folder / name
                break


def _masks_of(base: Path, video: Path) -> Path | None:
    """Next to the video with an ending, or in a folder of masks under the video's own name."""
    endings = [f"{video.name}{ending}" for ending in ("_gt", "_GT", "gt", "_mask", "_masks")]
    parents = dict.fromkeys((base / "Test", video.parent.parent, base))
    folders = [parent / name for parent in parents for name in _MASK_FOLDERS]
    return find_masks([video.parent], endings) or find_masks(folders, [video.name, *endings])
