"""Short tracks: boxes of neighbouring frames linked by their overlap, and scores averaged along them."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from syrfa.evaluation.scores import ObjectScores

MAX_GAP = 2
"""Frames that a track may miss between two of its boxes."""


def link(objects: ObjectScores, min_iou: float = 0.3, max_gap: int = MAX_GAP) -> NDArray[np.int64]:
    """Joins the boxes of a video into tracks: int64 (n,), numbered from 0 in the order in which they begin.

    The boxes of a frame are matched one to one with the last boxes of the tracks still open, the pair of the largest
    overlap first (then the shorter gap, the box further left, the track that began first); a box without a match opens
    a track. `min_iou`, in (0, 1], is the smallest overlap of two linked boxes; a track may miss `max_gap` frames.
    Matches depend on no later frame, and not on the order of the objects.
    """
    import torch  # slow to import, and `summary` and `report` need no tracks
    from torchvision.ops import box_iou

    left, top, right, bottom = objects.object_xyxy.T
    # scores last: they order nothing but two equal boxes of one frame, which are interchangeable otherwise
    order = np.lexsort((objects.object_score, bottom, right, top, left, objects.object_frame))
    frame = objects.object_frame[order].astype(np.int64)
    boxes = objects.object_xyxy[order].astype(np.float64)
    track = np.empty(len(order), np.int64)
    tracks = 0
    last = np.empty(0, np.int64)  # of every open track, the first one first, the position of its last box
    bounds = np.append(np.flatnonzero(np.diff(frame, prepend=-1)), len(order))
    for start, stop in pairwise(bounds.tolist()):
        last = last[frame[start] - frame[last] <= max_gap + 1]
        overlap = box_iou(torch.from_numpy(boxes[last]), torch.from_numpy(boxes[start:stop])).numpy()
        matches = _matches(overlap, frame[start] - frame[last], min_iou)
        for box in range(start, stop):
            earlier = matches.get(box - start)
            track[box] = tracks if earlier is None else track[last[earlier]]
            tracks += earlier is None
        last = np.concatenate([np.delete(last, list(matches.values())), np.arange(start, stop)])
        last = last[np.argsort(track[last])]
    numbered = np.empty_like(track)
    numbered[order] = track
    return numbered


def mean_along(objects: ObjectScores, track: NDArray[np.int64], before: int, after: int) -> ObjectScores:
    """The same objects, each scored by the mean over its track's objects in the frames t - before .. t + after.

    Frames in which the track has no object do not count; equal scores stay exactly as they are. `track` is int64 (n,).
    """
    own = objects.object_score
    frame = objects.object_frame.astype(np.int64)
    place = track * objects.frames + frame
    order = np.argsort(place)
    ordered = place[order]
    # differences to the own score, so that a track of one score cannot gain a rounding error that would break ties
    difference, count = np.zeros(len(own)), np.ones(len(own))
    for lag in (lag for lag in range(-before, after + 1) if lag):
        inside = (frame + lag >= 0) & (frame + lag < objects.frames)
        at = np.minimum(np.searchsorted(ordered, place + lag), len(own) - 1)
        found = np.flatnonzero(inside & (ordered[at] == place + lag))
        difference[found] += own[order[at[found]]] - own[found]
        count[found] += 1
    return replace(objects, object_score=own + difference / count)


def box_speed(objects: ObjectScores, window: int = 8) -> ObjectScores:
    """The same objects, each scored by how fast its box has moved: an extension's geometry, nothing learned.

    The way of the box's middle since the oldest box of its track in the last `window` frames, in heights of the box a
    frame, float64 (n,), at least 0; 0 where the oldest box is not half a window old. Boxes known every n-th frame alone
    are linked over the gap.
    """
    frame = objects.object_frame.astype(np.int64)
    steps = np.diff(np.unique(frame))
    gap = max(MAX_GAP, int(steps.min()) - 1) if len(steps) else MAX_GAP
    track = link(objects, max_gap=gap)
    left, top, right, bottom = objects.object_xyxy.astype(np.float64).T
    middle = np.stack([left + right, top + bottom], axis=1) / 2
    place = track * objects.frames + frame
    order = np.argsort(place)
    oldest = order[np.searchsorted(place[order], np.maximum(place - window, track * objects.frames))]
    lag = frame - frame[oldest]
    way = np.hypot(*(middle - middle[oldest]).T) / np.maximum(bottom - top, 1.0)
    return replace(objects, object_score=np.where(2 * lag >= window, way / np.maximum(lag, 1), 0.0))


def _matches(overlap: NDArray[np.float64], gap: NDArray[np.int64], min_iou: float) -> dict[int, int]:
    """Box of the frame -> open track, for overlaps (tracks, boxes) and the age (tracks,) of the tracks' last boxes."""
    tracks, boxes = np.nonzero(overlap >= min_iou)
    matches: dict[int, int] = {}
    taken = set()
    for pair in np.lexsort((tracks, boxes, gap[tracks], -overlap[tracks, boxes])):
        track, box = int(tracks[pair]), int(boxes[pair])
        if box not in matches and track not in taken:
            matches[box] = track
            taken.add(track)
    return matches
