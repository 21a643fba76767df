"""ShanghaiTech Campus, thirteen scenes of a campus seen by fixed cameras."""

import re
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.base import VideoRecord
from syrfa.datasets.flat import FlatLabelled
from syrfa.datasets.masks import find_masks, mask_of, open_masks
from syrfa.datasets.polarity import Meaning, Polarity, Published, decide_polarity
from syrfa.datasets.vector import read_vector
from syrfa.datasets.video import VIDEO_SUFFIXES
from syrfa.errors import ConfigError, DataNotFoundError
from syrfa.utils.files import sha256_file, sha256_json

# where a copy may keep a split, the release's own place first; the first place with a clip is read
_PLACES = {
    "train": ("training/videos", "training/frames", "training"),
    "test": ("testing/frames", "testing/videos", "testing", "clips"),
}
_NAMES = {"train": r"\d\d_\d{3}", "test": r"\d\d_\d{4}"}
_TREES = {
    "train": "training/videos/01_001.avi or training/frames/01_001/000.jpg",
    "test": "testing/frames/01_0014/000.jpg, or clips/01_0014.mp4 (or a folder clips/01_0014)",
}
_MASKS = ("testing/test_frame_mask", "test_frame_mask")
_PIXEL_MASKS = ("testing/test_pixel_mask", "test_pixel_mask")
_FLAT = ("frame_labels_shanghai.npy", "frame_labels_shanghaitech.npy")


class ShanghaiTech(FlatLabelled):
    """ShanghaiTech Campus: 330 normal training videos, 107 test clips of 40,791 frames, 17,326 of them abnormal.

    ```
    <root>/                                   <root>/
      training/videos/01_001.avi ...            clips/01_0014.mp4 ...
      testing/frames/01_0014/000.jpg ...        test_frame_mask/01_0014.npy ...
      testing/test_frame_mask/01_0014.npy       test_pixel_mask/01_0014.npy ...
      testing/test_pixel_mask/01_0014.npy
    ```

    Left the release, right a part of it; any place may hold video files or folders of frames, and `frames` and
    `videos` may be left out. All 13 scenes are read together; the first number of a name is the scene. A copy may lack
    clips: those that are there are read, and a warning says how many are missing.

    Labels, first match wins: frame masks, one number a frame, 1 = abnormal; `frame_labels_shanghai.npy`, all test
    frames in turn; the pixel masks, a frame being abnormal where its mask has a pixel. Copies the other way round
    circulate: where all 107 clips are labelled, the published sum tells, and inverted labels are turned round with a
    warning. Of fewer the sum is not known: they are read as the release has them, or as `one_means` says.

    Pixel masks are bool (frames, height, width), or (height, width, frames) in some copies; `.mat` files and folders of
    images are read too. They are mapped into memory, never loaded whole.

    Terms: research use. Cite: Luo, Liu, Gao, "A Revisit of Sparse Coding Based Anomaly Detection in
    Stacked RNN Framework", ICCV 2017; the split is that of Liu, Luo, Lian, Gao, CVPR 2018.

    Args:
        root: the folder the data set was unpacked into.
        split: the split that indexing gives.
        one_means: what 1 means in the frame masks, where the published sum cannot tell.
    """

    name: ClassVar[str] = "shanghaitech"
    splits: ClassVar[tuple[str, ...]] = ("train", "test")
    released: ClassVar[dict[str, int]] = {"train": 330, "test": 107}
    published: ClassVar[Published] = Published(40_791, (17_326,))

    def __init__(self, root: str | Path, split: str | None = None, one_means: Meaning | None = None) -> None:
        super().__init__(root, split, one_means)
        self._decided: Polarity | None = None

    def videos(self, split: str) -> list[VideoRecord]:
        """The clips of the split that are there, sorted by name.

        Warns, once a split, where some of the release are missing.

        Raises:
            DataNotFoundError: there is none.
            ConfigError: there is no such split, or a clip is there twice.
        """
        self.check_split(split)
        found = self._clips(split)
        for before, after in pairwise(found):
            if before.name == after.name:
                raise ConfigError(f"{after.path}: {before.path.name} is the same clip; leave one of them")
        self._state_missing(found[0].path.parent, len(found), split, "clips of ShanghaiTech's")
        return found

    def frame_labels(self, record: VideoRecord) -> NDArray[np.uint8] | None:
        """Frame labels of a test clip, 1 = abnormal; None for training videos, which are normal by definition.

        Raises:
            DataNotFoundError: the clip has no mask.
            LabelError: the mask is malformed or has another length than the clip, or the masks of all clips are there
                and have the published sum neither way round.
        """
        if record.split == "train":
            return None
        place = self._labels(record.name)
        frames = record.length()
        if place.name in _FLAT:
            return self._flat(place).of(record.name)
        if place.parent.name == "test_frame_mask":
            labels = read_vector(place, frames)
            return labels if self._polarity(place.parent).meaning == "abnormal" else 1 - labels
        self._state(f"{place.parent}: no frame masks; a frame is abnormal where its pixel mask has a pixel")
        return open_masks(place, frames).frame_labels()

    def pixel_mask(self, record: VideoRecord, frame: int) -> NDArray[np.bool_] | None:
        """The abnormal pixels of a frame, bool (height, width); None where there are no pixel masks of the clip.

        Raises:
            LabelError: they are malformed, or are more or fewer than frames.
        """
        if record.annotations is None:
            return None
        return mask_of(record, record.annotations, frame)

    def _labels_manifest(self, split: str) -> dict[str, Any]:
        """For the test split the SHA-256 of every clip's mask."""
        names = [] if split == "train" else [record.name for record in self.videos(split)]
        meaning = {"one_means": self.one_means} if names and self.one_means else {}
        return {"labels": {name: _hash(self._labels(name)) for name in names}, **meaning}

    def describe_layout(self) -> str:
        """As the base class."""
        lines = []
        for split in self.splits:
            try:
                found = self.videos(split)
            except DataNotFoundError:
                lines.append(f"{split}: none")
                continue
            scenes = len({record.name[:2] for record in found})
            place = found[0].path.parent
            lines.append(f"{split}: {place}, {len(found)} of {self.released[split]} clips, {scenes} of 13 scenes")
        test = self.videos("test")
        place = self._labels(test[0].name)
        labels = place if place.name in _FLAT else place.parent
        if place.name in _FLAT:
            polarity = self._flat(place).polarity.reason
        elif place.parent.name == "test_frame_mask":
            polarity = self._polarity(place.parent).reason
        else:
            polarity = "a frame is abnormal where its pixel mask has a pixel"
        masked = sum(record.annotations is not None for record in test)
        return (
            f"layout: {'; '.join(lines)}\nlabels: {labels}\npolarity: {polarity}\n"
            f"pixel masks: of {masked} of {len(test)} test clips"
        )

    def _clips(self, split: str) -> list[VideoRecord]:
        for place in _PLACES[split]:
            folder = self.root / place
            entries = sorted(folder.iterdir()) if folder.is_dir() else []
            named = [(_name_of(path), path) for path in entries]
            found = [(name, path) for name, path in named if re.fullmatch(_NAMES[split], name)]
            if found:
                return [VideoRecord(name, path, split, self._pixel_masks(name, split)) for name, path in sorted(found)]
        raise DataNotFoundError(f"{self.root}: no clip of ShanghaiTech's {split} split; expected {_TREES[split]}")

    def _pixel_masks(self, name: str, split: str) -> Path | None:
        folders = [self.root / place for place in _PIXEL_MASKS]
        return None if split == "train" else find_masks(folders, [name])

    def _labels(self, name: str) -> Path:
        """The file or folder that labels a test clip."""
        files = [self.root / place / f"{name}.npy" for place in _MASKS]
        flat = [self.root / place / file for place in ("", "testing") for file in _FLAT]
        for file in (*files, *flat):
            if file.is_file():
                return file
        masks = self._pixel_masks(name, "test")
        if masks is None or any((self.root / place).is_dir() for place in _MASKS):
            raise DataNotFoundError(f"{files[0]}: missing; a test clip needs its mask, here or in {files[1].parent}")
        return masks

    def _polarity(self, folder: Path) -> Polarity:
        """Decided once, of all masks together."""
        if self._decided is None:
            files = [file for file in sorted(folder.glob("*.npy")) if re.fullmatch(_NAMES["test"], file.stem)]
            count = f"{len(files)} of {self.released['test']}"
            if len(files) == self.released["test"] or self.one_means is not None:
                masks = [read_vector(file) for file in files]
                frames, ones = sum(len(mask) for mask in masks), sum(int(mask.sum()) for mask in masks)
                self._decided = decide_polarity(folder, ones, frames, self.published, self.one_means)
            else:
                reason = f"1 = abnormal, as released; {count} masks are there, whose sum is not published: not proved"
                self._decided = Polarity("abnormal", reason)
            if self._decided.surprising:
                self._state(f"{folder}: {self._decided.reason}")
        return self._decided


def _hash(place: Path) -> str:
    """Of a file, or of all files of a folder."""
    return (
        sha256_json([sha256_file(file) for file in sorted(place.iterdir())]) if place.is_dir() else sha256_file(place)
    )


def _name_of(path: Path) -> str:
    """The name of the clip that a path may hold; empty where it is neither a folder nor a video."""
    if path.is_dir():
        return path.name
    return path.stem if path.suffix.lower() in VIDEO_SUFFIXES else ""
