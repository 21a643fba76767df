"""What an id mask says exactly: the box of every object, and which of them are neighbours."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Boxes = NDArray[np.float64]

_AROUND = 0.15


def object_boxes(id_mask: NDArray[np.int32]) -> tuple[Boxes, NDArray[np.int64], NDArray[np.float64]]:
    """The exact box of every object, in the order of the ids.

    Args:
        id_mask: (height, width), 0 = background.

    Returns:
        boxes (n, 4), right and bottom exclusive, in pixels; visible pixels (n,); the share of each box, in
        [0, 1), that other objects fill.
    """
    mask = id_mask
    if mask.max(initial=0) > np.iinfo(np.uint16).max:  # find_objects makes one entry a number up to the largest
        ids, flat = np.unique(mask, return_inverse=True)
        mask = flat.reshape(mask.shape).astype(np.int32) + (0 if ids[0] == 0 else 1)
    slices = ndimage.find_objects(mask)
    counts = np.bincount(mask.ravel(), minlength=len(slices) + 1)
    boxes, visible, hidden = [], [], []
    for number, place in enumerate(slices, start=1):
        if place is None:
            continue
        rows, columns = place
        inside = mask[place]
        boxes.append((columns.start, rows.start, columns.stop, rows.stop))
        visible.append(counts[number])
        hidden.append((np.count_nonzero(inside) - counts[number]) / inside.size)
    return np.array(boxes, np.float64).reshape(-1, 4), np.array(visible, np.int64), np.array(hidden, np.float64)


def contrasts(picture: NDArray[np.uint8], id_mask: NDArray[np.int32], boxes: Boxes) -> NDArray[np.float64]:
    """How much every object of `object_boxes` stands out from what is around it in a grey picture (height, width).

    Returns:
        (n,), in grey levels: the root mean square of an object's pixels less the mean of the background within its box
        and a margin of 15 % of the box's height; infinite where there is no background.
    """
    found = []
    for number, box in zip(np.unique(id_mask[id_mask > 0]), boxes, strict=True):
        margin = _AROUND * (box[3] - box[1])
        left, top = (int(max(v - margin, 0)) for v in box[:2])
        right, bottom = (int(v + margin + 1) for v in box[2:])
        values, ids = picture[top:bottom, left:right], id_mask[top:bottom, left:right]
        around = values[ids == 0]
        own = values[ids == number].astype(np.float64)
        found.append(np.sqrt(np.mean((own - around.mean()) ** 2)) if around.size else np.inf)
    return np.array(found, np.float64)


def neighbours(boxes: Boxes, gap: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of boxes, as two (pairs,), that overlap or lie no farther apart than `gap` times the smaller width."""
    first, second = np.triu_indices(len(boxes), k=1)
    wide = boxes[:, 2] - boxes[:, 0]
    reach = gap * np.minimum(wide[first], wide[second])
    apart = np.maximum(boxes[first, :2] - boxes[second, 2:], boxes[second, :2] - boxes[first, 2:]).max(axis=1)
    near = apart <= reach if len(first) else np.zeros(0, bool)
    return first[near], second[near]


def cover(boxes: Boxes) -> NDArray[np.float64]:
    """The largest share of each box, (n,), that another covers which ends lower, and so stands nearer to the camera."""
    side = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:]) - np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    shared = np.clip(side, 0, None).prod(axis=2) * (boxes[None, :, 3] > boxes[:, None, 3])
    return np.asarray(shared.max(axis=1, initial=0) / (boxes[:, 2:] - boxes[:, :2]).prod(axis=1))
