"""The frame scores of every evaluation and the labels of the videos, in one file next to `result.json`."""

import zlib
from collections.abc import Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from syrfa.errors import UserError
from syrfa.utils.files import atomic_write

CURVES = "curves.npz"


class FrameCurves:
    """Curves of the videos of a test, one set an evaluation, in the order of the result's.

    Attributes:
        names: of the videos.
        labels: uint8 (frames,) a video, 1 = abnormal.
        scores: a list an evaluation, float64 (frames,) a video: what its metrics saw, to the last digit.
        box_width: the same for the baseline.
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
