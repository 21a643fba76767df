"""Object scores painted into the frame, and the maximum of that picture without painting it."""

import numpy as np
from numpy.typing import NDArray

from syrfa.evaluation.scores import ObjectScores


def pixel_boxes(xyxy: NDArray[np.float32], height: int, width: int) -> NDArray[np.int64]:
    """The pixels a box fills, as half-open ranges.

    The left and top sides are rounded down and the right and bottom sides up, so that every pixel the box touches is
    filled; then the box is clipped to the frame and, where nothing is left of it, widened to the nearest single pixel.
    No object can vanish, and so the maximum of a map is the maximum object score.

    Args:
        xyxy: float32 (n, 4), left, top, right, bottom in pixels.
        height: of the frame, pixels.
        width: of the frame, pixels.

    Returns:
        int64 (n, 4): left, top, right, bottom with 0 <= left < right <= width and 0 <= top < bottom <= height.

    Example:
        >>> pixel_boxes(np.array([[0.5, 1.0, 2.2, 2.0], [-9, -9, -5, -5]], np.float32), 4, 4).tolist()
        [[0, 1, 3, 2], [0, 0, 1, 1]]
    """
    size = np.array([width, height], np.int64)
    first = np.clip(np.floor(xyxy[:, :2]).astype(np.int64), 0, size - 1)
    last = np.clip(np.ceil(xyxy[:, 2:]).astype(np.int64), first + 1, size)
    return np.concatenate([first, last], axis=1)


def anomaly_map(objects: ObjectScores, frame: int, floor: float = 0.0) -> NDArray[np.float32]:
    """The anomaly map of one frame (docs/method.md, section 8): `floor` everywhere, every box filled with its score.

    Where boxes overlap the largest score stands; a score below `floor` does not show. Sides are rounded as
    `pixel_boxes` says.

    Args:
        objects: the video's objects.
        frame: 0-based frame number.
        floor: the value of a pixel without an object, "most normal".

    Returns:
        float32 (height, width), in the unit of the scores.

    Raises:
        IndexError: the video has no such frame.
    """
    if not 0 <= frame < objects.frames:
        raise IndexError(f"{objects.name} has frames 0 to {objects.frames - 1}, not {frame}")
    canvas = np.full((objects.height, objects.width), floor, np.float32)
    here = objects.object_frame == frame
    boxes = pixel_boxes(objects.object_xyxy[here], objects.height, objects.width)
    for (left, top, right, bottom), score in zip(boxes.tolist(), objects.object_score[here], strict=True):
        region = canvas[top:bottom, left:right]
        np.maximum(region, np.float32(score), out=region)
    return canvas


def max_per_frame(objects: ObjectScores, floor: float = 0.0) -> NDArray[np.float64]:
    """The maximum over each frame's anomaly map, without rendering one.

    Every object fills at least one pixel, so that maximum is the largest object score of the frame, or `floor`.

    Args:
        objects: the video's objects.
        floor: the score of a frame without an object.

    Returns:
        float64 (frames,), in the unit of the scores; rounded to float32 it equals `anomaly_map(...).max()`.
    """
    highest = np.full(objects.frames, floor, np.float64)
    np.maximum.at(highest, objects.object_frame, objects.object_score)
    return highest
