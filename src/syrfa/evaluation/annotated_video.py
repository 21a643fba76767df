"""A video with its boxes coloured by score, and below it the score curve with the frame that is shown."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from matplotlib import colormaps
from numpy.typing import NDArray

from syrfa.evaluation.scores import ObjectScores

_WIDTH = 480  # smaller videos are enlarged to at least this many pixels
_STRIP = 72  # height of the curve in pixels
_COLOURS = colormaps["plasma"]
_TRUTH, _CURVE = (60, 60, 200), (250, 250, 250)  # BGR


def write_annotated_video(
    path: Path,
    frames: Iterable[NDArray[np.uint8]],
    objects: ObjectScores,
    scores: NDArray[np.floating[Any]],
    labels: NDArray[np.uint8] | None = None,
    fps: float = 10.0,
) -> None:
    """Writes a `.webm` (VP8, which browsers play); atomically.

    Args:
        path: the file.
        frames: uint8 (height, width, 1 or 3) RGB, all of the video.
        objects: its boxes with their scores, coloured from 0 to 1.
        scores: the frame scores to draw, (frames,).
        labels: abnormal frames, shaded behind the curve, (frames,); None where nothing is labelled.
        fps: frames a second of the file.
    """
    scale = max(1, -(-_WIDTH // objects.width))
    size = objects.width * scale // 2 * 2, (objects.height * scale + _STRIP) // 2 * 2
    strip, columns = _strip(scores, labels, size[0])
    unfinished = path.with_name(f".{path.stem}.{os.getpid()}.tmp{path.suffix}")
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(unfinished), cv2.VideoWriter.fourcc(*"VP80"), fps, size)
    try:
        for number, frame in enumerate(frames):
            colour = np.ascontiguousarray(np.broadcast_to(frame, (*frame.shape[:2], 3))[..., ::-1])
            picture = np.asarray(cv2.resize(colour, None, fx=scale, fy=scale), np.uint8)
            for row in np.flatnonzero(objects.object_frame == number):
                _box(picture, objects.object_xyxy[row] * scale, float(objects.object_score[row]))
            below = strip.copy()
            cv2.line(below, (columns[number], 0), (columns[number], _STRIP), _CURVE, 1)
            writer.write(np.concatenate([picture, below[:, : picture.shape[1]]])[: size[1], : size[0]])
    finally:
        writer.release()
    unfinished.replace(path)


def _box(picture: NDArray[np.uint8], xyxy: NDArray[np.float32], score: float) -> None:
    red, green, blue, _ = _COLOURS(min(max(score, 0.0), 1.0))
    colour = (255 * blue, 255 * green, 255 * red)
    left, top, right, bottom = np.rint(xyxy).astype(int).tolist()
    cv2.rectangle(picture, (left, top), (right, bottom), colour, 2)
    cv2.putText(
        picture, f"{score:.2f}", (left, max(top - 4, 12)), cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, 1, cv2.LINE_AA
    )


def _strip(
    scores: NDArray[np.floating[Any]], labels: NDArray[np.uint8] | None, width: int
) -> tuple[NDArray[np.uint8], list[int]]:
    """The curve, uint8 (height, width, 3) BGR, and the column of every frame."""
    strip = np.full((_STRIP, width, 3), 24, np.uint8)
    columns = np.linspace(0, width - 1, len(scores)).astype(int)
    if labels is not None:
        of_column = np.minimum(np.arange(width) * len(scores) // width, len(scores) - 1)
        strip[:, labels[of_column] > 0] = _TRUTH
    span = float(np.ptp(scores)) or 1.0
    heights = _STRIP - 6 - (_STRIP - 12) * (scores - scores.min()) / span
    points = np.stack([columns, heights], axis=1).astype(np.int32)
    cv2.polylines(strip, [points[:, None]], False, _CURVE, 2, cv2.LINE_AA)
    return strip, columns.tolist()
