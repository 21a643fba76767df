"""Boxes as a detector would give them, out of exact object masks, as measured by experiments/studies/boxes."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from syrfa.detection.base import Detections
from syrfa.errors import ConfigError, DetectionError

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


Floats = NDArray[np.float64]
Kind = Literal["cut", "torso", "strip", "union", "duplicate", "background"]

_MISSES = ("miss", "miss_small", "miss_hidden", "miss_faint")
_PROBABILITIES = (*_MISSES, "duplicate", "union", "union_only", "torso", "cut", "strip")

# a strip's sides on the box of its person (0 = left and top, 1 = right and bottom): median and deviation, from
# published.strip_sides
_STRIP_MEDIAN = np.array([0.02, 0.88, 1.01, 1.01])
_STRIP_SPREAD = np.array([0.13, 0.033, 0.13, 0.025])
# sizes of empty boxes next to an object's: the 0.05 quantile of ped2.yolov8n_against_published.background_height, and
# the median of rendered.background_height (what is larger are walls and stalls, a matter of the rendered scenes)
_EMPTY_SIZE = (0.4, 2.2)

# an object fills this share of what its box covers of another's (noise.hidden_per_cover)
_FILLED = 0.53

# How certain YOLOv3 is of its boxes, from those published for Ped2's training clips (`published` of
# experiments/studies/boxes/results, rounded to two places). They end at a confidence of 0.3, and so do the tables.
LEVELS = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
"""The levels of the quantiles in every table."""

ODD: dict[Kind, tuple[float, ...]] = {
    "cut": (0.3, 0.47, 0.81, 0.93, 0.97, 0.99, 0.999),
    "torso": (0.3, 0.31, 0.45, 0.60, 0.78, 0.95, 0.999),
    "strip": (0.3, 0.31, 0.34, 0.39, 0.46, 0.59, 0.90),
    "union": (0.3, 0.31, 0.36, 0.52, 0.70, 0.87, 0.999),
    "duplicate": (0.3, 0.30, 0.32, 0.36, 0.41, 0.54, 0.90),
    "background": (0.3, 0.31, 0.35, 0.41, 0.49, 0.68, 0.95),
}
"""Quantiles of the boxes that fit no object, from `published.confidence`."""

COVERS = (0.0, 0.05, 0.15, 0.25, 0.4, 0.7)
"""The cover to which each row of `WHOLE` belongs: the middles of the measured ranges."""

WHOLE = (
    (0.3, 0.70, 0.92, 0.97, 0.986, 0.995, 0.999),
    (0.3, 0.46, 0.76, 0.90, 0.966, 0.989, 0.999),
    (0.3, 0.37, 0.66, 0.84, 0.94, 0.98, 0.999),
    (0.3, 0.36, 0.57, 0.77, 0.89, 0.97, 0.999),
    (0.3, 0.34, 0.48, 0.67, 0.82, 0.93, 0.99),
    (0.3, 0.32, 0.40, 0.55, 0.74, 0.91, 0.98),
)
"""Quantiles of the boxes that fit an object, by its cover, from `published.confidence_whole_by_cover`."""


@dataclass(frozen=True)
class BoxNoise:
    """How far boxes stray from the objects, in frames where a detector kept boxes of a confidence of 0.3 or more.

    A default is what `fit` of experiments/studies/boxes/results/box_noise.json holds under its name; `miss_small`,
    `union_only`, `neighbour_gap` and `min_pixels` are chosen, since no measurement says them.

    Attributes:
        jitter: standard deviation of the shift of the left and the right side, as a share of the box's width.
        jitter_height: the same of the upper and the lower side, as a share of the height.
        miss: probability that an ordinary object gets no box.
        miss_small: added to `miss` for an object of no size; falls to 0 at `small_side`.
        miss_hidden: added to `miss` where other objects fill the whole box; proportional to the share they fill.
        miss_faint: added to `miss` for an object that nothing tells from what is around it; falls as a parabola to 0
            at `faint`. Needs the picture.
        faint: contrast in grey levels (`masks.contrasts`) from which an object is no longer faint.
        small_side: height in pixels from which an object is no longer small.
        small_doubt: what the confidence of an object of no size loses, in units of the logit.
        duplicate: probability of a second, more shifted box on an object.
        union: probability that two neighbours get a joint box.
        union_only: probability that a joint box replaces the two boxes.
        neighbour_gap: widest gap between neighbours, as a share of the smaller one's width.
        torso: probability that the box ends at the hips, the upper 45 to 65 %.
        cut: probability that the box lacks its lower 10 to 35 %, as behind an occluder.
        strip: probability of an extra thin box at the feet.
        background: mean number of boxes without any object, a frame.
        min_pixels: an object with fewer visible pixels gets no box.
        min_side: a box with a shorter side below this, in pixels, is dropped.
    """

    jitter: float = 0.063
    jitter_height: float = 0.024
    miss: float = 0.02
    miss_small: float = 0.4
    miss_hidden: float = 0.68
    miss_faint: float = 0.92
    faint: float = 70.0
    small_side: float = 24.0
    small_doubt: float = 2.6
    duplicate: float = 0.007
    union: float = 0.11
    union_only: float = 0.3
    neighbour_gap: float = 0.15
    torso: float = 0.017
    cut: float = 0.005
    strip: float = 0.137
    background: float = 0.19
    min_pixels: int = 12
    min_side: float = 3.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not np.isfinite(value) or value < 0:
                raise ConfigError(f"BoxNoise.{name} = {value}: must be a finite number of at least 0")
            if name in _PROBABILITIES and value > 1:
                raise ConfigError(f"BoxNoise.{name} = {value}: a probability is at most 1")

    @classmethod
    def none(cls) -> "BoxNoise":
        """Exact boxes around every object of at least one pixel."""
        zero = dict.fromkeys((*_PROBABILITIES, "jitter", "jitter_height", "small_doubt", "background"), 0.0)
        return cls(min_pixels=1, min_side=0.0, **zero)

    def apply(
        self, id_mask: NDArray[np.int32], rng: np.random.Generator, picture: NDArray[np.uint8] | None = None
    ) -> Detections:
        """Draws the boxes of one frame.

        Args:
            id_mask: (height, width), 0 = background, any other number one object.
            rng: the source of every draw; equal states give equal boxes.
            picture: uint8 (height, width), grey; without it nobody is missed for being faint.

        Returns:
            boxes inside the frame; confidence in (0, 1], lower for small, covered, partial and empty boxes; class -1.

        Raises:
            DetectionError: the mask is not two-dimensional, not of integers, or holds a negative id.
        """
        if id_mask.ndim != 2 or id_mask.dtype.kind not in "iu" or id_mask.min(initial=0) < 0:
            raise DetectionError(
                f"an id mask is (height, width) of integers from 0 on, got {id_mask.shape} of {id_mask.dtype}"
            )
        height, width = id_mask.shape
        boxes, visible, hidden = object_boxes(id_mask)
        faint = np.zeros(len(boxes))
        if picture is not None and self.miss_faint and self.faint:
            faint = np.clip(1 - contrasts(picture, id_mask, boxes) / self.faint, 0, 1) ** 2
        chance = self.miss + self.miss_small * self._small(boxes) + self.miss_hidden * hidden + self.miss_faint * faint
        seen = (visible >= self.min_pixels) & ~(rng.random(len(boxes)) < chance)
        # the smaller of the two: a bicycle's box covers its rider, but hides little
        covered = np.minimum(cover(boxes), hidden / _FILLED)[seen]
        boxes = boxes[seen]
        alone, joint = self._joined(boxes, rng)
        own, covered = boxes[alone], covered[alone]
        bodies, torso, cut = self._shortened(self._shifted(own, 1, rng), rng)
        short = torso | cut
        odd: dict[Kind, Boxes] = {
            "torso": bodies[torso],
            "cut": bodies[cut],
            "union": self._shifted(joint, 1, rng),
            "duplicate": self._shifted(own[rng.random(len(own)) < self.duplicate], 2, rng),
            "strip": _strips(own[rng.random(len(own)) < self.strip], rng),
            "background": self._empty(id_mask, boxes, rng),
        }
        whole, doubt = covered[~short], self.small_doubt * self._small(own[~short])
        exact = self == BoxNoise.none()
        drawn = [
            (bodies[~short], np.ones(len(whole)) if exact else whole_confidences(whole, doubt, rng)),
            *((some, odd_confidences(kind, len(some), rng)) for kind, some in odd.items()),
        ]
        noisy, certainty = (np.concatenate(part) for part in zip(*drawn, strict=True))
        clipped = np.clip(noisy, 0, np.array([width, height, width, height], np.float64)).astype(np.float32)
        side = (clipped[:, 2:] - clipped[:, :2]).min(axis=1)
        found = Detections(clipped, certainty.astype(np.float32), np.full(len(clipped), -1, np.int16))
        return found.take((side > 0) & (side >= self.min_side))

    def _small(self, boxes: Boxes) -> Floats:
        """1 for a box of no height, 0 from `small_side` on."""
        if self.small_side == 0:
            return np.zeros(len(boxes))
        return np.asarray(np.clip(1 - (boxes[:, 3] - boxes[:, 1]) / self.small_side, 0, 1))

    def _shifted(self, boxes: Boxes, times: float, rng: np.random.Generator) -> Boxes:
        """Boxes with every side moved, `times` as far as usual."""
        size = np.tile(boxes[:, 2:] - boxes[:, :2], (1, 2))
        sigma = times * np.array([self.jitter, self.jitter_height] * 2)
        return boxes + sigma * size * rng.standard_normal(boxes.shape)

    def _joined(self, boxes: Boxes, rng: np.random.Generator) -> tuple[NDArray[np.bool_], Boxes]:
        """Which boxes stay on their own, and the joint boxes of neighbours."""
        first, second = neighbours(boxes, self.neighbour_gap)
        chosen = rng.random(len(first)) < self.union
        first, second = first[chosen], second[chosen]
        replaced = rng.random(len(first)) < self.union_only
        joint = np.concatenate(
            [np.minimum(boxes[first, :2], boxes[second, :2]), np.maximum(boxes[first, 2:], boxes[second, 2:])], axis=1
        )
        alone = np.ones(len(boxes), bool)
        alone[first[replaced]] = alone[second[replaced]] = False
        return alone, joint

    def _shortened(self, boxes: Boxes, rng: np.random.Generator) -> tuple[Boxes, NDArray[np.bool_], NDArray[np.bool_]]:
        """Boxes of which some lost their lower part, and which are now torsos and which cut."""
        draw = rng.random(len(boxes))
        torso, cut = draw < self.torso, (draw >= self.torso) & (draw < self.torso + self.cut)
        share = np.where(torso, rng.uniform(0.45, 0.65, len(boxes)), rng.uniform(0.65, 0.9, len(boxes)))
        short = boxes.copy()
        short[:, 3] = boxes[:, 1] + np.where(torso | cut, share, 1) * (boxes[:, 3] - boxes[:, 1])
        return short, torso, cut

    def _empty(self, id_mask: NDArray[np.int32], boxes: Boxes, rng: np.random.Generator) -> Boxes:
        """Boxes of an object's shape at places where nothing is; a place that is taken is given up after ten draws."""
        height, width = id_mask.shape
        found = []
        for _ in range(int(rng.poisson(self.background))):
            model = boxes[rng.integers(len(boxes))] if len(boxes) else np.array([0, 0, height / 16, height / 6])
            size = (model[2:] - model[:2]) * np.exp(rng.uniform(*np.log(_EMPTY_SIZE)))
            for _ in range(10):
                corner = rng.random(2) * np.maximum([width, height] - size, 0)
                left, top, right, bottom = (int(v) for v in (*corner, *(corner + size + 1)))
                if not id_mask[top:bottom, left:right].any():
                    found.append([*corner, *(corner + size)])
                    break
        return np.array(found, np.float64).reshape(-1, 4)


def _strips(boxes: Boxes, rng: np.random.Generator) -> Boxes:
    """Thin boxes at the feet of other boxes, an eighth of their height."""
    size = np.tile(boxes[:, 2:] - boxes[:, :2], (1, 2))
    place = _STRIP_MEDIAN + _STRIP_SPREAD * np.clip(rng.standard_normal(boxes.shape), -2, 2)
    return np.asarray(np.tile(boxes[:, :2], (1, 2)) + place * size)


def whole_confidences(cover: Floats, doubt: Floats, rng: np.random.Generator) -> Floats:
    """Confidences of boxes that fit an object, (n,), in (0, 1).

    Args:
        cover: (n,), the largest share of each box that one nearer to the camera covers, in [0, 1].
        doubt: (n,), what each loses for being small, in units of the logit, at least 0.
        rng: the source of the draws.
    """
    rows = np.stack([np.interp(cover, COVERS, column) for column in zip(*WHOLE, strict=True)], axis=1)
    drawn = _drawn(rows, rng)
    return np.asarray(1 / (1 + (1 - drawn) / drawn * np.exp(doubt)))


def odd_confidences(kind: Kind, count: int, rng: np.random.Generator) -> Floats:
    """Confidences of `count` boxes of one odd kind, (count,), in (0, 1)."""
    return _drawn(np.broadcast_to(np.array(ODD[kind]), (count, len(LEVELS))), rng)


def _drawn(rows: Floats, rng: np.random.Generator) -> Floats:
    """One number a row, from the distribution with the row's quantiles, straight lines between them."""
    if len(rows) == 0:  # most odd kinds in most frames
        return np.zeros(0)
    share = rng.random(len(rows))
    step = np.clip(np.searchsorted(LEVELS, share, side="right") - 1, 0, len(LEVELS) - 2)
    levels, index = np.array(LEVELS), np.arange(len(rows))
    part = (share - levels[step]) / (levels[step + 1] - levels[step])
    return np.asarray(rows[index, step] * (1 - part) + rows[index, step + 1] * part)
