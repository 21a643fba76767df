"""What a tube is (build time) and which tubes are used (load time)."""

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from syrfa.errors import ConfigError

_IN_TIME = ("interval", "centre_interval", "fps")
_CELLS = 1 << 24  # box pairs compared in one go: 16 MB


@dataclass(frozen=True)
class TubeSpec:
    """How boxes become tubes. Part of the cache's key: another spec is another cache (docs/method.md).

    Attributes:
        frames: T, the length of a tube, odd; the box of frame t is cropped from t - T//2 to t + T//2.
        size: height and width of a tube in pixels.
        crop: `roi_align` samples at the exact box (aligned=False); `resize` stretches the whole pixels it touches.
        min_confidence: boxes at or below it are not cut out, in [0, 1).
        stride: every `stride`-th centre is used, counted from the first after the margin.
        margin: frames left out at both ends; None is T - 1 for the split `train` and T//2 for any other. With
            `interval` it is counted in intervals.
        interval: seconds between the frames of a tube, so that it spans the same time at every frame rate; None for
            consecutive frames, as in the paper. Each is the frame nearest in time (`syrfa.tubes.timeline`).
        centre_interval: with `interval`, seconds between the centres of tubes; scores are held until the next. None is
            `interval`, 0 every frame.
        fps: with `interval`, frames a second of footage that states no rate, or a wrong one.

    Raises:
        ConfigError: a value is out of range.
    """

    frames: int = 7
    size: int = 64
    crop: Literal["roi_align", "resize"] = "roi_align"
    min_confidence: float = 0.5
    stride: int = 1
    margin: int | None = None
    interval: float | None = None
    centre_interval: float | None = None
    fps: float | None = None

    def __post_init__(self) -> None:
        half = self.frames // 2
        even = self.frames < 1 or self.frames % 2 == 0
        _refuse("frames", self.frames, even, "a tube has a centre, give an odd number")
        _refuse("size", self.size, self.size < 1, "give the side of a tube in pixels, such as 64")
        _refuse("crop", self.crop, self.crop not in ("roi_align", "resize"), "choose roi_align or resize")
        _refuse("min_confidence", self.min_confidence, not 0 <= self.min_confidence < 1, "give a number in [0, 1)")
        _refuse("stride", self.stride, self.stride < 1, "give 1 to use every frame, 5 to use every fifth")
        short = self.margin is not None and self.margin < half
        _refuse("margin", self.margin, short, f"tubes of {self.frames} frames need {half} frames at both ends")
        if self.interval is None:
            for name in ("centre_interval", "fps"):
                _refuse(name, value := getattr(self, name), value is not None, "it needs spec.interval, in seconds")
            return
        _refuse("interval", self.interval, not 0 < self.interval <= 60, "give the seconds between frames, such as 0.1")
        apart = self.centre_interval
        _refuse("centre_interval", apart, apart is not None and not 0 <= apart <= 3600, "give seconds, such as 0.1")
        _refuse("fps", self.fps, self.fps is not None and not 0 < self.fps <= 1000, "give frames a second, such as 25")

    def identity(self) -> dict[str, Any]:
        """As JSON, as part of a cache's identity; without what only `interval` has where there is none."""
        whole = asdict(self)
        return whole if self.interval is not None else {k: v for k, v in whole.items() if k not in _IN_TIME}

    @property
    def temporal_radius(self) -> int:
        """Frames at both ends of a video that no tube is the score of; none where scores are held to the ends."""
        return self.frames // 2 if self.interval is None else 0

    def for_split(self, split: str) -> "TubeSpec":
        """The same spec with its margin decided."""
        if self.margin is not None:
            return self
        return replace(self, margin=self.frames - 1 if split == "train" else self.frames // 2)

    def centres(self, frames: int) -> range:
        """The frames of a video of `frames` frames whose boxes become tubes of consecutive frames; margin decided."""
        assert self.margin is not None
        return range(self.margin, frames - self.margin, self.stride)


@dataclass(frozen=True)
class TubeFilter:
    """Which tubes of a cache are used. Filters the index; the tubes on disk stay as they are.

    Attributes:
        min_confidence: boxes at or below it are dropped; None keeps whatever the cache holds.
        drop_nested: drop a box that lies strictly inside another of the same frame, on all four sides.
        min_side: drop a box whose longer side is under this many pixels.
        min_overlap: a tube is abnormal when more than this share of its box is covered by abnormal objects;
            0 means any overlap, as released by the authors of the jigsaw method.

    Raises:
        ConfigError: a value is out of range.
    """

    min_confidence: float | None = None
    drop_nested: bool = True
    min_side: float = 10.0
    min_overlap: float = 0.0

    def __post_init__(self) -> None:
        outside = self.min_confidence is not None and not 0 <= self.min_confidence < 1
        _refuse("min_confidence", self.min_confidence, outside, "give a number in [0, 1), or null")
        _refuse("min_side", self.min_side, self.min_side < 0, "give a length in pixels, 0 to keep every box")
        _refuse("min_overlap", self.min_overlap, not 0 <= self.min_overlap < 1, "give a share of the box in [0, 1)")


def _refuse(name: str, value: object, wrong: bool, advice: str) -> None:
    if wrong:
        raise ConfigError(f"{name}={value}: {advice}")


def filter_boxes(
    video: NDArray[np.int32],
    frame: NDArray[np.int32],
    xyxy: NDArray[np.float32],
    confidence: NDArray[np.float32],
    rule: TubeFilter,
) -> NDArray[np.int64]:
    """Rows that pass `rule`, ascending: confidence, then nested boxes, then small ones (docs/method.md).

    The columns are those of a `TubeIndex`: `video` ascending, `frame` ascending within a video.
    """
    rows = np.arange(len(video), dtype=np.int64)
    if rule.min_confidence is not None:
        rows = rows[confidence > rule.min_confidence]
    if rule.drop_nested:
        rows = rows[~nested(video[rows], frame[rows], xyxy[rows])]
    side = np.maximum(xyxy[rows, 2] - xyxy[rows, 0], xyxy[rows, 3] - xyxy[rows, 1])
    passing: NDArray[np.int64] = rows[side >= rule.min_side]
    return passing


def nested(video: NDArray[np.int32], frame: NDArray[np.int32], xyxy: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether each box lies strictly inside another of its frame, (n,); frames with as many boxes go together."""
    inside = np.zeros(len(video), bool)
    if len(video) == 0:
        return inside
    new = np.flatnonzero((np.diff(video) != 0) | (np.diff(frame) != 0)) + 1
    starts = np.concatenate([[0], new])
    counts = np.diff(np.concatenate([starts, [len(video)]]))
    for count in np.unique(counts[counts > 1]):
        rows = starts[counts == count][:, None] + np.arange(count)
        for part in np.array_split(rows, max(1, rows.size * int(count) // _CELLS)):
            inner, outer = xyxy[part][:, :, None], xyxy[part][:, None, :]  # (frames, k, k, 4)
            strict = np.all(inner[..., :2] > outer[..., :2], axis=-1) & np.all(inner[..., 2:] < outer[..., 2:], axis=-1)
            inside[part] = strict.any(axis=2)
    return inside
