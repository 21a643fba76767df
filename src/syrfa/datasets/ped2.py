"""UCSD Ped2, a pedestrian walkway seen by a fixed camera."""

import re
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat

from syrfa.datasets.base import VideoDataset, VideoRecord
from syrfa.errors import ConfigError, DataNotFoundError, LabelError
from syrfa.files import sha256_file
from syrfa.video import frame_count, list_images, read_mask

Interval = tuple[int, int]


class _Layout(NamedTuple):
    """Where a copy keeps its splits, and the pattern of the folders of frames."""

    train: str
    test: str
    video: str


_LAYOUTS = (
    _Layout("Train", "Test", r"(Train|Test)\d+"),
    _Layout("training/frames", "testing/frames", r"\d+"),
)
_TREE = "expected UCSDped2/Train/Train001/001.tif and Test/Test001, or training/frames/01/000.jpg and testing/frames/01"


class UCSDPed2(VideoDataset):
    """UCSD Ped2: 16 normal training videos (2,550 frames), 12 test videos (2,010 frames, 1,648 of them abnormal).

    Frames are grey, 360x240, about 10 a second. Bicycles, carts and skateboards are abnormal.

    ```
    <root>/UCSDped2/                          <root>/
      Train/Train001/001.tif ...                training/frames/01/000.jpg ...
      Test/Test001/001.tif ...                  testing/frames/01/000.jpg ...
      Test/Test001_gt/001.bmp ...               ped2.mat
      Test/UCSDped2.m
    ```

    Left the release, right the repack that circulates; `root` may be `UCSDped2` itself. Both kinds of label file hold
    1-based inclusive intervals, in the order of the test videos. `UCSDped2.m` is read as text, never executed.

    Licence: none stated; research use. Cite: Mahadevan et al., "Anomaly Detection in Crowded Scenes", CVPR 2010.

    Args:
        root: the folder the data set was unpacked into.
    """

    name: ClassVar[str] = "ped2"
    splits: ClassVar[tuple[str, ...]] = ("train", "test")

    def videos(self, split: str) -> list[VideoRecord]:
        """The folders of frames of the split, sorted by name.

        Raises:
            DataNotFoundError: neither layout is there, or the split has no video.
            ConfigError: there is no such split.
        """
        if split not in self.splits:
            raise ConfigError(f"split {split!r}: {self.name} has {', '.join(self.splits)}")
        base, layout = self._place()
        folder = base / (layout.train if split == "train" else layout.test)
        found = sorted(p for p in folder.iterdir() if p.is_dir() and re.fullmatch(layout.video, p.name))
        if not found:
            raise DataNotFoundError(f"{folder}: no folder of frames in it; {_TREE}")
        return [VideoRecord(p.name, p, split, _mask_folder(p)) for p in found]

    def frame_labels(self, record: VideoRecord) -> NDArray[np.uint8] | None:
        """Frame labels of a test video, 1 = abnormal; None for training videos, which the release does not label.

        Raises:
            DataNotFoundError: there is no label file.
            LabelError: it names another number of videos, or frames beyond the end of this one.
        """
        if record.split == "train":
            return None
        file = self._label_file()
        intervals = read_intervals(file)
        names = [other.name for other in self.videos(record.split)]
        if len(intervals) != len(names):
            raise LabelError(f"{file}: labels of {len(intervals)} videos, {record.path.parent} has {len(names)}")
        labels = np.zeros(record.length(), np.uint8)
        for start, end in intervals[names.index(record.name)]:
            if end > len(labels):
                raise LabelError(
                    f"{file}: {record.name} is abnormal to frame {end}, the video has {len(labels)} frames"
                )
            labels[start - 1 : end] = 1
        return labels

    def pixel_mask(self, record: VideoRecord, frame: int) -> NDArray[np.bool_] | None:
        """The abnormal pixels of a frame, bool (height, width); None where the release has no masks of the video.

        Raises:
            LabelError: there are more or fewer masks than frames.
        """
        if record.annotations is None:
            return None
        masks = list_images(record.annotations)
        frames = frame_count(record.path)
        if len(masks) != frames:
            raise LabelError(f"{record.annotations}: {len(masks)} masks, the video has {frames} frames")
        return np.asarray(read_mask(masks[frame]) > 0)

    def manifest(self, split: str) -> dict[str, Any]:
        """As the base class, and for the test split the SHA-256 of the label file."""
        labels = {} if split == "train" else {self._label_file().name: sha256_file(self._label_file())}
        return {**super().manifest(split), "labels": labels}

    def _place(self) -> tuple[Path, _Layout]:
        for base in (self.root / "UCSDped2", self.root):
            for layout in _LAYOUTS:
                if (base / layout.train).is_dir() and (base / layout.test).is_dir():
                    return base, layout
        raise DataNotFoundError(f"{self.root}: not a copy of UCSD Ped2; {_TREE}")

    def _label_file(self) -> Path:
        base, layout = self._place()
        names = ("UCSDped2.m", "ped2.mat") if layout is _LAYOUTS[0] else ("ped2.mat", "UCSDped2.m")
        for name in names:
            for folder in (base / "Test", base, self.root):
                if (folder / name).is_file():
                    return folder / name
        raise DataNotFoundError(f"{base / names[0]}: no labels; put UCSDped2.m or ped2.mat of the release there")


def read_intervals(file: Path) -> list[list[Interval]]:
    """Reads the abnormal intervals of every test video.

    Args:
        file: a `.mat` file whose `gt` is (1, videos) of (2, intervals), or a `.m` script of lines
            `TestVideoFile{end+1}.gt_frame = [61:180];`.

    Returns:
        a list a video of (first, last), 1-based and inclusive.

    Raises:
        LabelError: the file is of another form, or an interval is empty or starts before 1.
    """
    videos = _read_mat(file) if file.suffix == ".mat" else _read_script(file)
    for number, intervals in enumerate(videos, start=1):
        for start, end in intervals:
            if start < 1 or end < start:
                raise LabelError(f"{file}: video {number} has the interval {start}:{end}; frames count from 1")
    return videos


def _read_mat(file: Path) -> list[list[Interval]]:
    try:
        cells = loadmat(file)["gt"].ravel()
        arrays = [np.asarray(cell, np.int64) for cell in cells]
    except Exception as error:  # loadmat raises whatever the damaged byte leads to
        raise LabelError(f"{file}: not a MATLAB file with the cell array gt of the release") from error
    if any(array.ndim != 2 or array.shape[0] != 2 for array in arrays):
        raise LabelError(f"{file}: every cell of gt holds two rows, first and last frames")
    return [[(int(start), int(end)) for start, end in array.T] for array in arrays]


def _read_script(file: Path) -> list[list[Interval]]:
    text = re.sub(r"%.*", "", file.read_text(errors="replace"))
    bodies = re.findall(r"gt_frame\s*=\s*\[([^\]]*)\]", text)
    if not bodies:
        raise LabelError(f"{file}: no line like TestVideoFile{{end+1}}.gt_frame = [61:180];")
    return [[_parse_interval(file, part) for part in re.split(r"[\s,;]+", body.strip()) if part] for body in bodies]


def _parse_interval(file: Path, text: str) -> Interval:
    match = re.fullmatch(r"(\d+)(?::(\d+))?", text)
    if match is None:
        raise LabelError(f"{file}: {text!r} is not an interval like 61:180")
    return int(match[1]), int(match[2] or match[1])


def _mask_folder(video: Path) -> Path | None:
    folder = video.with_name(f"{video.name}_gt")
    return folder if folder.is_dir() else None
