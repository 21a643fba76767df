"""The file of boxes: one row a box, one array a column, and what the boxes are of."""

import io
import json
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.base import VideoDataset
from syrfa.errors import DetectionError
from syrfa.utils.files import atomic_write

# Columns of equal numbers deflate to a thousandth, but boxes hardly deflate: files of boxes as a whole
# shrink by less than ten.
_GROWTH = 32
_ALWAYS = 64 << 20
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the only ones that zipfile unpacks in bounded steps

SCHEMA = 1
COLUMNS = ("boxes", "video", "frame", "names", "frames_per_video")
ORIGIN = ("class_id", "frame_sizes", "detector", "dataset", "split", "manifest")  # what a file with a schema adds


@dataclass(frozen=True)
class Origin:
    """What the boxes of a file are of: the identity of the detector, the names of data set and split.

    `manifest` is the hash of the split's videos; in older files of its whole manifest, labels too.
    """

    detector: dict[str, Any]
    dataset: str
    split: str
    manifest: str

    def is_of(self, dataset: VideoDataset) -> bool:
        """Whether the boxes were made on this very copy of a data set."""
        hashes = (dataset.videos_hash(self.split), dataset.manifest_hash(self.split))
        return self.dataset == dataset.name and self.manifest in hashes


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
        frame_sizes: their (height, width) in pixels; None in a file without a schema.
        origin: what the boxes are of; None in a file without a schema.
    """

    path: Path
    boxes: NDArray[np.float32]
    class_id: NDArray[np.int16]
    video: NDArray[np.int64]
    frame: NDArray[np.int64]
    row: NDArray[np.int64]
    names: list[str]
    frames_per_video: list[int]
    frame_sizes: list[tuple[int, int]] | None = None
    origin: Origin | None = None


def write_boxes(content: BoxFile) -> None:
    """Writes a file of boxes with its origin, atomically; equal content gives equal bytes on every machine."""
    assert content.origin is not None
    assert content.frame_sizes is not None
    columns: dict[str, Any] = {
        "schema": np.array(SCHEMA, "<i4"),
        "boxes": content.boxes.astype("<f4"),
        "class_id": content.class_id.astype("<i2"),
        "video": content.video.astype("<i4"),
        "frame": content.frame.astype("<i4"),
        "names": np.array(content.names, str),
        "frames_per_video": np.array(content.frames_per_video, "<i4"),
        "frame_sizes": np.array(content.frame_sizes, "<i4").reshape(-1, 2),
        "detector": np.array(json.dumps(content.origin.detector, sort_keys=True)),
        "dataset": np.array(content.origin.dataset),
        "split": np.array(content.origin.split),
        "manifest": np.array(content.origin.manifest),
    }
    with atomic_write(content.path) as file:
        np.savez(file, **columns)  # stored, not deflated: zlib's versions differ


def read_boxes(path: Path) -> BoxFile:
    """Reads and checks a file of boxes.

    Raises:
        DetectionError: the file is missing, no `.npz`, of a newer schema, lacks an array, holds no box, or a box is not
            finite, has no area, has a confidence outside [0, 1] or belongs to no video or frame.
    """
    arrays = _read_arrays(path, ("schema", *COLUMNS, *ORIGIN))
    versioned = _check_schema(path, arrays)
    missing = [key for key in COLUMNS + (ORIGIN if versioned else ()) if key not in arrays]
    if missing:
        raise DetectionError(f"{path}: lacks {', '.join(missing)}; expected the arrays {', '.join(COLUMNS)}")
    boxes = _boxes(path, arrays["boxes"])
    count = len(boxes)
    names, lengths = _videos(path, arrays["names"], arrays["frames_per_video"])
    video, frame = (_integers(path, key, arrays[key], (count,)) for key in ("video", "frame"))
    classes = _integers(path, "class_id", arrays.get("class_id", np.full(count, -1)), (count,))
    if count and (classes.min() < -(1 << 15) or classes.max() >= 1 << 15):
        raise DetectionError(f"{path}: class_id reaches from {classes.min()} to {classes.max()}; 16 bits hold less")
    check_rows(path, boxes, video, frame, lengths)
    order = np.lexsort((frame, video))
    sizes = origin = None
    if versioned:
        pairs = _integers(path, "frame_sizes", arrays["frame_sizes"], (len(names), 2))
        sizes, origin = [(int(height), int(width)) for height, width in pairs], _origin(path, arrays)
    classes16 = classes.astype(np.int16)[order]
    return BoxFile(path, boxes[order], classes16, video[order], frame[order], order, names, lengths, sizes, origin)


def check_rows(
    path: Path, boxes: NDArray[np.float32], video: NDArray[np.int64], frame: NDArray[np.int64], lengths: list[int]
) -> None:
    """Raises a DetectionError for the first row that no video of these lengths could hold; see `BoxFile`."""
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


def outside(xyxy: NDArray[np.float32], height: int, width: int) -> NDArray[np.bool_]:
    """Whether each box, (n, 4), has no part inside the frame, (n,)."""
    return np.asarray((xyxy[:, 0] >= width) | (xyxy[:, 1] >= height) | (xyxy[:, 2] <= 0) | (xyxy[:, 3] <= 0))


def _check_schema(path: Path, arrays: dict[str, NDArray[Any]]) -> bool:
    """Whether the file has a schema at all; the published ones have none."""
    if "schema" not in arrays:
        return False
    schema = int(_integers(path, "schema", arrays["schema"], ()))
    if schema != SCHEMA:
        raise DetectionError(
            f"{path}: a file of boxes of schema {schema}, this version of syrfa reads {SCHEMA}; update syrfa"
        )
    return True


def _boxes(path: Path, values: NDArray[Any]) -> NDArray[np.float32]:
    if values.dtype.kind not in "fiu" or values.ndim != 2 or values.shape[1] != 5 or len(values) == 0:
        raise DetectionError(f"{path}: boxes is {values.dtype} {values.shape}, expected numbers (n, 5) with n > 0")
    with np.errstate(over="ignore"):  # what overflows is found not to be finite
        return values.astype(np.float32)


def _videos(path: Path, names: NDArray[Any], lengths: NDArray[Any]) -> tuple[list[str], list[int]]:
    if names.ndim != 1 or names.dtype.kind not in "UiuS":
        raise DetectionError(f"{path}: names is {names.dtype} {names.shape}, expected a list of texts")
    texts = [str(name) for name in names]
    if lengths.shape != (len(texts),) or len(set(texts)) != len(texts):
        count = lengths.shape[0] if lengths.ndim == 1 else lengths.shape
        raise DetectionError(f"{path}: {len(set(texts))} distinct names for {count} frames_per_video")
    return texts, [int(length) for length in _integers(path, "frames_per_video", lengths, (len(texts),))]


def _integers(path: Path, key: str, column: NDArray[Any], shape: tuple[int, ...]) -> NDArray[np.int64]:
    if column.shape != shape or not np.issubdtype(column.dtype, np.integer):
        raise DetectionError(f"{path}: {key} is {column.dtype} {column.shape}, expected integers {shape}")
    return column.astype(np.int64)


def _origin(path: Path, arrays: dict[str, NDArray[Any]]) -> Origin:
    for key in ORIGIN[2:]:
        if arrays[key].shape != () or arrays[key].dtype.kind != "U":
            raise DetectionError(f"{path}: {key} is {arrays[key].dtype} {arrays[key].shape}, expected one text")
    try:
        detector = json.loads(str(arrays["detector"]))
    except (ValueError, RecursionError):
        detector = None
    if not isinstance(detector, dict):
        raise DetectionError(f"{path}: detector is not the JSON text of a detector's settings")
    return Origin(detector, *(str(arrays[key]) for key in ("dataset", "split", "manifest")))


def _read_arrays(path: Path, names: Iterable[str]) -> dict[str, NDArray[Any]]:
    """Those of the arrays `names` that the file holds; what it declares is compared with its size before it is read."""
    if not path.is_file():
        raise DetectionError(f"{path}: no such file of boxes")
    try:
        with zipfile.ZipFile(path) as archive:
            listed = {name: archive.NameToInfo.get(f"{name}.npy") for name in names}
            members = {name: member for name, member in listed.items() if member is not None}
            declared, size = sum(member.file_size for member in members.values()), path.stat().st_size
            if declared > max(_ALWAYS, _GROWTH * size):
                raise DetectionError(
                    f"{path}: its {size:,} bytes claim to unpack to {declared:,}; no file of boxes does, so it was not "
                    "read"
                )
            return {name: _read(archive, member) for name, member in members.items()}
    except DetectionError:
        raise
    except Exception as error:  # a damaged archive raises from zipfile, zlib, numpy or the parser of its headers
        raise DetectionError(f"{path}: not an .npz file of plain arrays ({type(error).__name__})") from error


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> NDArray[Any]:
    if member.compress_type not in _METHODS:
        raise ValueError("compressed by another method")
    with archive.open(member) as content:
        file = io.BytesIO(content.read(member.file_size))  # no more is unpacked than the archive declares
    version = np.lib.format.read_magic(file)
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = header(file)
    values = np.frombuffer(file.getbuffer(), dtype, offset=file.tell()) if 0 not in shape else np.empty(0, dtype)
    return values.reshape(shape, order="F" if fortran else "C")
