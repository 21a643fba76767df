"""The tables of a cache: its videos, its tubes, and what the data set's labels say of them."""

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from syrfa.errors import CacheError
from syrfa.utils.files import atomic_write

_NOT_WRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR}
_NOT_WRITABLE |= {errno.EEXIST, errno.ENAMETOOLONG, errno.EIO, errno.ESTALE, errno.EXDEV, errno.ETIMEDOUT}
_GO_ON = "run the same command again: it goes on where it stopped"
HEADER = 128  # bytes before the data of a shard, as numpy itself pads them


@contextlib.contextmanager
def writes_to(path: Path) -> Iterator[None]:
    """Turns the system's refusal to write a file, or a folder of files, into a CacheError of one line."""
    try:
        yield
    except FileNotFoundError as error:
        raise CacheError(
            f"{path}: somebody removed the folder or the temporary file while it was written; {_GO_ON}"
        ) from error
    except OSError as error:
        if error.errno not in _NOT_WRITABLE:
            raise
        raise CacheError(
            f"{path}: cannot be written ({os.strerror(error.errno)}); free some space or set SYRFA_CACHE to a folder "
            f"of another disk, then {_GO_ON}"
        ) from error


def npy_header(shape: tuple[int, ...]) -> bytes:
    """The header of a version 1.0 .npy file of uint8 in C order, always 128 bytes, the same on every numpy."""
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape!r}, }}".ljust(HEADER - 11) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode("ascii")


@contextlib.contextmanager
def open_shard(path: Path, tube_shape: tuple[int, int, int, int]) -> Iterator[Callable[[NDArray[np.uint8]], None]]:
    """Appends tubes, (n, *tube_shape), to a shard that is complete when the block ends and absent when it raises."""
    with atomic_write(path) as file:
        count = 0
        file.write(b"\0" * HEADER)

        def append(tubes: NDArray[np.uint8]) -> None:
            nonlocal count
            file.write(np.ascontiguousarray(tubes).data)
            count += len(tubes)

        yield append
        file.seek(0)
        file.write(npy_header((count, *tube_shape)))


AnyTable = TypeVar("AnyTable", bound="Table")


@dataclass(frozen=True)
class VideoInfo:
    """What a cache knows of one video: its name, length, size in pixels, and shard of `tubes` rows.

    `channels` is 1 when every frame is grey, else 3; `boxes` counts those found in the frames that were shown.
    `centres` are the frames that tubes have their centres at, where they are apart in time; None for every frame.
    """

    name: str
    frames: int
    height: int
    width: int
    channels: int
    boxes: int
    tubes: int
    bytes: int
    sha256: str
    centres: list[int] | None = None

    def to_json(self) -> dict[str, Any]:
        """As the manifest has it."""
        return {key: value for key, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Table:
    """Columns in an .npz file."""

    def save(self, path: Path) -> None:
        """Writes the columns; equal columns give equal bytes (numpy dates every member 1980)."""
        with writes_to(path), atomic_write(path) as file:
            np.savez(file, **{field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def load(cls: type[AnyTable], path: Path) -> AnyTable:
        """Reads what `save` wrote; CacheError where the file is absent, damaged, or has other columns."""
        try:
            with np.load(path, allow_pickle=False) as file:
                return cls(**{field.name: file[field.name] for field in fields(cls)})
        except Exception as error:  # a damaged archive raises from zipfile, zlib, struct or numpy
            raise CacheError(
                f"{path}: cannot be read ({type(error).__name__}: {error}); run syrfa prepare again"
            ) from error


@dataclass(frozen=True)
class TubeIndex(Table):
    """Every tube of a split, one a row, ordered by video, frame and the detector's own order.

    Attributes:
        video: int32 (n,), number of the video in the manifest.
        frame: int32 (n,), 0-based frame of the box.
        xyxy: float32 (n, 4), the box in pixels.
        confidence: float32 (n,), in [0, 1].
        class_id: int16 (n,), the detector's class, -1 for none.
        row: int64 (n,), the tube's row in the shard of its video.
    """

    video: NDArray[np.int32]
    frame: NDArray[np.int32]
    xyxy: NDArray[np.float32]
    confidence: NDArray[np.float32]
    class_id: NDArray[np.int16]
    row: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.video)

    def of_video(self, number: int) -> "TubeIndex":
        """The rows of one video, whose number they keep."""
        rows = slice(*np.searchsorted(self.video, [number, number + 1]))
        return TubeIndex(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


@dataclass(frozen=True)
class TubeLabels(Table):
    """What the labels of the data set say of the tubes and frames of a split.

    Attributes:
        overlap: float32 (n,), share of each tube's box that abnormal objects cover; NaN where not known.
        frame_labels: uint8, the frame labels of all videos end to end, 1 = abnormal; zeros where there are none.
        label_offset: int64 (videos + 1,), where each video's labels begin.
        has_labels: bool (videos,), whether the video's frames are labelled.
    """

    overlap: NDArray[np.float32]
    frame_labels: NDArray[np.uint8]
    label_offset: NDArray[np.int64]
    has_labels: NDArray[np.bool_]


def join_indices(parts: list[TubeIndex]) -> TubeIndex:
    """The indices of single videos, in order, as one; videos are numbered anew."""
    video = np.repeat(np.arange(len(parts), dtype=np.int32), [len(part) for part in parts])
    return TubeIndex(video=video, **_joined(parts, ("frame", "xyxy", "confidence", "class_id", "row")))


def join_labels(parts: list[TubeLabels]) -> TubeLabels:
    """The labels of single videos, in order, as one."""
    offset = np.cumsum([0, *(len(part.frame_labels) for part in parts)], dtype=np.int64)
    return TubeLabels(label_offset=offset, **_joined(parts, ("overlap", "frame_labels", "has_labels")))


def _joined(parts: list[AnyTable], columns: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    return {name: np.concatenate([getattr(part, name) for part in parts]) for name in columns}
