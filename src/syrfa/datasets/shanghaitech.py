"""ShanghaiTech Campus, thirteen scenes of a campus seen by fixed cameras."""

import re
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.base import VideoRecord
from syrfa.datasets.labels import Polarity, Published, read_vector
from syrfa.datasets.masks import find_masks, open_masks
from syrfa.datasets.released import ReleasedDataset, find_clips, hashes_of
from syrfa.errors import DataNotFoundError
from syrfa.utils.files import sha256_json

# where a copy may keep a split, the release's own place first; the first place with a clip is read
PLACES = {
    "train": ("training/videos", "training/frames", "training"),
    "test": ("testing/frames", "testing/videos", "testing", "clips"),
}
NAMES = {"train": r"\d\d_\d{3}", "test": r"\d\d_\d{4}"}
_TREES = {
    "train": "training/videos/01_001.avi or training/frames/01_001/000.jpg",
    "test": "testing/frames/01_0014/000.jpg, or clips/01_0014.mp4 (or a folder clips/01_0014)",
}
MASKS = ("testing/test_frame_mask", "test_frame_mask")
_PIXEL_MASKS = ("testing/test_pixel_mask", "test_pixel_mask")
_FLAT = ("frame_labels_shanghai.npy", "frame_labels_shanghaitech.npy")


class ShanghaiTech(ReleasedDataset):
    """ShanghaiTech Campus: 330 normal training videos, 107 test clips of 40,791 frames, 17,326 of them abnormal.

    ```
    <root>/                                   <root>/
      training/videos/01_001.avi ...            clips/01_0014.mp4 ...
      testing/frames/01_0014/000.jpg ...        test_frame_mask/01_0014.npy ...
      testing/test_frame_mask/01_0014.npy       test_pixel_mask/01_0014.npy ...
      testing/test_pixel_mask/01_0014.npy
    ```

    Left the release, right a part of it; any place may hold video files or folders of frames, and `frames` and
    `videos` may be left out. All 13 scenes are read together; the first number of a name is the scene.

    Labels, first match wins: frame masks, one number a frame, 1 = abnormal; `frame_labels_shanghai.npy`, all test
    frames in turn; the pixel masks, a frame being abnormal where its mask has a pixel. Copies the other way round
    circulate: where all 107 clips are labelled, the published sum tells, and inverted labels are turned round with a
    warning. Fewer are read as the release has them, or as `one_means` says.

    Pixel masks are bool (frames, height, width) or (height, width, frames); `.mat` files and folders of images too.

    Terms: research use. Cite: Luo, Liu, Gao, "A Revisit of Sparse Coding Based Anomaly Detection in
    Stacked RNN Framework", ICCV 2017; the split is that of Liu, Luo, Lian, Gao, CVPR 2018.

    Args:
        root: the folder the data set was unpacked into.
        split: the split that indexing gives.
        one_means: what 1 means in the frame masks, where the published sum cannot tell.
    """

    name: ClassVar[str] = "shanghaitech"
    released_fps: ClassVar[float | None] = 24.0
    released: ClassVar[dict[str, int]] = {"train": 330, "test": 107}
    published: ClassVar[Published] = Published(40_791, (17_326,))
    _unit: ClassVar[str] = "clips"
    _title: ClassVar[str] = "ShanghaiTech"

    def _test_labels(self, record: VideoRecord) -> NDArray[np.uint8]:
        place = self._label_place(record.name)
        if place.name in _FLAT:
            return self._flat(place, record.name)
        if place.parent.name == "test_frame_mask":
            labels = read_vector(place, record.length())
            return labels if self._masks_polarity(place.parent).meaning == "abnormal" else 1 - labels
        self._state(f"{place.parent}: no frame masks; a frame is abnormal where its pixel mask has a pixel")
        return open_masks(place, record.length()).frame_labels()

    def _labels_manifest(self, split: str) -> dict[str, Any]:
        """For the test split the SHA-256 of every clip's mask."""
        names = [] if split == "train" else [record.name for record in self.videos(split)]
        meaning = {"one_means": self.one_means} if names and self.one_means else {}
        return {"labels": {name: _hash(self._label_place(name)) for name in names}, **meaning}

    def _describe_split(self, split: str) -> str:
        scenes = {name[:2] for name, _ in self._found(split)}
        return super()._describe_split(split) + (f", {len(scenes)} of 13 scenes" if scenes else "")

    def _describe_labels(self, test: list[VideoRecord]) -> tuple[str, str]:
        place = self._label_place(test[0].name)
        if place.name in _FLAT:
            return str(place), self._flat_polarity(place).reason
        if place.parent.name == "test_frame_mask":
            return str(place.parent), self._masks_polarity(place.parent).reason
        return str(place.parent), "a frame is abnormal where its pixel mask has a pixel"

    def _clips(self, split: str) -> list[VideoRecord]:
        found = self._found(split)
        if not found:
            raise DataNotFoundError(f"{self.root}: no clip of ShanghaiTech's {split} split; expected {_TREES[split]}")
        return [VideoRecord(name, path, split, self._pixel_masks(name, split)) for name, path in found]

    def _found(self, split: str) -> list[tuple[str, Path]]:
        return find_clips((self.root / place for place in PLACES[split]), NAMES[split])

    def _pixel_masks(self, name: str, split: str) -> Path | None:
        folders = [self.root / place for place in _PIXEL_MASKS]
        return None if split == "train" else find_masks(folders, [name])

    def _label_place(self, name: str) -> Path:
        """The file or folder that labels a test clip."""
        files = [self.root / place / f"{name}.npy" for place in MASKS]
        flat = [self.root / place / file for place in ("", "testing") for file in _FLAT]
        for file in (*files, *flat):
            if file.is_file():
                return file
        masks = self._pixel_masks(name, "test")
        if masks is None or any((self.root / place).is_dir() for place in MASKS):
            raise DataNotFoundError(f"{files[0]}: missing; a test clip needs its mask, here or in {files[1].parent}")
        return masks

    def _masks_polarity(self, folder: Path) -> Polarity:
        """Of all clips together, whose sum is published; a part of them is read as released."""
        files = [file for file in sorted(folder.glob("*.npy")) if re.fullmatch(NAMES["test"], file.stem)]
        if len(files) == self.released["test"] or self.one_means is not None:
            return self._polarity(folder, lambda: map(read_vector, files))
        count = f"{len(files)} of {self.released['test']} masks are there"
        return Polarity("abnormal", f"1 = abnormal, as released; {count}, whose sum is not published: not proved")


def _hash(place: Path) -> str:
    """Of a file, or of all files of a folder."""
    return sha256_json(hashes_of(place)) if place.is_dir() else hashes_of(place)[0]
