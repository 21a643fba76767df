"""Abnormal regions as boxes, frame by frame, joined into tracks: the ground truth of RBDC and TBDC."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from syrfa.errors import LabelError

MIN_AREA = 10
"""Pixels below which a connected component is a speck of the annotation and no region."""

DERIVED = (
    f"derived, not published: connected components (8 neighbours, at least {MIN_AREA} pixels) of the pixel masks, "
    "joined from each frame to the next by the pixels they share, most first, one to one"
)
FROM_IDS = f"object ids of the release: the box of an abnormal object's pixels, at least {MIN_AREA}; tracks as released"

_TOUCHING = np.ones((3, 3), bool)


@dataclass(frozen=True)
class Regions:
    """The abnormal regions of one video, one row a region, ordered by frame.

    Attributes:
        frame: int64 (n,), counted from 0.
        xyxy: float64 (n, 4), the first and the last column and row of its pixels, both included: a region of one
            pixel has x1 = x2.
        track: int64 (n,), regions of one number are one track; 0 to the number of tracks - 1.
        size: height and width of the masks in pixels; None where no mask was looked at.
    """

    frame: NDArray[np.int64]
    xyxy: NDArray[np.float64]
    track: NDArray[np.int64]
    size: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        count = len(self.frame)
        shapes = (self.frame.shape, self.xyxy.shape, self.track.shape)
        if shapes != ((count,), (count, 4), (count,)):
            raise LabelError(f"regions: frame, xyxy and track have shapes {shapes}; expected (n,), (n, 4) and (n,)")
        if not np.array_equal(np.unique(self.track), np.arange(self.tracks)):
            raise LabelError("regions: tracks must be numbered from 0, and every number must have a region")

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def tracks(self) -> int:
        """How many tracks there are."""
        return int(self.track.max()) + 1 if len(self.track) else 0

    @classmethod
    def of(cls, rows: list[tuple[int, int, tuple[int, int, int, int]]], size: tuple[int, int] | None) -> "Regions":
        """From (frame, track, box) in any order; tracks are numbered anew, in the order of their first region."""
        rows = sorted(rows)
        numbers: dict[int, int] = {}
        track = [numbers.setdefault(row[1], len(numbers)) for row in rows]
        boxes = np.array([row[2] for row in rows], np.float64).reshape(-1, 4)
        return cls(np.array([row[0] for row in rows], np.int64), boxes, np.array(track, np.int64), size)


NOTHING = Regions.of([], None)
"""The regions of a normal video."""


def box_of(mask: NDArray[np.bool_]) -> tuple[int, int, int, int] | None:
    """First column, first row, last column, last row of the true pixels, all included; None where there is none."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1])


def regions_of_masks(masks: Iterable[NDArray[np.bool_] | None], min_area: int = MIN_AREA) -> Regions:
    """The connected components of a video's masks, joined into tracks.

    Two components of consecutive frames belong to one track where they share pixels; of several such pairs the one
    that shares most is joined first, and each component is joined once to either side.

    Args:
        masks: bool (height, width), one a frame, None for a frame without a region; one is held at a time.
        min_area: in pixels; smaller components are left out.

    Raises:
        LabelError: masks differ in size.
    """
    rows: list[tuple[int, int, tuple[int, int, int, int]]] = []
    before, tracks_before = _NONE, np.zeros(0, np.int64)
    count, size = 0, None
    for frame, mask in enumerate(masks):
        if mask is not None:
            size = size or (int(mask.shape[0]), int(mask.shape[1]))
            if mask.shape != size:
                raise LabelError(f"the mask of frame {frame} is {mask.shape}, the first one {size} (height, width)")
        found = _NONE if mask is None else _Components.of(mask, min_area)
        tracks = np.full(len(found.boxes), -1, np.int64)
        for own, previous in _pairs(found, before):
            tracks[own] = tracks_before[previous]
        fresh = np.flatnonzero(tracks < 0)
        tracks[fresh] = count + np.arange(len(fresh))
        count += len(fresh)
        rows += [(frame, int(track), box) for track, box in zip(tracks, found.boxes, strict=True)]
        before, tracks_before = found, tracks
    return Regions.of(rows, size)


@dataclass(frozen=True)
class _Components:
    """Components of one mask: `labels` (h, w), 0 = none, is cut out of the mask at row `top`, column `left`."""

    top: int
    left: int
    labels: NDArray[np.int32]
    boxes: list[tuple[int, int, int, int]]

    @classmethod
    def of(cls, mask: NDArray[np.bool_], min_area: int) -> "_Components":
        around = box_of(mask)
        if around is None:
            return _NONE
        left, top, right, bottom = around
        labels, _ = ndimage.label(mask[top : bottom + 1, left : right + 1], _TOUCHING)
        areas = np.bincount(labels.ravel())
        kept = np.flatnonzero(areas[1:] >= min_area) + 1
        new = np.zeros(len(areas), np.int32)
        new[kept] = np.arange(1, len(kept) + 1)
        places = ndimage.find_objects(labels)
        spans = [places[number - 1] for number in kept]
        boxes = [(left + c.start, top + r.start, left + c.stop - 1, top + r.stop - 1) for r, c in spans]
        return cls(top, left, new[labels], boxes)


_NONE = _Components(0, 0, np.zeros((0, 0), np.int32), [])


def _pairs(now: _Components, before: _Components) -> list[tuple[int, int]]:
    """Which component of `now` goes on which of `before`: by shared pixels, most first, each once."""
    top, left = max(now.top, before.top), max(now.left, before.left)
    ours, theirs = (part.labels[top - part.top :, left - part.left :] for part in (now, before))
    height, width = (min(ends) for ends in zip(ours.shape, theirs.shape, strict=True))
    ours, theirs = ours[:height, :width], theirs[:height, :width]
    shared = (ours > 0) & (theirs > 0)
    pairs, pixels = np.unique(np.stack([ours[shared], theirs[shared]], axis=1), axis=0, return_counts=True)
    joined: dict[int, int] = {}
    for own, previous in pairs[np.argsort(-pixels, kind="stable")] - 1:
        if own not in joined and previous not in joined.values():
            joined[int(own)] = int(previous)
    return list(joined.items())
