"""The abnormal pixels of a video, frame by frame, whatever they were saved as."""

import math
from collections.abc import Callable, Iterable
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


class Masks:
    """The masks of one video, one a frame; a pixel is abnormal where its value is above 0.

    Args:
        path: the file or folder.
        count: how many there are.
        read: gives the mask of a frame, numbers (height, width).
    """

    def __init__(self, path: Path, count: int, read: Callable[[int], NDArray[np.generic]]) -> None:
        self.path, self._count, self._read = path, count, read

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, frame: int) -> Mask:
        """The mask of a frame counted from 0, bool (height, width)."""
        return _positive(self.path, self._read(frame))

    def frame_labels(self) -> NDArray[np.uint8]:
        """Frame labels, uint8 (frames,): 1 where any pixel is abnormal. Holds one mask at a time."""
        return np.fromiter((self[frame].any() for frame in range(len(self))), np.uint8)


def find_masks(folders: Iterable[Path], names: Iterable[str]) -> Path | None:
    """The first place that can hold the masks of a video: a folder `name`, else `name.npy`, else `name.mat`."""
    wanted = list(names)
    for place in (folder / name for folder in folders for name in wanted):
        if place.is_dir():
            return place
        for file in (place.with_name(f"{place.name}{suffix}") for suffix in (".npy", ".mat")):
            if file.is_file():
                return file
    return None


def open_masks(path: Path, frames: int) -> Masks:
    """Opens the masks of a video.

    Args:
        path: a folder of images or of `.npy` files, one a frame; an `.npy` file (frames, height, width), or
            (height, width, frames) as some copies have it; a `.mat` file with a cell or a plane a frame.
        frames: the length of the video.
    """
    if path.is_dir():
        masks = _open_folder(path)
    else:
        masks = _open_matlab(path) if path.suffix == ".mat" else _open_stack(path, frames)
    if len(masks) != frames:
        raise LabelError(f"{path}: {len(masks)} masks, the video has {frames} frames")
    return masks


def mask_of(record: VideoRecord, frame: int) -> Mask | None:
    """The mask of one frame counted from 0, bool (height, width); None for a video without `annotations`.

    The masks of the last few videos stay open between calls. A video of unknown length is decoded at the first call.
    """
    if record.annotations is None:
        return None
    return _opened(record, record.annotations, record.annotations.stat().st_mtime_ns)[frame]


@lru_cache(maxsize=4)
def _opened(record: VideoRecord, path: Path, changed: int) -> Masks:
    del changed  # part of the key alone
    return open_masks(path, record.length())


def _open_folder(path: Path) -> Masks:
    """A file a frame, in the order of their numbers."""
    try:
        entries = [entry for entry in path.iterdir() if not entry.name.startswith(".")]
        if any(entry.suffix.lower() in IMAGE_SUFFIXES for entry in entries):
            files = list_images(path)
        else:
            files = sorted((e for e in entries if e.suffix == ".npy"), key=lambda e: natural_key(e.stem))
    except (VideoError, OSError) as error:
        raise LabelError(f"{path}: cannot be read as masks: {error}") from error

    def read(frame: int) -> NDArray[np.generic]:
        if files[frame].suffix == ".npy":
            return open_array(files[frame])
        try:
            return read_mask(files[frame])
        except VideoError as error:
            raise LabelError(f"{error}; it is the mask of frame {frame}") from error

    return Masks(path, len(files), read)


def _open_stack(path: Path, frames: int) -> Masks:
    """One `.npy` file, mapped into memory."""
    array = open_array(path)
    if array.ndim != 3:
        raise LabelError(f"{path}: shape {array.shape}; expected (frames, height, width)")
    planes = np.moveaxis(array, 2, 0) if array.shape[0] != frames and array.shape[2] == frames else array
    return Masks(path, len(planes), lambda frame: planes[frame])


def _open_matlab(path: Path) -> Masks:
    """One `.mat` file, a cell or a plane a frame; kept as bits."""
    try:
        arrays = arrays_of(load_variable(path, *VARIABLES))
    except (MatError, OSError) as error:
        raise LabelError(f"{path}: not the masks of a video: {error}") from error
    shape = arrays[0].shape if arrays else (0, 0)
    if any(array.shape != shape for array in arrays):
        raise LabelError(f"{path}: its masks differ in size")
    bits = [np.packbits(_positive(path, array)) for array in arrays]
    return Masks(path, len(bits), lambda frame: np.unpackbits(bits[frame], count=math.prod(shape)).reshape(shape))


def _positive(path: Path, values: NDArray[np.generic]) -> Mask:
    if values.ndim != 2 or values.dtype.kind not in "buif":
        raise LabelError(f"{path}: a mask of shape {values.shape}, {values.dtype}; expected numbers (height, width)")
    return np.asarray(values > np.zeros((), values.dtype))
