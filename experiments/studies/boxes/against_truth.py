"""What a detector did with objects whose boxes are known: found, missed, shortened, joined, doubled, invented."""

from collections import defaultdict
from itertools import pairwise

import numpy as np
from scipy.optimize import nnls

from experiments.studies.boxes.box_pairs import (
    binned,
    certainty,
    covered,
    matched,
    overlap,
    pairs,
    quantiles,
    ratio,
    spread,
)

KINDS = ("whole", "cut", "torso", "union", "duplicate", "strip", "background", "other")
HEIGHTS = (8, 12, 16, 20, 24, 32, 48, 96, 400)
CONTRASTS = (0, 15, 25, 35, 45, 55, 75, 300)
HIDDEN = (0.0, 0.02, 0.1, 0.2, 0.3, 0.5, 1.0)
GAP = 0.15
_CUT, _TORSO = 0.1, 0.35  # missing share of the height


def sort_boxes(found, truth):
    """Kind of each found box, and the object it belongs to (-1: none, or two).

    A box around two neighbours counts as `union` where it fits both together better than either, to 0.7 of overlap, and
    neither alone fills the joint box to 0.8 (then nobody could tell). Of the others each object takes the box that
    overlaps it most, at least half: `whole`, or `cut` or `torso` where the lower part is missing.
    """
    kind, owner = np.full(len(found), "other", object), np.full(len(found), -1)
    if len(found) == 0:
        return kind, owner, np.zeros((0, 2), int)
    first, second, around = pairs(truth, GAP)
    joint = np.full((len(found), 2), -1)
    if len(around):
        fit = overlap(found, around)
        fit[:, (overlap(around, truth) > 0.8).any(axis=1)] = 0
        best = fit.argmax(axis=1)
        union = (fit.max(axis=1) >= 0.7) & (fit.max(axis=1) > overlap(found, truth).max(axis=1))
        kind[union] = "union"
        joint[union] = np.stack([first[best], second[best]], axis=1)[union]
    left = np.flatnonzero(kind == "other")
    owner[left] = matched(found[left], truth)
    for i in left:
        kind[i] = _single(found[i], truth[owner[i]]) if owner[i] >= 0 else _spare(found[i : i + 1], truth)
    return kind, owner, joint


def residuals(found, truth):
    """Each side's distance from the truth, as a share of the width or height, (n, 4)."""
    size = truth[:, 2:] - truth[:, :2]
    return (found - truth) / np.tile(size, (1, 2))


def _single(box, truth):
    _, top, _, bottom = residuals(box[None], truth[None])[0]
    if abs(top) > _CUT or bottom > -_CUT:
        return "whole"
    return "torso" if bottom <= -_TORSO else "cut"


def _spare(box, truth):
    """A box that no object claims."""
    if len(truth) == 0 or covered(box, truth).max() < 0.1:
        return "background"
    if overlap(box, truth).max() >= 0.5:
        return "duplicate"
    nearest = truth[covered(box, truth).argmax()]
    left, top, right, bottom = residuals(box, nearest[None])[0]
    beside = max(abs(left), abs(right)) <= 0.4
    if beside and top >= 0.65 and abs(bottom) <= 0.12:
        return "strip"
    if beside and abs(top) <= 0.15 and bottom <= -_TORSO:
        return "torso"
    return "other"


class Comparison:
    """Gathers frames; `summary` gives the rates.

    Args:
        small_side: height below which the rate of misses is taken to rise.
        faint: contrast below which it is taken to rise.
    """

    def __init__(self, small_side=24.0, faint=70.0):
        self.small_side, self.faint, self.frames = small_side, faint, 0
        self.height, self.hidden, self.contrast, self.hit = [], [], [], []
        self.shift, self.bottoms = [], []
        self.confidence = defaultdict(list)
        self.sizes, self.clear = [], []
        self.neighbours = self.replaced = 0

    def add(self, found, confidence, truth, hidden, counted=None, contrast=None):
        """One frame.

        Args:
            found: boxes of the detector.
            confidence: theirs.
            truth: exact boxes of all objects.
            hidden: the share of each exact box that other objects fill.
            counted: which objects the rates are about; the others only explain boxes.
            contrast: how much each object stands out, where the truth says so.
        """
        counted = np.ones(len(truth), bool) if counted is None else counted
        kind, owner, joint = sort_boxes(found, truth)
        single = np.isin(np.arange(len(truth)), owner[np.isin(kind, ("whole", "cut", "torso"))])
        hit = single | np.isin(np.arange(len(truth)), joint)
        tall = truth[:, 3] - truth[:, 1]
        self.frames += 1
        self.height += tall[counted].tolist()
        self.hidden += hidden[counted].tolist()
        self.contrast += (np.full(len(truth), np.inf) if contrast is None else contrast)[counted].tolist()
        self.hit += hit[counted].tolist()
        first, second, _ = pairs(truth, GAP)
        self.neighbours += int((counted[first] & counted[second]).sum())
        nearest = np.where(owner < 0, covered(found, truth).argmax(axis=1), owner) if len(truth) else owner
        for name, value, a, near in zip(kind, confidence, joint, nearest, strict=True):
            if name in ("background", "other") or (counted[a].all() if name == "union" else counted[near]):
                self.confidence[name].append(float(value))
                self.replaced += bool(name == "union" and not single[a].any())
        own = np.flatnonzero(owner >= 0)
        own = own[counted[owner[own]] & (hidden[owner[own]] < 0.02) & (tall[owner[own]] >= 20)]
        shift = residuals(found[own], truth[owner[own]])
        self.bottoms += shift[:, 3].tolist()
        self.shift.append(shift[kind[own] == "whole"])
        clear = np.flatnonzero((kind == "whole") & (owner >= 0))
        clear = clear[counted[owner[clear]] & (hidden[owner[clear]] < 0.02)]
        self.clear += zip(tall[owner[clear]].tolist(), np.asarray(confidence)[clear].tolist(), strict=True)
        empty = found[kind == "background"]
        if len(truth):
            self.sizes += ((empty[:, 3] - empty[:, 1]) / np.median(tall)).tolist()

    def summary(self):
        height, hidden, hit = np.array(self.height), np.array(self.hidden), np.array(self.hit, bool)
        contrast = np.array(self.contrast)
        count = {kind: len(self.confidence[kind]) for kind in KINDS}
        found = int(hit.sum())
        shift, bottoms = np.concatenate(self.shift), np.array(self.bottoms)
        small = np.clip(1 - height / self.small_side, 0, 1)
        faint = np.clip(1 - contrast / self.faint, 0, 1) ** 2
        fit, _ = nnls(np.stack([np.ones(len(hit)), small, hidden, faint], axis=1), (~hit).astype(float))
        free = hidden < 0.02
        cut, longer = ((bottoms <= -_CUT) & (bottoms > -_TORSO)).sum(), ((bottoms >= _CUT) & (bottoms < _TORSO)).sum()
        return {
            "frames": self.frames,
            "objects": len(hit),
            "recall": ratio(found, len(hit)),
            "recall_by_height_unhidden": binned(height[free], hit[free], HEIGHTS),
            "recall_by_hidden_share_24px": binned(hidden[height >= 24], hit[height >= 24], HIDDEN),
            "recall_by_contrast_unhidden": binned(
                contrast[free & (height >= 24)], hit[free & (height >= 24)], CONTRASTS
            ),
            "miss_fit": dict(
                zip(("miss", "miss_small", "miss_hidden", "miss_faint"), fit.round(3).tolist(), strict=True)
            ),
            "jitter": dict(
                zip(("left", "top", "right", "bottom"), spread(shift).round(4).tolist(), strict=True), count=len(shift)
            ),
            "bias": np.median(shift, axis=0).round(4).tolist(),
            # a shift of the lower side goes both ways, a lost lower part only up: the difference is the loss
            "cut": ratio(max(int(cut) - int(longer), 0), len(bottoms)),
            "torso": ratio(count["torso"], found),
            "strip": ratio(count["strip"], found),
            "duplicate": ratio(count["duplicate"], found),
            "union": ratio(count["union"], self.neighbours),
            "union_only": ratio(self.replaced, count["union"]),
            "background": ratio(count["background"], self.frames),
            "other": ratio(count["other"], self.frames),
            "background_height": quantiles(self.sizes),
            **self._by_height(),
            "confidence": {kind: certainty(self.confidence[kind]) for kind in KINDS},
            "boxes_above_0.5": ratio(sum(v > 0.5 for k in KINDS for v in self.confidence[k]), self.frames),
        }

    def _by_height(self):
        """Confidence of whole boxes of unhidden people, and the logit that an object of no size loses."""
        tall, value = np.array(self.clear).reshape(-1, 2).T
        value = np.clip(value, 0.01, 0.999)
        small = np.clip(1 - tall / self.small_side, 0, 1)
        line = np.linalg.lstsq(np.stack([np.ones(len(tall)), -small], axis=1), np.log(value / (1 - value)), rcond=None)[
            0
        ]
        return {
            "confidence_by_height_unhidden": [
                {"from": a, "below": b, **certainty(value[(tall >= a) & (tall < b)])} for a, b in pairwise(HEIGHTS)
            ],
            "confidence_small": round(float(line[1]), 3),
        }
