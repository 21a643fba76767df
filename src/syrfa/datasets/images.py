"""Single images, whole or not at all, and folders of them.

OpenCV pads a JPEG that was cut off with grey and returns it as if nothing had happened, so the end of the file is
checked before it is decoded. Its messages, and those of the libraries below it, are silenced here for the
whole program: the exception reports what goes wrong.
"""

import os
import re
from pathlib import Path

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # read once, when OpenCV first opens a video file

import cv2
import numpy as np
from numpy.typing import NDArray

from syrfa.errors import VideoError

if hasattr(cv2, "setLogLevel"):
    cv2.setLogLevel(0)  # 0 is silent, in OpenCV 4 and in 5

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp")
_KINDS = {".jpeg": ".jpg", ".tiff": ".tif"}


def read_image(path: Path) -> NDArray[np.uint8]:
    """Reads an image as a frame.

    Returns:
        uint8 (height, width, 3) in RGB order, or (height, width, 1) when the three channels are identical.
    """
    return to_frame(_decode(path, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION))


def read_mask(path: Path) -> NDArray[np.int32]:
    """Reads a label image, one number a pixel, without scaling any value.

    Returns:
        int32 (height, width).
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


def list_images(folder: Path) -> list[Path]:
    """The frames of a folder in numeric order (`2.jpg` before `10.jpg`), counted from 0, 1 or any other number.

    Hidden files and files of other kinds are passed over.
    """
    if not folder.is_dir():
        raise VideoError(f"{folder}: no such folder of frames")
    images = [f for f in folder.iterdir() if f.suffix.lower() in IMAGE_SUFFIXES and not f.name.startswith(".")]
    if not images:
        raise VideoError(f"{folder}: no frames; accepted are files that end in {', '.join(IMAGE_SUFFIXES)}")
    kinds = {_KINDS.get(f.suffix.lower(), f.suffix.lower()) for f in images}
    if len(kinds) > 1:
        raise VideoError(f"{folder}: images of more than one kind ({', '.join(sorted(kinds))}); leave one kind there")
    images.sort(key=lambda f: natural_key(f.stem))
    _check_numbers(folder, images)
    return images


def natural_key(text: str) -> tuple[tuple[int, str], ...]:
    """A sorting key under which the numbers in a name count as numbers."""
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", text) if part)


def _check_numbers(folder: Path, images: list[Path]) -> None:
    """A missing frame would move every label after it; one even step, as of footage thinned out, is accepted."""
    if len(images) < 3 or not all(f.stem.isdecimal() for f in images):
        return
    steps = np.diff([int(f.stem) for f in images])
    odd = np.flatnonzero(steps != steps.min())
    if steps.min() < 1 or len(odd):
        where = int(odd[0]) if len(odd) else int(np.argmin(steps))
        raise VideoError(
            f"{folder}: the frame numbers are uneven after {images[where].name}; a frame is missing or doubled"
        )


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
    """False where the end marker of a JPEG or PNG is missing. 0xFFDA cannot occur inside the data of a scan."""
    if data.startswith(b"\xff\xd8"):
        return data.rfind(b"\xff\xd9") > data.rfind(b"\xff\xda")
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return b"IEND" in data[-16:]
    return len(data) > 0
