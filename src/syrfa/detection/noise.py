"""Boxes as a detector would give them, out of exact object masks.

A classifier trained on perfect boxes fails on real ones: it has never seen a rider and the bicycle in one box, a
torso without legs, or a box around nothing. `BoxNoise` puts those into the synthetic source, as detectors do.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from syrfa.detection.base import Detections
from syrfa.errors import ConfigError, DetectionError

Boxes = NDArray[np.float64]

_PROBABILITIES = ("miss", "miss_small", "miss_hidden", "duplicate", "union", "torso", "cut", "strip")


@dataclass(frozen=True)
class BoxNoise:
    """How far boxes stray from the objects.

    Attributes:
        jitter: standard deviation of each side's shift, as a share of the box's width or height.
        miss: probability that an ordinary object gets no box.
        miss_small: added to `miss` for an object of no size; falls to 0 at `small_side`.
        miss_hidden: added to `miss` where other objects fill the whole box; proportional to the share they fill.
        small_side: height in pixels from which an object is no longer small.
        duplicate: probability of a second, more shifted box on an object.
        union: probability that two neighbours get a joint box beside their own.
        union_only: probability that a joint box replaces the two boxes.
        neighbour_gap: widest gap between neighbours, as a share of the smaller one's width.
        torso: probability that the box ends at the hips (the upper 45 to 65 %).
        cut: probability that the box lacks its lower 10 to 35 %, as behind an occluder.
        strip: probability of an extra thin box at the feet.
        background: mean number of person-sized boxes without any object, a frame.
        min_pixels: an object with fewer visible pixels gets no box.
        min_side: a box with a shorter side below this, in pixels, is dropped.
    """

    jitter: float = 0.05
    miss: float = 0.02
    miss_small: float = 0.4
    miss_hidden: float = 0.6
    small_side: float = 24.0
    duplicate: float = 0.03
    union: float = 0.12
    union_only: float = 0.3
    neighbour_gap: float = 0.15
    torso: float = 0.04
    cut: float = 0.05
    strip: float = 0.01
    background: float = 0.05
    min_pixels: int = 12
    min_side: float = 4.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not np.isfinite(value) or value < 0:
                raise ConfigError(f"BoxNoise.{field.name} = {value}: must be a finite number of at least 0")
        for name in (*_PROBABILITIES, "union_only"):
            if getattr(self, name) > 1:
                raise ConfigError(f"BoxNoise.{name} = {getattr(self, name)}: a probability is at most 1")

    @classmethod
    def none(cls) -> "BoxNoise":
        """Exact boxes around every object of at least one pixel."""
        zero = dict.fromkeys((*_PROBABILITIES, "jitter", "background", "union_only"), 0.0)
        return cls(min_pixels=1, min_side=0.0, **zero)

    def apply(self, id_mask: NDArray[np.int32], rng: np.random.Generator) -> Detections:
        """Draws the boxes of one frame.

        Args:
            id_mask: (height, width), 0 = background, any other number one object.
            rng: the source of every draw; equal states give equal boxes.

        Returns:
            boxes inside the frame; confidence in (0, 1], lower for small, partial and empty boxes; class -1.

        Raises:
            DetectionError: the mask is not two-dimensional or holds a negative id.
        """
        height, width = _checked(id_mask).shape
        boxes, visible, hidden = object_boxes(id_mask)
        kept = (visible >= self.min_pixels) & ~self._missed(boxes, hidden, rng)
        boxes = boxes[kept]
        own, joint = self._joined(boxes, rng)
        whole = self._shifted(own, self.jitter, rng)
        whole, partial = self._shortened(whole, rng)
        extra = [
            self._shifted(joint, self.jitter, rng),
            self._shifted(own[rng.random(len(own)) < self.duplicate], 2 * self.jitter, rng),
            self._strips(own[rng.random(len(own)) < self.strip], rng),
            self._empty(id_mask, boxes, rng),
        ]
        ordinary = np.concatenate([whole, *extra[:2]])
        doubtful = np.concatenate([partial, *extra[2:]])
        drawn = np.concatenate([ordinary, doubtful])
        confidence = np.concatenate([self._confidence(ordinary, rng), rng.uniform(0.4, 0.9, len(doubtful))])
        return self._inside(drawn, confidence, height, width)

    def _missed(self, boxes: Boxes, hidden: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.bool_]:
        tall = boxes[:, 3] - boxes[:, 1]
        small = np.clip(1 - tall / self.small_side, 0, 1) if self.small_side > 0 else np.zeros(len(boxes))
        chance = self.miss + self.miss_small * small + self.miss_hidden * hidden
        return np.asarray(rng.random(len(boxes)) < chance)

    def _shifted(self, boxes: Boxes, sigma: float, rng: np.random.Generator) -> Boxes:
        size = boxes[:, 2:] - boxes[:, :2]
        return boxes + sigma * np.tile(size, (1, 2)) * rng.standard_normal(boxes.shape)

    def _joined(self, boxes: Boxes, rng: np.random.Generator) -> tuple[Boxes, Boxes]:
        """Boxes that stay on their own, and joint boxes of neighbours."""
        first, second = _neighbours(boxes, self.neighbour_gap)
        chosen = rng.random(len(first)) < self.union
        first, second = first[chosen], second[chosen]
        replaced = rng.random(len(first)) < self.union_only
        joint = np.concatenate(
            [np.minimum(boxes[first, :2], boxes[second, :2]), np.maximum(boxes[first, 2:], boxes[second, 2:])], axis=1
        )
        alone = np.ones(len(boxes), bool)
        alone[first[replaced]] = alone[second[replaced]] = False
        return boxes[alone], joint

    def _shortened(self, boxes: Boxes, rng: np.random.Generator) -> tuple[Boxes, Boxes]:
        """Boxes left whole, and boxes that lost their lower part."""
        draw = rng.random(len(boxes))
        torso, cut = draw < self.torso, (draw >= self.torso) & (draw < self.torso + self.cut)
        share = np.where(torso, rng.uniform(0.45, 0.65, len(boxes)), rng.uniform(0.65, 0.9, len(boxes)))
        short = boxes.copy()
        short[:, 3] = boxes[:, 1] + share * (boxes[:, 3] - boxes[:, 1])
        return boxes[~(torso | cut)], short[torso | cut]

    def _strips(self, boxes: Boxes, rng: np.random.Generator) -> Boxes:
        """Thin boxes at the feet: 10 to 20 % of the height, 80 to 140 % of the width."""
        wide, tall = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
        centre = (boxes[:, 0] + boxes[:, 2]) / 2
        half = wide * rng.uniform(0.4, 0.7, len(boxes))
        top = boxes[:, 3] - tall * rng.uniform(0.1, 0.2, len(boxes))
        return np.stack([centre - half, top, centre + half, boxes[:, 3]], axis=1)

    def _empty(self, id_mask: NDArray[np.int32], boxes: Boxes, rng: np.random.Generator) -> Boxes:
        """Boxes of an object's size at places where nothing is; a place that is taken is given up after ten draws."""
        height, width = id_mask.shape
        found = []
        for _ in range(int(rng.poisson(self.background))):
            model = boxes[rng.integers(len(boxes))] if len(boxes) else np.array([0, 0, height / 16, height / 6])
            size = (model[2:] - model[:2]) * rng.uniform(0.8, 1.2)
            for _ in range(10):
                corner = rng.random(2) * np.maximum([width, height] - size, 0)
                left, top, right, bottom = (int(v) for v in (*corner, *(corner + size + 1)))
                if not id_mask[top:bottom, left:right].any():
                    found.append([*corner, *(corner + size)])
                    break
        return np.array(found, np.float64).reshape(-1, 4)

    def _confidence(self, boxes: Boxes, rng: np.random.Generator) -> NDArray[np.float64]:
        """Uniform from 0.45 (no size) or 0.85 (twice `small_side` or taller) to 1; 1 where nothing is noisy."""
        if self == BoxNoise.none():
            return np.ones(len(boxes))
        tall = boxes[:, 3] - boxes[:, 1]
        lowest = 0.45 + 0.4 * np.clip(tall / max(2 * self.small_side, 1.0), 0, 1)
        return np.asarray(rng.uniform(lowest, 0.999))

    def _inside(self, boxes: Boxes, confidence: NDArray[np.float64], height: int, width: int) -> Detections:
        limit = np.array([width, height, width, height], np.float64)
        clipped = np.clip(boxes, 0, limit).astype(np.float32)
        side = (clipped[:, 2:] - clipped[:, :2]).min(axis=1)
        kept = (side > 0) & (side >= self.min_side)
        return Detections(
            xyxy=clipped[kept],
            confidence=confidence[kept].astype(np.float32),
            class_id=np.full(int(kept.sum()), -1, np.int16),
        )


def object_boxes(id_mask: NDArray[np.int32]) -> tuple[Boxes, NDArray[np.int64], NDArray[np.float64]]:
    """The exact box of every object, in the order of the ids.

    Args:
        id_mask: (height, width), 0 = background.

    Returns:
        boxes (n, 4), right and bottom exclusive, in pixels; visible pixels (n,); the share of each box, in
        [0, 1), that other objects fill.
    """
    mask = id_mask
    if (
        mask.size and int(mask.max()) > np.iinfo(np.uint16).max
    ):  # find_objects makes one entry a number up to the largest
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


def _neighbours(boxes: Boxes, gap: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of boxes that overlap, or lie no farther apart than `gap` times the smaller width."""
    first, second = np.triu_indices(len(boxes), k=1)
    wide = boxes[:, 2] - boxes[:, 0]
    reach = gap * np.minimum(wide[first], wide[second])
    apart = np.maximum(boxes[first, :2] - boxes[second, 2:], boxes[second, :2] - boxes[first, 2:]).max(axis=1)
    near = apart <= reach if len(first) else np.zeros(0, bool)
    return first[near], second[near]


def _checked(id_mask: NDArray[np.int32]) -> NDArray[np.int32]:
    if id_mask.ndim != 2 or not np.issubdtype(id_mask.dtype, np.integer):
        raise DetectionError(f"an id mask is (height, width) of integers, got {id_mask.shape} of {id_mask.dtype}")
    if id_mask.size and int(id_mask.min()) < 0:
        raise DetectionError(f"an id mask holds the negative id {int(id_mask.min())}; 0 is the background")
    return id_mask
