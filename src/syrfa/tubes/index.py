"""The table of a cache: one row a tube, one array a column."""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from syrfa.errors import CacheError
from syrfa.tubes.storage import owned_write


@dataclass(frozen=True)
class TubeIndex:
    """Every tube of a split, ordered by video, frame and the detector's own order.

    Attributes:
        video: int32 (n,), number of the video in the manifest.
        frame: int32 (n,), 0-based frame of the box.
        xyxy: float32 (n, 4), the box in pixels.
        confidence: float32 (n,), in [0, 1].
        class_id: int16 (n,), the detector's class, -1 for none.
        overlap: float32 (n,), share of the box that abnormal objects cover; NaN where not known.
        row: int64 (n,), the tube's row in the shard of its video.
        frame_labels: uint8, the frame labels of all videos end to end, 1 = abnormal; zeros where there are none.
        label_offset: int64 (videos + 1,), where each video's labels begin.
        has_labels: bool (videos,), whether the video's frames are labelled.
    """

    video: NDArray[np.int32]
    frame: NDArray[np.int32]
    xyxy: NDArray[np.float32]
    confidence: NDArray[np.float32]
    class_id: NDArray[np.int16]
    overlap: NDArray[np.float32]
    row: NDArray[np.int64]
    frame_labels: NDArray[np.uint8]
    label_offset: NDArray[np.int64]
    has_labels: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.video)

    def save(self, path: Path) -> None:
        """Writes the columns to an .npz file; equal columns give equal bytes (numpy dates every member 1980)."""
        with owned_write(path) as file:
            np.savez(file, **{field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def load(cls, path: Path) -> "TubeIndex":
        """Reads what `save` wrote.

        Raises:
            CacheError: the file is absent, damaged, or has other columns.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                return cls(**{field.name: file[field.name] for field in fields(cls)})
        except Exception as error:  # a damaged archive raises from zipfile, zlib, struct or numpy
            raise CacheError(f"{path}: the index cannot be read ({type(error).__name__}: {error})") from error


def concatenate(parts: list[TubeIndex]) -> TubeIndex:
    """Joins the indices of single videos, in order; video numbers and label offsets are counted anew."""
    columns = ("frame", "xyxy", "confidence", "class_id", "overlap", "row", "frame_labels", "has_labels")
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in columns}
    video = np.repeat(np.arange(len(parts), dtype=np.int32), [len(part) for part in parts])
    lengths = np.array([len(part.frame_labels) for part in parts], np.int64)
    offset = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    return TubeIndex(video=video, label_offset=offset, **joined)
