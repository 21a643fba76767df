"""The published post-processing, one function a step (docs/method.md, section 11).

All of it works on normality n = 1 - anomaly score of one test video. It scales by the video's own extremes, that is, by
test data. The published code divides by zero where a video has no spread; here such a video is most normal throughout.
"""

from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from syrfa.datasets.protocol_constants import Ends


def map_shape(height: int, width: int, block: int) -> tuple[int, int]:
    """Rows and columns of the map of a frame of `height` x `width` pixels cut into blocks of `block` pixels."""
    return max(1, round(height / block)), max(1, round(width / block))


def normality_maps(
    object_frame: NDArray[np.int32],
    xyxy: NDArray[np.float32],
    normality: NDArray[np.float64],
    frames: int,
    shape: tuple[int, int],
    block: int,
) -> Iterator[NDArray[np.float64]]:
    """Step 1: ones, lowered inside every box to the smallest normality of the boxes that cover a place.

    Sides, in pixels, are divided by `block` and rounded half to even; both ends are filled. Indices are clipped to the
    map (the published code lets negative ones wrap around). Yields float64 `shape`, rows and columns, one a frame.
    """
    order = np.argsort(object_frame, kind="stable")
    start = np.searchsorted(object_frame[order], np.arange(frames + 1))
    last = np.array([shape[1] - 1, shape[0] - 1] * 2)
    cells = np.clip(np.rint(xyxy.astype(np.float64) / block), 0, last).astype(np.int64)
    for frame in range(frames):
        canvas = np.ones(shape)
        for item in order[start[frame] : start[frame + 1]]:
            left, top, right, bottom = cells[item].tolist()
            region = canvas[top : bottom + 1, left : right + 1]
            np.minimum(region, normality[item], out=region)
        yield canvas


def scaling_range(normality: NDArray[np.float64]) -> tuple[float, float]:
    """Step 2: what the video's maps are scaled by, min(1, smallest n) and max(0, largest n)."""
    return min(1.0, float(normality.min())), max(0.0, float(normality.max()))


def filtered_minimum(maps: Iterable[NDArray[np.float64]], size: int) -> NDArray[np.float64]:
    """Steps 3 and 4: size x size x size mean with size // 2 cells of 1 on every side, then the minimum over space.

    Only `size` frames, an odd number, are held at a time. Takes float64 (rows, columns) a frame, gives (frames,).
    """
    half = size // 2
    window: deque[NDArray[np.float64]] = deque(maxlen=size)
    minima: list[float] = []
    outside: NDArray[np.float64] | None = None
    for canvas in maps:
        if outside is None:
            outside = np.ones_like(canvas)
            window.extend([outside] * half)
        window.append(uniform_filter(canvas, size, mode="constant", cval=1.0))
        if len(window) == size:
            minima.append(_window_minimum(window))
    if outside is None:
        return np.zeros(0)
    for _ in range(half):
        window.append(outside)
        if len(window) == size:  # a video of no more than `half` frames fills the window only now
            minima.append(_window_minimum(window))
    return np.array(minima)


def _window_minimum(window: deque[NDArray[np.float64]]) -> float:
    first, *others = window
    total = first.copy()
    for plane in others:
        total += plane
    return float(total.min()) / len(window)


def min_max(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Step 4: scaled to [0, 1] by the smallest and largest value; all ones where these are equal."""
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
    return (values - low) / (high - low) if high > low else np.ones_like(values)


def minimum_per_frame(
    object_frame: NDArray[np.int32], normality: NDArray[np.float64], frames: int
) -> NDArray[np.float64]:
    """ShanghaiTech: the smallest normality of each frame's objects, 1 where there is none; float64 (frames,)."""
    seen = np.full(frames, np.inf)
    np.minimum.at(seen, object_frame, normality)
    return np.where(np.isinf(seen), 1.0, seen)


def scale_seen(normality: NDArray[np.float64]) -> NDArray[np.float64]:
    """ShanghaiTech: the frames that are not 1 are scaled to [0, 1] among themselves; float64 (frames,)."""
    scaled = normality.copy()
    seen = normality != 1.0
    scaled[seen] = min_max(normality[seen])
    return scaled


def mean_interior(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """ShanghaiTech: mean of `window` frames; window // 2 frames at either end, or a shorter video, stay as they are."""
    smoothed = values.copy()
    if window > 1 and len(values) >= window:
        half = window // 2
        smoothed[half:-half] = np.lib.stride_tricks.sliding_window_view(values, window).mean(axis=1)
    return smoothed


def gaussian_weights(taps: int, sigma: float, centre: int) -> NDArray[np.float64]:
    """The weights of a Gaussian that peaks on tap `centre`, counted from 1; not divided by their sum.

    >>> weights = gaussian_weights(49, 20.0, 24)  # the published ones peak one tap early and sum to 0.779
    >>> round(float(weights.sum()), 3), int(weights.argmax())
    (0.779, 23)
    """
    offset = (np.arange(1, taps + 1) - centre) / sigma
    weights: NDArray[np.float64] = np.exp(-(offset**2) / 2) / (sigma * np.sqrt(2 * np.pi))
    return weights


def smooth(anomaly: NDArray[np.float64], weights: NDArray[np.float64], ends: Ends = "copy") -> NDArray[np.float64]:
    """All: correlation of float64 (frames,) with an odd number of weights after extending the video at both ends.

    `copy` repeats the first and the last taps // 2 values in order, as often as a shorter video takes; `replicate` the
    first and the last value.
    """
    if not len(anomaly):
        return anomaly.copy()
    half = len(weights) // 2
    if ends == "replicate":
        extended = np.pad(anomaly, half, mode="edge")
    else:
        extended = np.concatenate([np.resize(anomaly, half), anomaly, np.resize(anomaly[::-1], half)[::-1]])
    return np.correlate(extended, weights, "valid")
