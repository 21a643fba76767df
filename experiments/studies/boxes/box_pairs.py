"""How boxes lie to each other. Boxes are (n, 4): left, top, right, bottom in pixels."""

from itertools import pairwise

import numpy as np

from syrfa.detection.noise import neighbours


def areas(boxes):
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def common(a, b):
    """The area that each a shares with each b, (len(a), len(b))."""
    side = np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2])
    return np.clip(side, 0, None).prod(axis=2)


def covered(a, b):
    """The share of each a inside each b."""
    return common(a, b) / areas(a)[:, None]


def overlap(a, b):
    """Intersection over union."""
    shared = common(a, b)
    return shared / (areas(a)[:, None] + areas(b)[None] - shared)


def hulls(boxes, first, second):
    return np.concatenate(
        [np.minimum(boxes[first, :2], boxes[second, :2]), np.maximum(boxes[first, 2:], boxes[second, 2:])], axis=1
    )


def pairs(boxes, gap):
    """Neighbours as `BoxNoise` sees them, and the box around each two."""
    first, second = neighbours(boxes, gap)
    return first, second, hulls(boxes, first, second)


def matched(a, b, least=0.5):
    """For each a the b it belongs to, or -1: one to one, the largest overlaps first."""
    partner = np.full(len(a), -1)
    if len(a) == 0 or len(b) == 0:
        return partner
    table = overlap(a, b)
    while table.max() >= least:
        i, j = np.unravel_index(table.argmax(), table.shape)
        partner[i] = j
        table[i], table[:, j] = -1, -1
    return partner


def spread(values):
    """Standard deviation of the middle of a sample: 1.4826 times the median distance from the median."""
    return 1.4826 * np.median(np.abs(values - np.median(values, axis=0)), axis=0)


LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


def quantiles(values):
    """The sample's size and its quantiles at LEVELS."""
    values = np.asarray(values, float)
    if len(values) == 0:
        return {"count": 0}
    return {"count": len(values), "quantiles": [round(float(v), 3) for v in np.quantile(values, LEVELS)]}


def certainty(values):
    """The same of confidences, with the share above the threshold of the tubes."""
    row = quantiles(values)
    return {**row, "above_0.5": round(float((np.asarray(values) > 0.5).mean()), 3)} if row["count"] else row


def ratio(part, whole):
    """A rate with its two counts."""
    return {"rate": round(float(part) / float(whole), 4) if whole else None, "count": int(part), "of": int(whole)}


def binned(values, hit, edges):
    """The rate of `hit` within each bin of `values`."""
    rows = []
    for low, high in pairwise(edges):
        inside = (values >= low) & (values < high)
        rows.append({"from": low, "below": high, **ratio(hit[inside].sum(), inside.sum())})
    return rows
