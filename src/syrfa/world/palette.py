"""Small PNG files: a picture in few colours of its own."""

import struct
import zlib

import cv2
import numpy as np
from numpy.typing import NDArray

_SAMPLE = 20_000
_BITS = 5


def packed(image: NDArray[np.uint8], colours: int) -> bytes:
    """A PNG file of a picture in at most `colours` colours, chosen so that they differ little from its own.

    Args:
        image: uint8 (h, w, 3), BGR.
        colours: 2 to 256.
    """
    rng = np.random.default_rng(0)
    pixels = image.reshape(-1, 3)
    sample = pixels[rng.integers(0, len(pixels), _SAMPLE)].astype(np.float32)
    cv2.setRNGSeed(0)
    stop = (cv2.TERM_CRITERIA_MAX_ITER + cv2.TERM_CRITERIA_EPS, 12, 0.5)
    _, _, centres = cv2.kmeans(sample, colours, None, stop, 1, cv2.KMEANS_PP_CENTERS)  # type: ignore[call-overload]
    palette = np.rint(np.clip(centres, 0, 255)).astype(np.uint8)
    # the nearest colour of every cell of a coarse cube, looked up for every pixel
    axis = (np.arange(1 << _BITS, dtype=np.float32) + 0.5) * (256 >> _BITS)
    cells = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    away = (cells**2).sum(axis=1)[:, None] - 2 * cells @ centres.T + (centres**2).sum(axis=1)[None]
    nearest = away.argmin(axis=1).astype(np.uint8)
    code = pixels.astype(np.int32) >> (8 - _BITS)
    index = nearest[(code[:, 0] << (2 * _BITS)) + (code[:, 1] << _BITS) + code[:, 2]].reshape(image.shape[:2])
    rows = np.concatenate([np.zeros((len(index), 1), np.uint8), index], axis=1)  # filter 0 in every row
    head = struct.pack(">IIBBBBB", image.shape[1], image.shape[0], 8, 3, 0, 0, 0)
    parts = [(b"IHDR", head), (b"PLTE", palette[:, ::-1].tobytes()), (b"IDAT", zlib.compress(rows.tobytes(), 9))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in [*parts, (b"IEND", b"")])


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
