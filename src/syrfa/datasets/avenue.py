"""CUHK Avenue, an avenue of a campus seen by one camera."""

from pathlib import Path
from typing import Any, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.base import VideoRecord
from syrfa.datasets.labels import Meaning, Polarity, Published, mark_intervals, read_intervals, read_vector
from syrfa.datasets.masks import find_masks, open_masks
from syrfa.datasets.released import ReleasedDataset, find_clips, hashes_of
from syrfa.errors import DataNotFoundError, LabelError

Source = Literal["masks", "vectors", "intervals"]

_BASES = ("", "Avenue Dataset", "Avenue_Dataset", "Avenue", "avenue")
# where a copy may keep a split, the release's own place first; the first place with a video is read
_PLACES = ("{0}_videos", "{0}/{0}_videos", "{0}/videos", "{0}/frames", "{0}")
_WORDS = {"train": "training", "test": "testing"}
_MASKS = ("ground_truth_demo/testing_label_mask", "testing_label_mask", "testing/testing_label_mask")
_VECTORS = ("testing/test_frame_mask", "test_frame_mask")
_FLAT, _INTERVALS = "frame_labels_avenue.npy", "avenue.mat"
_TREE = "training_videos/01.avi and testing_videos/01.avi, or training/frames/01/0000.jpg and testing/frames/01"
_WANTED = "ground_truth_demo/testing_label_mask/1_label.mat of the release, test_frame_mask/01.npy or avenue.mat"


class Avenue(ReleasedDataset):
    """CUHK Avenue: 16 normal training videos, 21 test videos of 15,324 frames, 3,712 of them abnormal by the masks.

    Frames are coloured, 640x360. Running, throwing and walking the wrong way are abnormal, for example.

    ```
    <root>/                                                 <root>/
      training_videos/01.avi ...                              training/frames/01/0000.jpg ...
      testing_videos/01.avi ...                               testing/frames/01/0000.jpg ...
      ground_truth_demo/testing_label_mask/1_label.mat        testing_label_mask/1_label.mat ...
                                                              or test_frame_mask/01.npy ..., or avenue.mat
    ```

    Left the release, right the repack that circulates; `root` may hold `Avenue Dataset` or `Avenue`, any place may
    hold video files or folders of frames, and frames may count from 0 or from 1.

    Labels, first match wins: the release's masks (`volLabel`, a cell a frame; also images, `.npy`), a frame being
    abnormal where its mask has a pixel; one number a frame in `test_frame_mask` or, all in turn, in
    `frame_labels_avenue.npy`, whose published sum tells which way round it is; `avenue.mat`, 1-based inclusive
    intervals. **They are not the same annotation**: `avenue.mat` marks 3,867 frames, and not those of the masks.

    Terms: non-commercial use, says its ground truth. Cite: Lu, Shi, Jia, "Abnormal Event Detection at 150 FPS in
    MATLAB", ICCV 2013.

    Args:
        root: the folder the data set was unpacked into.
        split: the split that indexing gives.
        labels_from: `masks`, `vectors` or `intervals`; None takes the first that is there.
        one_means: what 1 means in vectors, where their sum is not a published one either way round.
    """

    name: ClassVar[str] = "avenue"
    released_fps: ClassVar[float | None] = 25.0
    released: ClassVar[dict[str, int]] = {"train": 16, "test": 21}
    published: ClassVar[Published] = Published(15_324, (3_712, 3_867))
    _title: ClassVar[str] = "Avenue"

    def __init__(
        self,
        root: str | Path,
        split: str | None = None,
        labels_from: Source | None = None,
        one_means: Meaning | None = None,
    ) -> None:
        super().__init__(root, split, one_means)
        self.labels_from = labels_from

    def _test_labels(self, record: VideoRecord) -> NDArray[np.uint8]:
        source, place = self._source(), self._label_place(record)
        if source == "masks":
            return open_masks(place, record.length()).frame_labels()
        if source == "intervals":
            return mark_intervals(place, record.name, self._intervals(place, record), record.length())
        if place.name == _FLAT:
            return self._flat(place, record.name)
        labels = read_vector(place, record.length())
        return labels if self._vectors_polarity(place.parent).meaning == "abnormal" else 1 - labels

    def _labels_manifest(self, split: str) -> dict[str, Any]:
        """For the test split where labels come from and the SHA-256 of their files."""
        if split == "train":
            return {}
        files = {record.name: hashes_of(self._label_place(record)) for record in self.videos(split)}
        meaning = {"one_means": self.one_means} if self.one_means else {}
        return {"labels_from": self._source(), "labels": files, **meaning}

    def _describe_labels(self, test: list[VideoRecord]) -> tuple[str, str]:
        source, place = self._source(), self._label_place(test[0])
        others = [kind for kind in self._kinds() if kind != source]
        unread = f"; there too and not read: {', '.join(others)}" if others else ""
        if source != "vectors":
            polarity = "a pixel above 0 is abnormal" if source == "masks" else "intervals name abnormal frames"
        elif place.name == _FLAT:
            polarity = self._flat_polarity(place).reason
        else:
            polarity = self._vectors_polarity(place.parent).reason
        return f"{source}, first {place}{unread}", polarity

    def _clips(self, split: str) -> list[VideoRecord]:
        found = find_clips(self._folders(*(place.format(_WORDS[split]) for place in _PLACES)), "[0-9]{1,2}")
        if not found:
            raise DataNotFoundError(f"{self.root}: no video of Avenue's {split} split; expected {_TREE}")
        named = sorted((f"{int(stem):02d}", path) for stem, path in found)
        return [VideoRecord(name, path, split, self._masks(name, split)) for name, path in named]

    def _folders(self, *places: str) -> list[Path]:
        return [self.root / base / place for base in _BASES for place in places]

    def _masks(self, name: str, split: str) -> Path | None:
        names = [f"{int(name)}_label", f"{name}_label", name]
        return None if split == "train" else find_masks(self._folders(*_MASKS), names)

    def _place_of(self, kind: Source, record: VideoRecord) -> Path | None:
        """Where the labels of a video are, if they are of this kind."""
        if kind == "masks":
            return record.annotations
        if kind == "intervals":
            files = self._folders(_INTERVALS)
        else:
            files = [folder / f"{record.name}.npy" for folder in self._folders(*_VECTORS)]
            files += self._folders(_FLAT, f"testing/{_FLAT}")
        return next((file for file in files if file.is_file()), None)

    def _kinds(self) -> list[Source]:
        """The kinds of labels that are there, the one that is read first."""
        first = self._clips("test")[0]
        return [kind for kind in get_args(Source) if self._place_of(kind, first) is not None]

    def _source(self) -> Source:
        if self.labels_from is not None:
            return self.labels_from
        kinds = self._kinds()
        if not kinds:
            raise DataNotFoundError(f"{self.root}: no labels of Avenue; expected {_WANTED}")
        if len(kinds) > 1:
            self._state(
                f"{self.root}: labels as {' and '.join(kinds)} are there, which are not the same annotation; the "
                f"{kinds[0]} are read (labels_from={kinds[0]} says so and ends this warning)"
            )
        return kinds[0]

    def _label_place(self, record: VideoRecord) -> Path:
        source = self._source()
        place = self._place_of(source, record)
        if place is None:
            raise DataNotFoundError(f"{self.root}: no {source} of test video {record.name}; expected {_WANTED}")
        return place

    def _intervals(self, file: Path, record: VideoRecord) -> list[tuple[int, int]]:
        """A file of the whole split goes by the numbers of videos, one of a part of it by their order."""
        intervals = read_intervals(file)
        names = [other.name for other in self._clips("test")]
        if len(intervals) == self.released["test"] and int(record.name) <= len(intervals):
            return intervals[int(record.name) - 1]
        if len(intervals) != len(names):
            raise LabelError(f"{file}: labels of {len(intervals)} videos, {record.path.parent} has {len(names)}")
        return intervals[names.index(record.name)]

    def _vectors_polarity(self, folder: Path) -> Polarity:
        return self._polarity(folder, lambda: map(read_vector, sorted(folder.glob("*.npy"))))
