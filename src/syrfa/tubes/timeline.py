"""Which frames a tube holds: consecutive ones, or those nearest to fixed intervals of time."""

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syrfa.datasets.base import VideoDataset, VideoRecord
from syrfa.datasets.video import BATCH, frame_seconds
from syrfa.errors import VideoError
from syrfa.tubes.spec import TubeSpec

_FASTEST = 1000.0  # frames a second


class Timeline:
    """The centres of a video's tubes, and the frames around each: consecutive ones, to a length that is not yet known.

    Attributes:
        centres: the frames that tubes have their centres at, ascending, int64 (n,); None where their end is not known.
        before: how many frames before a centre a tube reaches at most.
        after: the same behind it, or the margin where that is wider.
    """

    centres: NDArray[np.int64] | None = None

    def __init__(self, spec: TubeSpec) -> None:
        self._centres, self.before = spec.centres(sys.maxsize), spec.frames // 2
        self.after = self._centres.start
        self._around = np.arange(-self.before, self.before + 1)

    def around(self, frame: int) -> NDArray[np.int64] | None:
        """Where the frames of a tube are, (T,), ascending, counted from its centre; None where `frame` is no centre."""
        return self._around if frame in self._centres else None

    def is_seen(self, frame: int, frames: int) -> bool:
        """Whether the tube with its centre there lies within the first `frames` frames."""
        return frame + self.after < frames

    def shown(self, start: int, frames: int, in_order: bool) -> Iterator[tuple[int, int]]:
        """The runs of frames from `start` on, last frame not included, that a detector looks at once `frames` are seen.

        A detector that works `in_order` sees every frame.
        """
        del in_order
        while start + self.after < frames:  # no box behind the last centre is ever used
            stop = min(start + BATCH, frames)
            yield start, stop
            start = stop


class FramesInTime(Timeline):
    """Tubes whose frames are `spec.interval` seconds apart, each the nearest in time, the later of two as near.

    Args:
        spec: with its margin decided.
        seconds: when each frame is shown, ascending, float64 (frames,).
    """

    centres: NDArray[np.int64]

    def __init__(self, spec: TubeSpec, seconds: NDArray[np.float64]) -> None:
        assert spec.interval is not None
        assert spec.margin is not None
        apart = spec.interval if spec.centre_interval is None else spec.centre_interval
        first, last = spec.margin * spec.interval, seconds.max(initial=0) - spec.margin * spec.interval
        slack = 1e-6 * spec.interval  # rates are no binary fractions
        if apart == 0:
            centres = np.flatnonzero((seconds >= first - slack) & (seconds <= last + slack))
        else:
            count = int(np.floor((last - first + slack) / apart)) + 1 if len(seconds) else 0
            centres = np.unique(nearest(seconds, first + apart * np.arange(max(0, count))))
        self.centres = centres[:: spec.stride].astype(np.int64)
        steps = spec.interval * (np.arange(spec.frames) - spec.frames // 2)
        around = nearest(seconds, seconds[self.centres][:, None] + steps) - self.centres[:, None]
        self.before, self.after = int(-around.min(initial=0)), int(around.max(initial=0))
        self._of = dict(zip(self.centres.tolist(), around, strict=True))

    def around(self, frame: int) -> NDArray[np.int64] | None:  # noqa: D102 - as in the base class
        return self._of.get(frame)

    def is_seen(self, frame: int, frames: int) -> bool:  # noqa: D102 - as in the base class
        return frame not in self._of or frame + int(self._of[frame][-1]) < frames

    def shown(self, start: int, frames: int, in_order: bool) -> Iterator[tuple[int, int]]:  # noqa: D102 - as above
        if in_order:
            yield start, frames
        else:
            left, stop = np.searchsorted(self.centres, [start, frames])
            yield from ((int(centre), int(centre) + 1) for centre in self.centres[left:stop])


def nearest(seconds: NDArray[np.float64], wanted: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    """The frame nearest to each time, the later of two as near; int64 of the shape of `wanted`.

    Example:
        >>> nearest(np.arange(5) / 25, np.array([-1.0, 0.1, 0.13, 9.0])).tolist()
        [0, 3, 3, 4]
    """
    middles = (seconds[1:] + seconds[:-1]) / 2
    return np.searchsorted(middles, wanted + 1e-9, side="right").astype(np.int64)


def timeline(dataset: VideoDataset, record: VideoRecord, spec: TubeSpec) -> Timeline:
    """The timeline of a video; with `spec.interval`, a file whose rate nobody states is decoded once for it.

    The rate is that of `spec.fps`, else the data set's for this very video, else the container's timestamps.

    Raises:
        VideoError: nobody states the rate; timestamps go backwards; or the rate is not one that a camera has, too slow
            for the interval, or another than that of the released data set.
    """
    if spec.interval is None:
        return Timeline(spec)
    advice = "say how many frames a second it has with spec.fps"
    stated = dataset.frame_rate(record)
    rate = spec.fps or (stated if record.path.is_dir() or dataset.is_generated() else None)
    if rate is not None:
        seconds = np.arange(record.length()) / rate
    elif record.path.is_dir():
        raise VideoError(f"{record.path}: a folder of images has no frame rate, and spec.interval needs one; {advice}")
    else:
        seconds = frame_seconds(record.path)
        back = np.flatnonzero(np.diff(seconds) <= 0)
        if len(back):
            raise VideoError(f"{record.path}: its timestamps do not ascend at frame {back[0] + 1}; {advice}")
    apart = float(np.median(np.diff(seconds))) if len(seconds) > 1 else spec.interval
    rate = 1 / apart
    if rate > _FASTEST:
        raise VideoError(f"{record.path}: its timestamps are {rate:,.0f} frames a second; {advice}")
    if apart > 2 * spec.interval:
        raise VideoError(
            f"{record.path}: {rate:.3g} frames a second are too few for spec.interval={spec.interval}; {advice}, or "
            f"set the interval to {apart:.2g} or more"
        )
    if spec.fps is None and stated is not None and abs(rate / stated - 1) > 0.1:
        raise VideoError(
            f"{record.path}: its timestamps are {rate:.3g} frames a second, {dataset.name} has {stated:g}: a converted "
            f"copy? {advice[0].upper()}{advice[1:]}"
        )
    line = FramesInTime(spec, seconds)
    if len(line.centres) == 0:
        raise VideoError(
            f"{record.path}: {seconds.max(initial=0):.3g} s are too short for a tube of {spec.frames} frames "
            f"{spec.interval:g} s apart with a margin of {spec.margin} intervals; leave it out, or lower spec.interval"
        )
    return line
