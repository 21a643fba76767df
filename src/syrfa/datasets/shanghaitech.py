"""ShanghaiTech Campus, thirteen scenes of a campus seen by fixed cameras."""

import re
import warnings
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.base import VideoDataset, VideoRecord
from syrfa.datasets.vector import read_vector
from syrfa.errors import ConfigError, DataNotFoundError, LabelError
from syrfa.files import sha256_file
from syrfa.video import VIDEO_SUFFIXES

# where a copy may keep a split, the release's own place first; the first place with a clip is read
_PLACES = {"train": ("training/videos", "training/frames"), "test": ("testing/frames", "clips")}
_NAMES = {"train": r"\d\d_\d{3}", "test": r"\d\d_\d{4}"}
_TREES = {
    "train": "training/videos/01_001.avi or training/frames/01_001/000.jpg",
    "test": "testing/frames/01_0014/000.jpg, or clips/01_0014.mp4 (or a folder clips/01_0014)",
}
_MASKS = ("testing/test_frame_mask", "test_frame_mask")
_FRAMES, _ABNORMAL = 40_791, 17_326  # of all test clips


class ShanghaiTech(VideoDataset):
    """ShanghaiTech Campus: 330 normal training videos, 107 test clips of 40,791 frames, 17,326 of them abnormal.

    ```
    <root>/                                   <root>/
      training/videos/01_001.avi ...            clips/01_0014.mp4 ...
      testing/frames/01_0014/000.jpg ...        test_frame_mask/01_0014.npy ...
      testing/test_frame_mask/01_0014.npy
    ```

    Left the release, right a part of it; any place may hold video files or folders of frames. A copy may lack clips:
    those that are there are read, and a warning says how many are missing. Masks hold one number a frame, 1 = abnormal.
    Copies the other way round circulate; where the masks of all 107 clips are there, their sum must be the published
    one. Of fewer masks the sum is not known: they are read as they are. Pixel masks are not read.

    Terms: research use. Cite: Luo, Liu, Gao, "A Revisit of Sparse Coding Based Anomaly Detection in
    Stacked RNN Framework", ICCV 2017; the split is that of Liu, Luo, Lian, Gao, CVPR 2018.

    Args:
        root: the folder the data set was unpacked into.
    """

    name: ClassVar[str] = "shanghaitech"
    splits: ClassVar[tuple[str, ...]] = ("train", "test")
    released: ClassVar[dict[str, int]] = {"train": 330, "test": 107}

    def __init__(self, root: str | Path) -> None:
        super().__init__(root)
        self._warned: set[str] = set()
        self._sum_checked = False

    def videos(self, split: str) -> list[VideoRecord]:
        """The clips of the split that are there, sorted by name.

        Warns, once a split, where some of the release are missing.

        Raises:
            DataNotFoundError: there is none.
            ConfigError: there is no such split, or a clip is there twice.
        """
        if split not in self.splits:
            raise ConfigError(f"split {split!r}: {self.name} has {', '.join(self.splits)}")
        found = self._clips(split)
        for before, after in pairwise(found):
            if before.name == after.name:
                raise ConfigError(f"{after.path}: {before.path.name} is the same clip; leave one of them")
        missing = self.released[split] - len(found)
        if missing > 0 and split not in self._warned:
            self._warned.add(split)
            warnings.warn(
                f"{found[0].path.parent}: {len(found)} of {self.released[split]} clips of ShanghaiTech's {split} split "
                f"are there, {missing} are missing; results are of those {len(found)} alone",
                stacklevel=2,
            )
        return found

    def frame_labels(self, record: VideoRecord) -> NDArray[np.uint8] | None:
        """Frame labels of a test clip, 1 = abnormal; None for training videos, which are normal by definition.

        Raises:
            DataNotFoundError: the clip has no mask.
            LabelError: the mask is malformed or has another length than the clip, or the masks of all clips are there
                and do not have the published sum.
        """
        if record.split == "train":
            return None
        file = self._mask_file(record.name)
        self._check_sum(file.parent)
        return read_vector(file, record.length())

    def manifest(self, split: str) -> dict[str, Any]:
        """As the base class, and for the test split the SHA-256 of every clip's mask."""
        content = super().manifest(split)
        names = [] if split == "train" else [video["name"] for video in content["videos"]]
        return {**content, "labels": {name: sha256_file(self._mask_file(name)) for name in names}}

    def _clips(self, split: str) -> list[VideoRecord]:
        for place in _PLACES[split]:
            folder = self.root / place
            entries = sorted(folder.iterdir()) if folder.is_dir() else []
            named = [(_name_of(path), path) for path in entries]
            found = [VideoRecord(name, path, split) for name, path in named if re.fullmatch(_NAMES[split], name)]
            if found:
                return sorted(found, key=lambda record: record.name)
        raise DataNotFoundError(f"{self.root}: no clip of ShanghaiTech's {split} split; expected {_TREES[split]}")

    def _mask_file(self, name: str) -> Path:
        files = [self.root / place / f"{name}.npy" for place in _MASKS]
        for file in files:
            if file.is_file():
                return file
        raise DataNotFoundError(f"{files[0]}: missing; a test clip needs its mask, here or in {files[1].parent}")

    def _check_sum(self, folder: Path) -> None:
        if self._sum_checked:
            return
        files = [file for file in sorted(folder.glob("*.npy")) if re.fullmatch(_NAMES["test"], file.stem)]
        if len(files) == self.released["test"]:
            masks = [read_vector(file) for file in files]
            frames, abnormal = sum(len(mask) for mask in masks), sum(int(mask.sum()) for mask in masks)
            if (frames, abnormal) != (_FRAMES, _ABNORMAL):
                raise LabelError(
                    f"{folder}: {abnormal:,} of {frames:,} frames are 1 = abnormal where {_ABNORMAL:,} of {_FRAMES:,} "
                    "were published; are the masks inverted, or of another release?"
                )
        self._sum_checked = True


def _name_of(path: Path) -> str:
    """The name of the clip that a path may hold; empty where it is neither a folder nor a video."""
    if path.is_dir():
        return path.name
    return path.stem if path.suffix.lower() in VIDEO_SUFFIXES else ""
