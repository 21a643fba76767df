"""The abnormal pixels of a video, frame by frame, whatever they were saved as."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.base import VideoRecord
from syrfa.datasets.images import IMAGE_SUFFIXES, list_images, natural_key, read_mask
from syrfa.datasets.labels import open_array
from syrfa.datasets.matlab import MatError, arrays_of, load_variable
from syrfa.errors import LabelError, VideoError

Mask = NDArray[np.bool_]

VARIABLES = ("volLabel", "gt", "mask", "masks", "vol")  # Avenue's own name first


class Masks(ABC):
    """The masks of one video, one a frame; a pixel is abnormal where its value is above 0.

    Args:
        path: the file or folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @abstractmethod
    def __len__(self) -> int:
        """How many there are."""

    @abstractmethod
    def __getitem__(self, frame: int) -> Mask:
        """The mask of a frame counted from 0, bool (height, width)."""

    def __iter__(self) -> Iterator[Mask]:
        return (self[frame] for frame in range(len(self)))

    def frame_labels(self) -> NDArray[np.uint8]:
        """Frame labels, uint8 (frames,): 1 where any pixel is abnormal. Holds one mask at a time."""
        return np.fromiter((mask.any() for mask in self), np.uint8)


def find_masks(folders: Iterable[Path], names: Iterable[str]) -> Path | None:
    """The first place that can hold the masks of a video: a folder `name`, else `name.npy`, else `name.mat`.

    Args:
        folders: where to look, in order.
        names: what the masks of the video may be called, in order.
    """
    wanted = list(names)
    for folder in folders:
        for name in wanted:
            if (folder / name).is_dir():
                return folder / name
            for suffix in (".npy", ".mat"):
                if (folder / f"{name}{suffix}").is_file():
                    return folder / f"{name}{suffix}"
    return None


def open_masks(path: Path, frames: int) -> Masks:
    """Opens the masks of a video.

    Args:
        path: a folder of images or of `.npy` files, one a frame; an `.npy` file (frames, height, width), or
            (height, width, frames) as some copies have it; a `.mat` file with a cell or a plane a frame.
        frames: the length of the video.

    Raises:
        LabelError: there are more or fewer masks than frames, or the file is damaged or holds something else.
    """
    masks: Masks
    if path.is_dir():
        masks = _Folder(path)
    elif path.suffix == ".mat":
        masks = _Matlab(path)
    else:
        masks = _Stack(path, frames)
    if len(masks) != frames:
        raise LabelError(f"{path}: {len(masks)} masks, the video has {frames} frames")
    return masks


def mask_of(record: VideoRecord, masks: Path, frame: int) -> Mask:
    """The mask of one frame, bool (height, width). The masks of the last few videos stay open between calls.

    Args:
        record: the video; decoded at the first call where its length is not known.
        masks: as for `open_masks`.
        frame: counted from 0.

    Raises:
        LabelError: as `open_masks`.
        VideoError: the video cannot be decoded.
    """
    return _opened(record, masks, masks.stat().st_mtime_ns)[frame]


@lru_cache(maxsize=4)
def _opened(record: VideoRecord, masks: Path, changed: int) -> Masks:
    del changed  # part of the key alone
    return open_masks(masks, record.length())


class _Folder(Masks):
    """A file a frame, in the order of their numbers."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        try:
            entries = [entry for entry in path.iterdir() if not entry.name.startswith(".")]
            if any(entry.suffix.lower() in IMAGE_SUFFIXES for entry in entries):
                self.files = list_images(path)
            else:
                self.files = sorted((e for e in entries if e.suffix == ".npy"), key=lambda e: natural_key(e.stem))
        except (VideoError, OSError) as error:
            raise LabelError(f"{path}: cannot be read as masks: {error}") from error

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, frame: int) -> Mask:
        file = self.files[frame]
        if file.suffix == ".npy":
            return _positive(file, open_array(file))
        try:
            return np.asarray(read_mask(file) > 0)
        except VideoError as error:
            raise LabelError(f"{error}; it is the mask of frame {frame}") from error


class _Stack(Masks):
    """One `.npy` file, mapped into memory."""

    def __init__(self, path: Path, frames: int) -> None:
        super().__init__(path)
        array = open_array(path)
        if array.ndim != 3:
            raise LabelError(f"{path}: shape {array.shape}; expected (frames, height, width)")
        by_plane = array.shape[0] != frames and array.shape[2] == frames
        self.array = np.moveaxis(array, 2, 0) if by_plane else array

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, frame: int) -> Mask:
        return _positive(self.path, self.array[frame])


class _Matlab(Masks):
    """One `.mat` file, a cell or a plane a frame; kept as bits."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        try:
            arrays = arrays_of(load_variable(path, *VARIABLES))
        except (MatError, OSError) as error:
            raise LabelError(f"{path}: not the masks of a video: {error}") from error
        self.shape = arrays[0].shape if arrays else (0, 0)
        if any(array.shape != self.shape for array in arrays):
            raise LabelError(f"{path}: its masks differ in size")
        self.bits = [np.packbits(_positive(path, array)) for array in arrays]

    def __len__(self) -> int:
        return len(self.bits)

    def __getitem__(self, frame: int) -> Mask:
        return np.unpackbits(self.bits[frame], count=math.prod(self.shape)).astype(bool).reshape(self.shape)


def _positive(path: Path, values: NDArray[np.generic]) -> Mask:
    if values.ndim != 2 or values.dtype.kind not in "buif":
        raise LabelError(f"{path}: a mask of shape {values.shape}, {values.dtype}; expected numbers (height, width)")
    return np.asarray(values > np.zeros((), values.dtype))
