"""What the boxes of a fixed camera say of their detector when nobody knows the truth.

People on one ground plane are as tall as the image row of their feet tells, so a robust line through the confident
boxes says how tall a whole person is at any row; boxes that are not are sorted by what is missing. People move by a
pixel or two a frame, so a box that is absent between two frames that have it was missed.
"""

from itertools import pairwise

import numpy as np

from experiments.studies.boxes.box_pairs import areas, certainty, covered, overlap, pairs, quantiles, ratio
from experiments.studies.boxes.ground_plane import GroundPlane
from experiments.studies.boxes.over_time import COVER, by_frame, flicker

GAP = 0.15
HEIGHTS = (20, 24, 26, 28, 30, 32, 36, 44)
KINDS = ("whole", "cut", "torso", "strip", "union", "duplicate", "background", "other")
_CELL, _OFTEN = 6, 0.01  # a cell of so many pixels with odd boxes in more than this share of the frames is a fixture


def sort_frame(boxes, confidence, plane):
    """Kind of every box of a frame, the share that a neighbour nearer to the camera covers, and its pairs.

    A box that begins at head height and is short is a `torso` (under 0.68) or `cut` (under 0.85), unless another box
    covers the missing legs: then the person is hidden there, and it is `whole`, as an exact box of the
    visible part would be.
    """
    kind = np.full(len(boxes), "other", object)
    whole = plane.whole(boxes)
    inside, same = covered(boxes, boxes), overlap(boxes, boxes)
    for table in (inside, same):
        np.fill_diagonal(table, 0)
    nearer = boxes[None, :, 3] > boxes[:, None, 3]
    cover = (inside * (nearer & whole[None])).max(axis=1, initial=0)
    kind[whole] = "whole"
    share = plane.by_head(boxes)
    legs = (covered(plane.legs(boxes), boxes) * whole[None]).max(axis=1, initial=0)
    upright = (plane.aspect(boxes) < 0.9) & (inside * whole[None] < 0.5).all(axis=1)
    short = upright & (share < 0.85) & (share > 0.38)
    kind[short & (legs < 0.1)] = np.where(share < 0.68, "torso", "cut")[short & (legs < 0.1)]
    kind[short & (legs >= 0.1)] = "whole"
    cover = np.where(short, np.maximum(cover, legs * (1 - share)), cover)
    kind[(plane.by_feet(boxes) < 0.3) & (plane.aspect(boxes) > 1.2)] = "strip"
    first, second, around = pairs(boxes[whole], GAP)
    number = np.flatnonzero(whole)
    first, second = number[first], number[second]
    joint = 0
    if len(first):
        fit = overlap(boxes, around)
        fit[first, np.arange(len(first))] = fit[second, np.arange(len(first))] = 0
        joined = fit.max(axis=1) >= 0.7
        kind[joined] = "union"
        joint = int((fit.max(axis=0) >= 0.7).sum())
    twice = (same > 0.5) & (confidence[None] > confidence[:, None])
    kind[twice.any(axis=1) & (kind != "union")] = "duplicate"
    empty = (kind == "other") | (kind == "torso")
    kind[empty & (inside.max(axis=1, initial=0) < 0.1) & (np.abs(plane.by_feet(boxes) - 1) > 0.5)] = "background"
    return kind, cover, {"neighbours": len(first), "joint": joint, "sitting": _under(boxes, kind == "strip", whole)}


def _under(boxes, strip, whole):
    """Where strips lie on the person above them: left, top, right, bottom from its upper left corner, in its sizes."""
    rows = []
    for i in np.flatnonzero(strip):
        share = covered(boxes[i : i + 1], boxes[whole])[0]
        if len(share) and share.max() > 0.5:
            body = boxes[whole][share.argmax()]
            rows.append((boxes[i] - np.tile(body[:2], 2)) / np.tile(body[2:] - body[:2], 2))
    return rows


def fixtures(boxes, kind, frames):
    """Marks odd boxes at a place where an odd box is again and again: something that stands there."""
    cell = np.round(boxes[:, :2] / _CELL).astype(int)
    odd = np.isin(kind, ("torso", "other", "background"))
    _, index, count = np.unique(cell[odd], axis=0, return_inverse=True, return_counts=True)
    marked = np.zeros(len(boxes), bool)
    marked[np.flatnonzero(odd)[count[index.ravel()] > _OFTEN * frames]] = True
    return marked


def self_statistics(boxes, confidence, video, frame, frames, size):
    """All of it, for the boxes of one fixed camera.

    Args:
        boxes: (n, 4).
        confidence: (n,).
        video: (n,).
        frame: (n,), within its video.
        frames: how many frames there are.
        size: (width, height) of the frame.
    """
    plane = GroundPlane(boxes, confidence, *size)
    kind, cover = np.empty(len(boxes), object), np.zeros(len(boxes))
    neighbours = joint = 0
    sitting = []
    for rows in by_frame(video, frame):
        kind[rows], cover[rows], seen = sort_frame(boxes[rows], confidence[rows], plane)
        neighbours, joint = neighbours + seen["neighbours"], joint + seen["joint"]
        sitting += seen["sitting"]
    fixed = fixtures(boxes, kind, frames)
    kind[fixed] = "background"
    inner = ~plane.at_edge(boxes)
    whole = (kind == "whole") & inner
    people = int(np.isin(kind[inner], ("whole", "cut", "torso")).sum())
    count = {name: int((kind[inner] == name).sum()) for name in KINDS}
    tall, free = boxes[:, 3] - boxes[:, 1], whole & (cover < 0.02)
    share = plane.by_head(boxes)[inner & (kind != "background")]
    empty, single = kind == "background", plane.whole(boxes) & ~np.isin(kind, ("duplicate", "union"))
    upright = free & (np.abs(plane.by_feet(boxes) - 1) < 0.15)
    return {
        "boxes": len(boxes),
        "frames": frames,
        "people": people,
        "height_of_people": [round(float(v), 1) for v in np.quantile(tall[whole], (0.05, 0.5, 0.95))],
        **{name: ratio(count[name], people) for name in ("torso", "strip", "duplicate")},
        "cut": ratio(max(count["cut"] - int(((share > 1.15) & (share < 1.62)).sum()), 0), people),
        "strip_sides": np.round(np.quantile(np.array(sitting), (0.05, 0.5, 0.95), axis=0), 3).tolist()
        if sitting
        else [],
        "union": ratio(joint, neighbours),
        "background": ratio(int(empty.sum()), frames),
        "background_in_one_place": ratio(int(fixed.sum()), int(empty.sum())),
        "background_height": quantiles(plane.by_feet(boxes)[empty]),
        "other": ratio(count["other"], frames),
        "containing_another": ratio(_containing(boxes, video, frame), len(boxes)),
        "smallest_side": round(float(np.quantile((boxes[:, 2:] - boxes[:, :2]).min(axis=1), 0.01)), 2),
        "confidence": {name: certainty(confidence[(kind == name) & inner]) for name in KINDS},
        "confidence_whole_unhidden": certainty(confidence[free]),
        "confidence_whole_by_height": [
            {"from": a, "below": b, **certainty(confidence[upright & (tall >= a) & (tall < b)])}
            for a, b in pairwise(HEIGHTS)
        ],
        "confidence_whole_by_cover": [
            {"from": a, "below": b, **certainty(confidence[whole & (cover >= a) & (cover < b)])}
            for a, b in pairwise(COVER)
        ],
        "time": flicker(boxes[single], video[single], frame[single]),
    }


def _containing(boxes, video, frame):
    """How many boxes hold another one of their frame, to 95 %."""
    found = 0
    for rows in by_frame(video, frame):
        inside = covered(boxes[rows], boxes[rows])
        bigger = areas(boxes[rows])[None] > areas(boxes[rows])[:, None]
        found += int(((inside > 0.95) & bigger).any(axis=0).sum())
    return found
