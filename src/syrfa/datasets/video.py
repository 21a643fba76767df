"""Frames of a video in their order. The only place where a video file is opened.

Seeking is inexact and the frame count in a header is an estimate in every common container, so frames are
decoded from the first to the last, and a length is what was decoded.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from itertools import chain, islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.images import list_images, read_image, to_frame
from syrfa.errors import VideoError

BATCH = 16  # frames a detector is shown at once; the last bits of a network's boxes depend on it
VIDEO_SUFFIXES = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv")

# These containers store a count of their own instead of a duration: far fewer frames than it says means a cut-off file.
_COUNTED_SUFFIXES = (".mp4", ".avi", ".mov", ".m4v")


class VideoReader(ABC):
    """A video that can be iterated over, any number of times, from its first frame to its last.

    Iterating yields uint8 (height, width, 3) in RGB order, or (height, width, 1) for a frame without colour, and
    raises VideoError where a frame cannot be decoded, differs in size, or where the video has another
    length than was expected. The first iteration begins with the frame that was decoded to know the size.

    Args:
        path: the folder or file.
        expected: the length in frames that labels or boxes demand; None where nothing is known.

    Attributes:
        path: the folder or file.
        height: in pixels.
        width: in pixels.
        channels: of the first frame, 1 or 3.
        length: in frames; None where only decoding tells it.
    """

    length: int | None = None

    def __init__(self, path: Path, expected: int | None = None) -> None:
        self.path = path
        self.expected = expected
        frames = self._frames()
        first = next(frames, None)
        if first is None:
            raise VideoError(f"{path}: no frame could be decoded; the file is damaged or of an unknown codec")
        self.height, self.width, self.channels = (int(extent) for extent in first.shape)
        self._begun: Iterator[NDArray[np.uint8]] | None = chain((first,), frames)

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        frames, self._begun = self._begun, None
        number = 0
        for frame in self._frames() if frames is None else frames:
            if frame.shape[:2] != (self.height, self.width):
                size = f"{frame.shape[1]}x{frame.shape[0]}"
                raise VideoError(f"{self.path}: frame {number} is {size}, the first is {self.width}x{self.height}")
            yield frame
            number += 1
        self._check_length(number)

    @abstractmethod
    def count(self) -> int:
        """The exact length in frames."""

    @abstractmethod
    def _frames(self) -> Iterator[NDArray[np.uint8]]:
        """The frames as decoded, before any check."""

    def _check_length(self, frames: int) -> None:
        if self.expected is not None and frames != self.expected:
            raise VideoError(f"{self.path}: {frames} frames were decoded where {self.expected} are expected")


class ImageFolder(VideoReader):
    """A folder of numbered images, e.g. `001.tif`, `002.tif`, ... See `list_images` for what is accepted."""

    def __init__(self, path: Path, expected: int | None = None) -> None:
        self.files = list_images(path)
        self.length = len(self.files)
        super().__init__(path, expected)

    def count(self) -> int:
        """The number of image files."""
        self._check_length(len(self.files))
        return len(self.files)

    def _frames(self) -> Iterator[NDArray[np.uint8]]:
        return (read_image(file) for file in self.files)


class VideoFile(VideoReader):
    """A video file, decoded by OpenCV."""

    def count(self) -> int:
        """Decodes the whole file and counts; nothing is converted or copied."""
        capture = _open(self.path)
        frames = 0
        try:
            while capture.grab():
                frames += 1
        finally:
            capture.release()
        self._check_length(frames)
        return frames

    def _frames(self) -> Iterator[NDArray[np.uint8]]:
        capture = _open(self.path)
        try:
            while True:
                decoded, frame = capture.read()
                if not decoded:
                    return
                if frame.ndim != 3 or frame.shape[2] != 3:
                    raise VideoError(f"{self.path}: frames of shape {frame.shape}; convert the video to 8-bit colour")
                yield to_frame(np.asarray(frame, np.uint8))
        finally:
            capture.release()

    def _check_length(self, frames: int) -> None:
        super()._check_length(frames)
        if self.path.suffix.lower() not in _COUNTED_SUFFIXES:
            return
        capture = _open(self.path)
        announced = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        capture.release()
        if frames < 0.95 * announced - 1:  # a few frames less are the ordinary error of the header
            raise VideoError(
                f"{self.path}: decoding stopped at frame {frames} of about {announced}; the file is damaged or cut off"
            )


def open_video(path: Path, expected: int | None = None) -> VideoReader:
    """Opens a folder of frames or a video file.

    Args:
        path: the folder or file.
        expected: its length in frames, where something else says so; compared after the last frame.

    Returns:
        a reader whose size is known.

    Raises:
        VideoError: there is no such path, no frame in it, or it cannot be decoded.
    """
    if path.is_dir():
        return ImageFolder(path, expected)
    if not path.exists():
        raise VideoError(f"{path}: no such video file or folder of frames")
    if path.suffix.lower() not in VIDEO_SUFFIXES:
        raise VideoError(f"{path}: not a video; accepted are folders of images and {', '.join(VIDEO_SUFFIXES)}")
    return VideoFile(path, expected)


def frame_count(path: Path) -> int:
    """The exact length of a video in frames; a video file is decoded once from end to end.

    Raises:
        VideoError: as `open_video`.
    """
    return len(list_images(path)) if path.is_dir() else open_video(path).count()


def frame_seconds(path: Path) -> NDArray[np.float64]:
    """When each frame of a video file is shown, the first at 0, float64 (frames,); the file is decoded end to end.

    By the container's timestamps; AVI has a constant rate in their place.

    Raises:
        VideoError: as `open_video`.
    """
    capture = _open(path)
    rate, seconds = capture.get(cv2.CAP_PROP_FPS), []
    try:
        while capture.grab():
            seconds.append(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
    finally:
        capture.release()
    if path.suffix.lower() == ".avi" and rate > 0:
        return np.arange(len(seconds)) / rate
    return np.array(seconds) - (seconds or [0.0])[0]


def decode_ahead(
    frames: VideoReader, around: Callable[[], AbstractContextManager[object]] = nullcontext
) -> Iterator[list[NDArray[np.uint8]]]:
    """Batches of consecutive frames; the next one is decoded in a thread.

    Raises:
        VideoError: the video cannot be decoded to its end.
    """
    source = iter(frames)

    def decode() -> list[NDArray[np.uint8]]:
        with around():
            return list(islice(source, BATCH))

    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(decode)
        while current := coming.result():
            coming = pool.submit(decode)
            yield current


def _open(path: Path) -> cv2.VideoCapture:
    try:
        capture = cv2.VideoCapture(str(path))
    except cv2.error as error:
        raise VideoError(f"{path}: cannot be opened as a video ({error.code})") from error
    if not capture.isOpened():
        raise VideoError(f"{path}: cannot be opened as a video; the file is damaged, cut off or of an unknown codec")
    return capture
