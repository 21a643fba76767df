"""Boxes made elsewhere, read from a file."""

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.base import VideoDataset, VideoRecord
from syrfa.detection.base import Detections, Detector
from syrfa.errors import DetectionError
from syrfa.files import sha256_file

_SPLIT = "{split}"
_KEYS = ("boxes", "video", "frame", "names", "frames_per_video")


@dataclass(frozen=True)
class BoxFile:
    """The content of a file of boxes, sorted by video and frame; boxes of a frame keep their order.

    Attributes:
        path: the file.
        boxes: float32 (n, 5), left, top, right, bottom in pixels, confidence.
        class_id: int16 (n,).
        video: int64 (n,), an index into `names`.
        frame: int64 (n,), 0-based.
        row: int64 (n,), where the box stood in the file.
        names: the videos.
        frames_per_video: their lengths.
    """

    path: Path
    boxes: NDArray[np.float32]
    class_id: NDArray[np.int16]
    video: NDArray[np.int64]
    frame: NDArray[np.int64]
    row: NDArray[np.int64]
    names: list[str]
    frames_per_video: list[int]


class FileDetector(Detector):
    """Gives the boxes of an `.npz` file, e.g. those published for UCSD Ped2.

    Arrays of the file: `boxes` (n, 5), left, top, right, bottom, confidence; `video` (n,), an index into `names`;
    `frame` (n,), 0-based; `names` (videos,); `frames_per_video` (videos,); optionally `class_id` (n,).

    A video is found by its name. Copies of a data set name their videos differently (`Test001`, `01`): when not one
    name agrees, videos are matched by position, provided that their number, the lengths and the numbers
    in the names all agree.

    Args:
        path: the file; `{split}` in it is replaced by the split of the video.
        clip: cuts boxes at the edge of the frame. Off by default: published boxes overshoot the frame by a few
            pixels, and the published crops were taken from the boxes as they are.
    """

    needs_frames = False

    def __init__(self, path: str | Path, clip: bool = False) -> None:
        self.path = str(path)
        self.clip = clip
        self._files: dict[str, BoxFile] = {}
        self._video: tuple[BoxFile, int, Path] | None = None
        self._frame: NDArray[np.int64] = np.empty(0, np.int64)
        self._boxes = Detections(np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty(0, np.int16))

    def identity(self) -> dict[str, Any]:
        """The SHA-256 of the file, or of the files of all splits.

        Raises:
            DetectionError: there is none.
        """
        pattern = Path(self.path)
        found = sorted(pattern.parent.glob(pattern.name.replace(_SPLIT, "*"))) if _SPLIT in pattern.name else [pattern]
        if not found or not all(file.is_file() for file in found):
            raise DetectionError(f"{self.path}: no such file of boxes")
        return {"detector": "file", "clip": self.clip, "sha256": {file.name: sha256_file(file) for file in found}}

    def start(self, dataset: VideoDataset, record: VideoRecord, frames: int | None, height: int, width: int) -> None:
        """Looks the video up and checks its boxes.

        Raises:
            DetectionError: the file is missing or malformed, has other videos or, where the length is known, other
                lengths, or a box of this video is outside the frame; the message names the file and the row.
        """
        path = self.path.replace(_SPLIT, record.split)
        if path not in self._files:
            self._files[path] = read_boxes(Path(path))
        content = self._files[path]
        number = _find_video(content, dataset, record)
        self._video = (content, number, record.path)
        if frames is not None:
            self.finish(frames)
        self._frame, self._boxes = _boxes_of(content, number, height, width, self.clip)

    def finish(self, frames: int) -> None:
        """Compares the video's length with that of the file.

        Raises:
            DetectionError: they differ.
        """
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


def read_boxes(path: Path) -> BoxFile:
    """Reads and checks a file of boxes.

    Raises:
        DetectionError: the file is missing, no `.npz`, lacks an array, holds no box, or a box is not finite, has no
            area, has a confidence outside [0, 1] or belongs to no video or frame.
    """
    arrays = _load(path)
    boxes = np.asarray(arrays["boxes"], np.float32)
    names = [str(name) for name in arrays["names"]]
    lengths = [int(length) for length in arrays["frames_per_video"]]
    count = len(boxes)
    if boxes.ndim != 2 or boxes.shape[1] != 5 or count == 0:
        raise DetectionError(f"{path}: boxes has shape {boxes.shape}, expected (n, 5) with n > 0")
    if len(names) != len(lengths) or len(set(names)) != len(names):
        raise DetectionError(f"{path}: {len(set(names))} distinct names for {len(lengths)} frames_per_video")
    columns = {key: np.asarray(arrays[key]) for key in ("video", "frame")}
    columns["class_id"] = np.asarray(arrays.get("class_id", np.full(count, -1)))
    for key, column in columns.items():
        if column.shape != (count,) or not np.issubdtype(column.dtype, np.integer):
            raise DetectionError(f"{path}: {key} is {column.dtype} {column.shape}, expected {count} integers")
    video, frame = columns["video"].astype(np.int64), columns["frame"].astype(np.int64)
    _check_rows(path, boxes, video, frame, lengths)
    order = np.lexsort((frame, video))
    classes = columns["class_id"].astype(np.int16)
    return BoxFile(path, boxes[order], classes[order], video[order], frame[order], order, names, lengths)


def _load(path: Path) -> dict[str, NDArray[Any]]:
    if not path.is_file():
        raise DetectionError(f"{path}: no such file of boxes")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {key: file[key] for key in file}
    except Exception as error:  # a damaged archive raises from zipfile, zlib or numpy
        raise DetectionError(f"{path}: not an .npz file of plain arrays ({type(error).__name__})") from error
    missing = [key for key in _KEYS if key not in arrays]
    if missing:
        raise DetectionError(f"{path}: lacks {', '.join(missing)}; expected the arrays {', '.join(_KEYS)}")
    return arrays


def _check_rows(
    path: Path, boxes: NDArray[np.float32], video: NDArray[np.int64], frame: NDArray[np.int64], lengths: list[int]
) -> None:
    """Raises for the first row that no video of this file could hold."""
    known = (video >= 0) & (video < len(lengths))
    length = np.append(lengths, 0)[np.where(known, video, -1)]
    with np.errstate(invalid="ignore"):
        faults = {
            "a side or the confidence is not finite": ~np.isfinite(boxes).all(axis=1),
            "the box has no area (x2 <= x1 or y2 <= y1)": (boxes[:, 2:4] <= boxes[:, :2]).any(axis=1),
            "the confidence is outside [0, 1]": (boxes[:, 4] < 0) | (boxes[:, 4] > 1),
            "there is no such video": ~known,
            "the frame is beyond the end of the video": known & ((frame < 0) | (frame >= length)),
        }
    for fault, rows in faults.items():
        if rows.any():
            row = int(np.flatnonzero(rows)[0])
            values = ", ".join(f"{value:g}" for value in boxes[row])
            place = f"video {video[row]}, frame {frame[row]}"
            raise DetectionError(f"{path}: row {row}: {fault}; box ({values}), {place}; {int(rows.sum())} such rows")


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


def _boxes_of(
    content: BoxFile, number: int, height: int, width: int, clip: bool
) -> tuple[NDArray[np.int64], Detections]:
    """The frame of every box of a video, ascending, and the boxes."""
    begin, end = np.searchsorted(content.video, [number, number + 1])
    xyxy = content.boxes[begin:end, :4]
    outside = (xyxy[:, 0] >= width) | (xyxy[:, 1] >= height) | (xyxy[:, 2] <= 0) | (xyxy[:, 3] <= 0)
    if outside.any():
        bad = int(np.flatnonzero(outside)[0])
        values = ", ".join(f"{value:g}" for value in xyxy[bad])
        raise DetectionError(
            f"{content.path}: row {content.row[begin + bad]}: box ({values}) lies outside the {width}x{height} frame "
            f"of video {content.names[number]}; {int(outside.sum())} such boxes"
        )
    if clip:
        xyxy = np.clip(xyxy, 0, np.array([width, height, width, height], np.float32))
    rows = slice(begin, end)
    return content.frame[rows], Detections(xyxy, content.boxes[rows, 4], content.class_id[rows])


def _number(name: str) -> int | None:
    """The number at the end of a name: 1 of `Test001` and of `01`."""
    match = re.search(r"(\d+)$", name)
    return int(match[1]) if match else None


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
