"""Object scores of a video: their file, the anomaly map they paint, and the baselines (docs/evaluation.md)."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from syrfa.errors import UserError
from syrfa.utils.files import atomic_write

CURVES = "curves.npz"


class FrameCurves:
    """Curves of the videos of a test: `labels`, uint8 (frames,) a video, 1 = abnormal.

    `scores` has a list for each of the result's evaluations, float64 (frames,) a video: what its metrics saw, to the
    last digit; `box_width` the same for the baseline.
    """

    def __init__(self, names: Sequence[str], labels: Sequence[NDArray[np.uint8]]) -> None:
        self.names, self.labels = list(names), list(labels)
        self.scores: list[list[NDArray[np.float64]]] = []
        self.box_width: list[list[NDArray[np.float64]]] = []

    def add(self, scores: Sequence[NDArray[np.float64]], box_width: Sequence[NDArray[np.float64]]) -> None:
        """Takes the curves of one evaluation, (frames,) a video, and those of the baseline."""
        self.scores.append(list(scores))
        self.box_width.append(list(box_width))

    def write(self, path: Path) -> None:
        """Writes a compressed `.npz`, atomically.

        `video` (videos,) names, `frames` int32 (videos,) lengths, `labels` uint8 (frames of all videos,), `scores` and
        `box_width` float64 (evaluations, frames of all videos).
        """
        with atomic_write(path) as file:
            np.savez_compressed(
                file,
                video=np.array(self.names, dtype=np.str_),
                frames=np.array([len(video) for video in self.labels], np.int32),
                labels=_joined(self.labels, np.uint8),
                scores=np.stack([_joined(curves, np.float64) for curves in self.scores]),
                box_width=np.stack([_joined(curves, np.float64) for curves in self.box_width]),
            )


def read_curves(path: Path) -> FrameCurves:
    """The curves that `FrameCurves.write` wrote; UserError where the file is damaged."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            ends = np.cumsum(stored["frames"])
            if len(ends) != len(stored["video"]) or not len(ends) or len(stored["labels"]) != ends[-1]:
                raise ValueError("lengths differ")
            curves = FrameCurves([str(name) for name in stored["video"]], np.split(stored["labels"], ends[:-1]))
            for scores, widths in zip(stored["scores"], stored["box_width"], strict=True):
                if not len(scores) == len(widths) == ends[-1]:
                    raise ValueError("lengths differ")
                curves.add(np.split(scores, ends[:-1]), np.split(widths, ends[:-1]))
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error) as error:
        raise UserError(f"{path}: damaged, or not the curves of a test; run `syrfa test` again") from error
    return curves


def _joined(videos: Sequence[NDArray[np.generic]], kind: type[np.generic]) -> NDArray[np.generic]:
    return np.concatenate([np.empty(0, kind), *videos])


_STORED = {"frames", "object_frame", "object_xyxy", "object_score", "size"}


@dataclass(frozen=True)
class ObjectScores:
    """Every scored object of one video.

    Attributes:
        name: the video's name.
        frames: its length in frames.
        height: its height in pixels.
        width: its width in pixels.
        object_frame: int32 (n,), 0-based frame of each object.
        object_xyxy: float32 (n, 4), its box in pixels.
        object_score: float64 (n,), 1 = most abnormal, 0 = most normal; any finite number for a baseline.

    Raises:
        ValueError: the arrays disagree in length, an object lies outside the video, or a number is not finite.
    """

    name: str
    frames: int
    height: int
    width: int
    object_frame: NDArray[np.int32]
    object_xyxy: NDArray[np.float32]
    object_score: NDArray[np.float64]

    def __post_init__(self) -> None:
        count = len(self.object_frame)
        shapes = (self.object_frame.shape, self.object_xyxy.shape, self.object_score.shape)
        if shapes != ((count,), (count, 4), (count,)):
            raise ValueError(f"{self.name}: object_frame, object_xyxy, object_score have shapes {shapes}")
        if count and not 0 <= int(self.object_frame.min()) <= int(self.object_frame.max()) < self.frames:
            raise ValueError(f"{self.name}: an object lies outside frames 0 to {self.frames - 1}")
        if not np.isfinite(self.object_xyxy).all():
            raise ValueError(f"{self.name}: a box has a side that is not finite")
        if not np.isfinite(self.object_score).all():
            # a diverged model must not turn into a frame that happens to rank first or last
            raise ValueError(f"{self.name}: an object score is not finite; the model that gave it has diverged")


def hold(objects: ObjectScores, centres: Sequence[int] | NDArray[np.int64] | None) -> ObjectScores:
    """The same objects on every frame: each frame shows those of the last of `centres`, before the first the first.

    `centres` are the frames that boxes were looked for in, ascending; None where these were all.
    """
    if centres is None:
        return objects
    span = np.diff(np.concatenate([[0], centres[1:], [objects.frames]]))  # frames that each centre is shown for
    start = np.cumsum(span) - span
    shown = np.searchsorted(centres, objects.object_frame)
    rows = np.repeat(np.arange(len(shown)), span[shown])
    before = np.cumsum(span[shown]) - span[shown]
    frame = start[shown][rows] + np.arange(len(rows)) - before[rows]
    order = np.argsort(frame, kind="stable")
    rows = rows[order]
    return replace(
        objects,
        object_frame=frame[order].astype(np.int32),
        object_xyxy=objects.object_xyxy[rows],
        object_score=objects.object_score[rows],
    )


def write_scores(
    folder: Path,
    objects: ObjectScores,
    frame_scores: NDArray[np.float64],
    others: Mapping[str, NDArray[np.float64]] | None = None,
) -> Path:
    """Writes `<folder>/<video>.npz`, atomically, with `frame_scores` (frames,) and further scores by name.

    It holds `frames` float32 (frames,), `object_frame` int32 (n,), `object_xyxy` float32 (n, 4), `object_score` (n,),
    float32 where that loses nothing, `size` int32 (2,) height and width in pixels, and the others.
    """
    path = folder / f"{objects.name}.npz"
    arrays: dict[str, Any] = {name: _narrow(score) for name, score in (others or {}).items()}
    with atomic_write(path) as file:
        np.savez(
            file,
            frames=frame_scores.astype(np.float32),
            object_frame=objects.object_frame.astype(np.int32),
            object_xyxy=objects.object_xyxy.astype(np.float32),
            object_score=_narrow(objects.object_score),
            size=np.array([objects.height, objects.width], np.int32),
            **arrays,
        )
    return path


def read_scores(path: Path) -> ObjectScores:
    """The object scores that `write_scores` wrote."""
    return read_all_scores(path)[0]


def read_all_scores(path: Path) -> tuple[ObjectScores, dict[str, ObjectScores]]:
    """The object scores that `write_scores` wrote, and the others by name."""
    with np.load(path, allow_pickle=False) as stored:
        height, width = (int(value) for value in stored["size"])
        objects = ObjectScores(
            name=path.stem,
            frames=len(stored["frames"]),
            height=height,
            width=width,
            object_frame=stored["object_frame"],
            object_xyxy=stored["object_xyxy"],
            object_score=stored["object_score"].astype(np.float64),
        )
        others = {name: stored[name].astype(np.float64) for name in stored.files if name not in _STORED}
    return objects, {name: replace(objects, object_score=score) for name, score in others.items()}


def _narrow(scores: NDArray[np.float64]) -> NDArray[np.floating[Any]]:
    narrow = scores.astype(np.float32)
    return narrow if np.array_equal(narrow, scores) else scores


def pixel_boxes(xyxy: NDArray[np.float32], height: int, width: int) -> NDArray[np.int64]:
    """The pixels that boxes, float32 (n, 4), touch, as half-open ranges int64 (n, 4), left, top, right, bottom.

    Clipped to the frame; at least one pixel each, so that the maximum of a map is the maximum object score.

    Example:
        >>> pixel_boxes(np.array([[0.5, 1.0, 2.2, 2.0], [-9, -9, -5, -5]], np.float32), 4, 4).tolist()
        [[0, 1, 3, 2], [0, 0, 1, 1]]
    """
    size = np.array([width, height], np.int64)
    first = np.clip(np.floor(xyxy[:, :2]).astype(np.int64), 0, size - 1)
    last = np.clip(np.ceil(xyxy[:, 2:]).astype(np.int64), first + 1, size)
    return np.concatenate([first, last], axis=1)


def anomaly_map(objects: ObjectScores, frame: int) -> NDArray[np.float32]:
    """The anomaly map of one frame, float32 (height, width): 0 everywhere, every box filled with its score.

    Where boxes overlap the largest score counts (docs/evaluation.md). IndexError where there is no such frame.
    """
    if not 0 <= frame < objects.frames:
        raise IndexError(f"{objects.name} has frames 0 to {objects.frames - 1}, not {frame}")
    canvas = np.zeros((objects.height, objects.width), np.float32)
    here = objects.object_frame == frame
    boxes = pixel_boxes(objects.object_xyxy[here], objects.height, objects.width)
    for (left, top, right, bottom), score in zip(boxes.tolist(), objects.object_score[here], strict=True):
        region = canvas[top:bottom, left:right]
        np.maximum(region, np.float32(score), out=region)
    return canvas


def max_per_frame(objects: ObjectScores) -> NDArray[np.float64]:
    """The maximum of each frame's anomaly map, float64 (frames,), without rendering: its largest score, or 0."""
    highest = np.zeros(objects.frames)
    np.maximum.at(highest, objects.object_frame, objects.object_score)
    return highest


def box_width(objects: ObjectScores) -> ObjectScores:
    """The same objects, each scored by the width of its box as a share of the frame's width, float64 (n,)."""
    sides = objects.object_xyxy.astype(np.float64)
    return replace(objects, object_score=(sides[:, 2] - sides[:, 0]) / objects.width)


def random_scores(objects: Sequence[ObjectScores], seed: int = 0) -> list[ObjectScores]:
    """The same objects, each scored by a uniform random number, float64 (n,) in [0, 1).

    Not chance: it is what the number of boxes and the smoothing are worth without any look at the picture.
    """
    generator = np.random.default_rng(seed)
    return [replace(video, object_score=generator.random(len(video.object_score))) for video in objects]
