"""Single images: whole or not at all.

OpenCV pads a JPEG that was cut off with grey and returns it as if nothing had happened, so the end of the file is
checked before it is decoded. Its messages, and those of the libraries below it, are silenced here for the
whole program: what goes wrong is said once, by the exception.
"""

import os
from pathlib import Path

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # read once, when OpenCV first opens a video file

import cv2
import numpy as np
from numpy.typing import NDArray

from syrfa.errors import VideoError

if hasattr(cv2, "setLogLevel"):
    cv2.setLogLevel(0)  # 0 is silent, in OpenCV 4 and in 5

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp")

_JPEG_START, _JPEG_SCAN, _JPEG_END = b"\xff\xd8", b"\xff\xda", b"\xff\xd9"
_PNG_START, _PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND"


def read_image(path: Path) -> NDArray[np.uint8]:
    """Reads an image as a frame.

    Args:
        path: an image file, eight or sixteen bits a channel.

    Returns:
        uint8 (height, width, 3) in RGB order, or (height, width, 1) when the three channels are identical.

    Raises:
        VideoError: the file is missing, cut off or no image.
    """
    return to_frame(_decode(path, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION))


def read_mask(path: Path) -> NDArray[np.int32]:
    """Reads a label image, one number a pixel, without scaling any value.

    Args:
        path: an image file, grey or with three identical channels.

    Returns:
        int32 (height, width).

    Raises:
        VideoError: the file is missing, cut off, no image, or coloured.
    """
    values = _decode(path, cv2.IMREAD_UNCHANGED)
    if values.ndim == 3:
        if np.any(values[..., :3] != values[..., :1]):
            raise VideoError(f"{path}: a mask holds one number a pixel, this image is coloured")
        values = values[..., 0]
    return values.astype(np.int32)


def to_frame(bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Turns OpenCV's (height, width, 3) BGR into RGB, or into one channel where all three are identical."""
    if _is_grey(bgr[::16, ::16]) and _is_grey(bgr):
        return np.ascontiguousarray(bgr[..., :1])
    return np.ascontiguousarray(bgr[..., ::-1])


def _is_grey(bgr: NDArray[np.uint8]) -> bool:
    blue, green, red = bgr[..., 0], bgr[..., 1], bgr[..., 2]
    return bool(np.array_equal(blue, green) and np.array_equal(green, red))


def _decode(path: Path, flags: int) -> NDArray[np.uint8]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise VideoError(f"{path}: cannot be read ({error.strerror})") from error
    if not _is_whole(data):
        raise VideoError(f"{path}: the image is cut off or empty; copy it again from the release")
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        image = None
    if image is None:
        raise VideoError(f"{path}: not an image that OpenCV can decode; copy it again from the release")
    return np.asarray(image)


def _is_whole(data: bytes) -> bool:
    """False where the end marker of the format is missing. 0xFFDA cannot occur inside the data of a scan."""
    if data.startswith(_JPEG_START):
        return data.rfind(_JPEG_END) > data.rfind(_JPEG_SCAN)
    if data.startswith(_PNG_START):
        return _PNG_END in data[-16:]
    return len(data) > 0
