"""Cutting tubes out of frames: bilinear sampling on a box is separable, `Wy @ frame @ Wx.T`."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Crop = Literal["roi_align", "resize"]


def crop_tubes(
    frames: NDArray[np.uint8],
    centres: NDArray[np.int64],
    boxes: NDArray[np.float32],
    length: int = 7,
    size: int = 64,
    crop: Crop = "roi_align",
    around: NDArray[np.int64] | None = None,
) -> NDArray[np.uint8]:
    """Cuts every box, unmoved, out of the frames around its own and brings it to size x size.

    Args:
        frames: (f, height, width, channels).
        centres: (n,), position in `frames` of each box's frame, so far from both ends that its tube fits.
        boxes: (n, 4), left, top, right, bottom in pixels.
        length: T, odd.
        size: side of a tube in pixels.
        crop: see `TubeSpec.crop`.
        around: (length,), where the frames of a tube are, counted from its centre; None for consecutive ones.

    Returns:
        (n, T, size, size, channels), rounded half up. `roi_align` differs from torchvision's
        (aligned=False, sampling_ratio=-1) by at most 1 grey level.
    """
    _, height, width, channels = frames.shape
    weights = _roi_align_weights if crop == "roi_align" else _resize_weights
    tubes = np.empty((len(boxes), length, size, size, channels), np.uint8)
    planes = frames.transpose(0, 3, 1, 2)
    for tube, centre, (left, top, right, bottom) in zip(tubes, centres.tolist(), boxes, strict=True):
        down, first_row = weights(top, bottom, height, size)
        across, first_column = weights(left, right, width, size)
        patch = planes[
            slice(centre - length // 2, centre + length // 2 + 1) if around is None else centre + around,
            :,
            first_row : first_row + down.shape[1],
            first_column : first_column + across.shape[1],
        ].astype(np.float32, order="C")
        # a product a frame, not one for all T: BLAS would split that over threads, twenty times as slow at these sizes
        full = down @ (patch @ across.T)
        full += np.float32(0.5)  # casting cuts off; weights sum to at most 1, so 255.5 is the most there can be
        tube[...] = full.transpose(0, 2, 3, 1)
    return tubes


def _roi_align_weights(low: np.float32, high: np.float32, extent: int, size: int) -> tuple[NDArray[np.float32], int]:
    """One axis of torchvision.ops.roi_align: (size, pixels touched) and the first pixel touched.

    A box is at least one pixel long; each bin is the mean of ceil(length / size) bilinear samples; a sample more than
    one pixel outside the frame is 0, any nearer one reads the border.
    """
    length = max(high - low, np.float32(1))
    samples = int(np.ceil(length / np.float32(size)))
    step = length / np.float32(size)
    within = (np.arange(samples, dtype=np.float32) + np.float32(0.5)) * step / np.float32(samples)
    position = (low + np.arange(size, dtype=np.float32)[:, None] * step + within).ravel()
    weights, first = _bilinear(np.clip(position, 0, extent - 1))
    weights *= ((position >= -1) & (position <= extent))[:, None]
    if samples > 1:
        weights = weights.reshape(size, samples, -1).mean(axis=1)
    return weights, first


def _resize_weights(low: np.float32, high: np.float32, extent: int, size: int) -> tuple[NDArray[np.float32], int]:
    """One axis of a plain bilinear resize (half-pixel centres) of the pixels from floor(low) to ceil(high)."""
    first = min(max(int(np.floor(low)), 0), extent - 1)
    stop = min(max(int(np.ceil(high)), first + 1), extent)
    centre = (np.arange(size, dtype=np.float32) + np.float32(0.5)) * np.float32((stop - first) / size)
    return _bilinear(np.clip(first + centre - np.float32(0.5), first, stop - 1))


def _bilinear(position: NDArray[np.float32]) -> tuple[NDArray[np.float32], int]:
    """Weights of the pixels around each position (ascending, inside the frame), and the first pixel's number."""
    first = int(position[0])
    pixels = np.arange(first, int(np.ceil(position[-1])) + 1, dtype=np.float32)
    return np.maximum(np.float32(0), np.float32(1) - np.abs(position[:, None] - pixels)), first
