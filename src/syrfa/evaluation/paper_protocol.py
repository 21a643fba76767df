"""The published post-processing, one function a step (docs/evaluation.md).

All of it works on normality n = 1 - anomaly score of one test video. It scales by the video's own extremes, that is, by
test data. The published code divides by zero where a video has no spread; here such a video is most normal throughout.
"""

from collections import deque
from collections.abc import Iterator
from functools import reduce
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from syrfa.datasets.protocol_constants import Ends
from syrfa.evaluation.scores import ObjectScores


def map_normality(objects: ObjectScores, block: int, filter_size: int) -> NDArray[np.float64]:
    """Steps 1 to 4: the minimum over space of the scaled and filtered maps, scaled to [0, 1]; float64 (frames,).

    Maps are scaled by min(1, smallest n) and max(0, largest n) of the video.
    """
    normality = 1.0 - objects.object_score
    low, high = min(1.0, float(normality.min(initial=1.0))), max(0.0, float(normality.max(initial=0.0)))
    if not len(normality) or high == low:
        return np.ones(objects.frames)
    maps = normality_maps(objects, block)
    return _min_max(filtered_minimum(((canvas - low) / (high - low) for canvas in maps), filter_size))


def normality_maps(objects: ObjectScores, block: int) -> Iterator[NDArray[np.float64]]:
    """Step 1: ones, lowered inside every box to the smallest normality of the boxes that cover a place.

    Sides, in pixels, are divided by `block` and rounded half to even; both ends are filled. Indices are clipped to the
    map (the published code lets negative ones wrap around). Yields float64 (rows, columns), one a frame.
    """
    shape = max(1, round(objects.height / block)), max(1, round(objects.width / block))
    order = np.argsort(objects.object_frame, kind="stable")
    start = np.searchsorted(objects.object_frame[order], np.arange(objects.frames + 1))
    last = np.array([shape[1] - 1, shape[0] - 1] * 2)
    cells = np.clip(np.rint(objects.object_xyxy.astype(np.float64) / block), 0, last).astype(np.int64)
    for frame in range(objects.frames):
        canvas = np.ones(shape)
        for item in order[start[frame] : start[frame + 1]]:
            left, top, right, bottom = cells[item].tolist()
            region = canvas[top : bottom + 1, left : right + 1]
            np.minimum(region, 1.0 - objects.object_score[item], out=region)
        yield canvas


def filtered_minimum(maps: Iterator[NDArray[np.float64]], size: int) -> NDArray[np.float64]:
    """Steps 3 and 4: size x size x size mean with size // 2 cells of 1 on every side, then the minimum over space.

    Only `size` frames, an odd number, are held at a time. Takes float64 (rows, columns) a frame, gives (frames,).
    """
    first = next(maps)
    outside = [np.ones_like(first)] * (size // 2)
    inside = (uniform_filter(canvas, size, mode="constant", cval=1.0) for canvas in chain([first], maps))
    window: deque[NDArray[np.float64]] = deque(maxlen=size)
    minima = []
    for plane in chain(outside, inside, outside):
        window.append(plane)
        if len(window) == size:
            minima.append(float(reduce(np.add, window).min()) / size)
    return np.array(minima)


def _min_max(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scaled to [0, 1] by the smallest and largest value; all ones where these are equal."""
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
    return (values - low) / (high - low) if high > low else np.ones_like(values)


def frame_normality(objects: ObjectScores) -> NDArray[np.float64]:
    """ShanghaiTech: the smallest normality of each frame's objects, 1 where there is none; float64 (frames,).

    The frames that are not 1 are scaled to [0, 1] among themselves.
    """
    lowest = np.full(objects.frames, np.inf)
    np.minimum.at(lowest, objects.object_frame, 1.0 - objects.object_score)
    lowest[np.isinf(lowest)] = 1.0
    seen = lowest != 1.0
    lowest[seen] = _min_max(lowest[seen])
    return lowest


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
