"""Which boxes are kept, over the whole index at once."""

import numpy as np
from numpy.typing import NDArray

from syrfa.tubes.spec import TubeFilter

_CELLS = 1 << 24  # box pairs compared in one go: 16 MB


def kept(
    video: NDArray[np.int32],
    frame: NDArray[np.int32],
    xyxy: NDArray[np.float32],
    confidence: NDArray[np.float32],
    rule: TubeFilter,
) -> NDArray[np.int64]:
    """Rows that pass `rule`, ascending: confidence, then nested boxes, then small ones (docs/method.md, section 7).

    Args:
        video: (n,), ascending; frames of different videos are different frames.
        frame: (n,), ascending within a video.
        xyxy: (n, 4), in pixels.
        confidence: (n,).
        rule: the thresholds.
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
            inside[part] = _inside_another(xyxy[part])
    return inside


def _inside_another(boxes: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Boxes (frames, k, 4) -> (frames, k): does box i lie strictly inside any box j of its frame?"""
    inner, outer = boxes[:, :, None], boxes[:, None, :]
    strict = np.all(inner[..., :2] > outer[..., :2], axis=-1) & np.all(inner[..., 2:] < outer[..., 2:], axis=-1)
    return np.asarray(np.any(strict, axis=2))
