"""Object and frame scores on disk: one `.npz` per video, so that any protocol can be applied again later."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from syrfa.evaluation.scores import ObjectScores
from syrfa.utils.files import atomic_write


def write_scores(folder: Path, objects: ObjectScores, frame_scores: NDArray[np.float64]) -> Path:
    """Writes `<folder>/<video>.npz`, atomically.

    Args:
        folder: created if absent.
        objects: the video's scored objects.
        frame_scores: float64 (frames,), before smoothing.

    Returns:
        the file: `frames` float32 (frames,), `object_frame` int32 (n,), `object_xyxy` float32 (n, 4), `object_score`
        float32 (n,), `size` int32 (2,) height and width in pixels.
    """
    path = folder / f"{objects.name}.npz"
    with atomic_write(path) as file:
        np.savez(
            file,
            frames=frame_scores.astype(np.float32),
            object_frame=objects.object_frame.astype(np.int32),
            object_xyxy=objects.object_xyxy.astype(np.float32),
            object_score=objects.object_score.astype(np.float32),
            size=np.array([objects.height, objects.width], np.int32),
        )
    return path


def read_scores(path: Path) -> ObjectScores:
    """The object scores that `write_scores` wrote."""
    with np.load(path, allow_pickle=False) as stored:
        height, width = (int(value) for value in stored["size"])
        return ObjectScores(
            name=path.stem,
            frames=len(stored["frames"]),
            height=height,
            width=width,
            object_frame=stored["object_frame"],
            object_xyxy=stored["object_xyxy"],
            object_score=stored["object_score"].astype(np.float64),
        )
