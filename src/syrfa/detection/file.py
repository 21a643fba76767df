"""Boxes made elsewhere, read from a file."""

import re
import warnings
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.base import VideoDataset, VideoRecord
from syrfa.detection.base import Detections, Detector
from syrfa.detection.box_file import BoxFile, outside, read_boxes
from syrfa.errors import DetectionError
from syrfa.utils.files import sha256_file

_SPLIT = "{split}"


class FileDetector(Detector):
    """Gives the boxes of an `.npz` file, e.g. those published for UCSD Ped2.

    Arrays of the file: `boxes` (n, 5), left, top, right, bottom, confidence; `video` (n,), an index into `names`;
    `frame` (n,), 0-based; `names` (videos,); `frames_per_video` (videos,); optionally `class_id` (n,). A file of
    `syrfa detect` has a `schema` and says also what its boxes are of; see docs/data.md. Published boxes overshoot
    the frame by a few pixels, and tubes are cut out of them as they are.

    A video is found by its name. Copies of a data set name their videos differently (`Test001`, `01`): when not one
    name agrees, videos are matched by position, provided that their number, the lengths and the numbers
    in the names all agree.

    Args:
        path: the file; `{split}` in it is replaced by the split of the video.
    """

    needs_frames = False

    def __init__(self, path: str | Path) -> None:
        self.path = str(path)
        self._files: dict[str, BoxFile] = {}
        self._video: tuple[BoxFile, int, Path] | None = None
        self._frame: NDArray[np.int64] = np.empty(0, np.int64)
        self._boxes = Detections(np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty(0, np.int16))

    def identity(self) -> dict[str, Any]:
        """The SHA-256 of the file, or of the files of all splits; DetectionError where there is none."""
        digests = {file.name: sha256_file(file) for file in self._places()}
        return {"detector": "file", "clip": False, "sha256": digests}  # boxes are never clipped at the frame

    def found_by(self) -> dict[str, Any]:
        """The detector that the files name; where they name none, or not all the same, the files themselves."""
        first, *others = (read_boxes(file).origin for file in self._places())
        if first is None or any(other is None or other.detector != first.detector for other in others):
            return self.identity()
        return first.detector

    def _places(self) -> list[Path]:
        pattern = Path(self.path)
        found = sorted(pattern.parent.glob(pattern.name.replace(_SPLIT, "*"))) if _SPLIT in pattern.name else [pattern]
        if not found or not all(file.is_file() for file in found):
            raise DetectionError(f"{self.path}: no such file of boxes")
        return found

    def start(self, dataset: VideoDataset, record: VideoRecord, frames: int | None, height: int, width: int) -> None:
        """Looks the video up and checks its boxes.

        Warns where the boxes were made on another copy of the data set: names, lengths and sizes must agree, bytes
        need not.

        Raises:
            DetectionError: the file is missing or malformed, is of another split, has other videos, sizes or lengths,
                or a box of this video is outside the frame; the message names the file and the row.
        """
        path = self.path.replace(_SPLIT, record.split)
        if path not in self._files:
            content = read_boxes(Path(path))
            _check_origin(content, dataset, record.split)
            self._files[path] = content
        content = self._files[path]
        number = _find_video(content, dataset, record)
        if content.frame_sizes is not None and content.frame_sizes[number] != (height, width):
            theirs = content.frame_sizes[number]
            raise DetectionError(
                f"{path}: video {content.names[number]} is {theirs[1]}x{theirs[0]} there, {record.path} is "
                f"{width}x{height}; boxes are in pixels, so run syrfa detect on this copy"
            )
        self._video = (content, number, record.path)
        if frames is not None:
            self.finish(frames)
        self._frame, self._boxes = _boxes_of(content, number, height, width)

    def finish(self, frames: int) -> None:
        """Compares the video's length with that of the file; DetectionError where they differ."""
        assert self._video is not None
        content, number, path = self._video
        if content.frames_per_video[number] != frames:
            raise DetectionError(
                f"{content.path}: video {content.names[number]} has {content.frames_per_video[number]} frames there, "
                f"{path} has {frames}"
            )

    def detect(self, frames: NDArray[np.uint8], first: int) -> list[Detections]:
        """The boxes of `len(frames)` frames from number `first` on; the pixels are not looked at."""
        boxes = self._boxes
        cuts = np.searchsorted(self._frame, np.arange(first, first + len(frames) + 1))
        return [Detections(boxes.xyxy[a:b], boxes.confidence[a:b], boxes.class_id[a:b]) for a, b in pairwise(cuts)]


def _check_origin(content: BoxFile, dataset: VideoDataset, split: str) -> None:
    origin = content.origin
    if origin is None:
        return
    if origin.split != split:
        raise DetectionError(
            f"{content.path}: boxes of the split {origin.split}, asked for those of {split}; "
            "write {split} into the path, or name the other file"
        )
    if not origin.is_of(dataset):
        warnings.warn(
            f"{content.path}: these boxes were made on another copy ({origin.dataset} {origin.split}, manifest "
            f"{origin.manifest[:12]}) than the {dataset.name} at {dataset.root}; its frames may differ",
            stacklevel=3,
        )


def _find_video(content: BoxFile, dataset: VideoDataset, record: VideoRecord) -> int:
    if record.name in content.names:
        return content.names.index(record.name)
    theirs = [other.name for other in dataset.videos(record.split)]
    common = set(theirs) & set(content.names)
    if common or len(theirs) != len(content.names):
        raise DetectionError(
            f"{content.path}: no video {record.name}; it has {len(content.names)} videos ({_some(content.names)}), "
            f"split {record.split} has {len(theirs)} ({_some(theirs)})"
        )
    number = theirs.index(record.name)
    if _number(record.name) != _number(content.names[number]):
        raise DetectionError(
            f"{content.path}: no video {record.name}, in its place is {content.names[number]}; rename them alike"
        )
    return number


def _boxes_of(content: BoxFile, number: int, height: int, width: int) -> tuple[NDArray[np.int64], Detections]:
    """The frame of every box of a video, ascending, and the boxes."""
    begin, end = np.searchsorted(content.video, [number, number + 1])
    rows = slice(begin, end)
    xyxy = content.boxes[rows, :4]
    beyond = outside(xyxy, height, width)
    if beyond.any():
        bad = int(np.flatnonzero(beyond)[0])
        values = ", ".join(f"{value:g}" for value in xyxy[bad])
        raise DetectionError(
            f"{content.path}: row {content.row[begin + bad]}: box ({values}) lies outside the {width}x{height} frame "
            f"of video {content.names[number]}; {int(beyond.sum())} such boxes"
        )
    return content.frame[rows], Detections(xyxy, content.boxes[rows, 4], content.class_id[rows])


def _number(name: str) -> int | None:
    """The number at the end of a name: 1 of `Test001` and of `01`."""
    match = re.search(r"(\d+)$", name)
    return int(match[1]) if match else None


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
