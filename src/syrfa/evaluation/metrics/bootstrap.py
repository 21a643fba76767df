"""Percentile bootstrap over videos: how far a number would move with another draw of test videos.

Frames of one video are not independent, so whole videos are drawn. A draw of one class alone is skipped.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from syrfa.evaluation.metrics.frame_level import Labels, Scores, check, crossing, padded_auroc

_CHUNK = 1 << 20  # frames x draws held at once


Interval = tuple[float | None, float | None]
"""95 % of the bootstrap distribution; None when fewer than two draws, or fewer than two videos, were usable."""


def bootstrap_intervals(scores: Scores, labels: Labels, resamples: int = 1000, seed: int = 0) -> dict[str, Interval]:
    """Intervals of micro AUROC, macro AUROC, AUPRC, max F1 and EER by name, all from the same draws.

    Scores, labels and errors as `micro_auroc`.
    """
    names = ("micro_auroc", "auprc", "max_f1", "eer")
    if check(scores, labels) is not None:
        return dict.fromkeys((*names, "macro_auroc"), (None, None))
    counts = video_draws(len(scores), resamples, seed)
    usable = _both_classes(counts, labels)
    measured = dict(zip(names, weighted_metrics(scores, labels, counts[usable]).T, strict=True))
    measured["macro_auroc"] = counts[usable] @ padded_auroc(scores, labels) / len(scores)
    return {name: interval_of(values, len(scores)) for name, values in measured.items()}


def paired_bootstrap(
    scores_a: Scores, scores_b: Scores, labels: Labels, resamples: int = 1000, seed: int = 0
) -> tuple[float | None, Interval]:
    """Micro AUROC of a minus that of b, in [-1, 1], and its interval; each draw takes the same videos for both.

    None when the labels define none.
    """
    if check(scores_a, labels) or check(scores_b, labels):
        return None, (None, None)
    drawn = video_draws(len(labels), resamples, seed)
    once = np.ones((1, len(labels)), np.float64)
    counts = np.concatenate([once, drawn[_both_classes(drawn, labels)]])
    difference = weighted_metrics(scores_a, labels, counts)[:, 0] - weighted_metrics(scores_b, labels, counts)[:, 0]
    return float(difference[0]), interval_of(difference[1:], len(labels))


def weighted_metrics(scores: Scores, labels: Labels, counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Micro AUROC, AUPRC, max F1 and EER of every draw, float64 (draws, 4), in [0, 1].

    `counts`, float64 (draws, videos), is how often each video was drawn; both classes in every draw.
    """
    chunks = [_measure(true, false) for true, false in _curves(scores, labels, counts)]
    return np.concatenate(chunks) if chunks else np.zeros((0, 4))


def _curves(
    scores: Scores, labels: Labels, counts: NDArray[np.float64]
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Chunks of draws: true and false positives at every distinct threshold, descending, float64 (draws, k)."""
    flat = np.concatenate(list(scores))
    order = np.argsort(-flat, kind="stable")
    video = np.repeat(np.arange(len(scores)), [len(part) for part in scores])[order]
    truth = np.concatenate(list(labels))[order].astype(np.float64)
    ends = np.flatnonzero(np.append(np.diff(flat[order]) != 0, True))
    size = max(1, _CHUNK // len(flat))
    for first in range(0, len(counts), size):
        weight = counts[first : first + size, video]
        everything = np.cumsum(weight, axis=1)[:, ends]
        true = np.cumsum(weight * truth, axis=1)[:, ends]
        yield true, everything - true


def _measure(true: NDArray[np.float64], false: NDArray[np.float64]) -> NDArray[np.float64]:
    """Micro AUROC, AUPRC, max F1, EER from the counts at every threshold; float64 (draws, 4)."""
    positives, negatives = true[:, -1], false[:, -1]
    found = np.diff(true, axis=1, prepend=0.0)
    alarms = np.diff(false, axis=1, prepend=0.0)
    auroc = (alarms * (true - found / 2)).sum(axis=1) / (positives * negatives)
    called = true + false
    # a threshold above every drawn frame calls nothing and adds nothing
    precision = np.divide(true, called, out=np.zeros_like(true), where=called > 0)
    average_precision = (found * precision).sum(axis=1) / positives
    f1 = (2 * true / (called + positives[:, None])).max(axis=1)
    return np.stack([auroc, average_precision, f1, crossing(true, false)], axis=1)


def video_draws(videos: int, resamples: int, seed: int) -> NDArray[np.float64]:
    """How often each video is drawn; float64 (resamples, videos), rows summing to `videos`."""
    share = np.full(videos, 1 / videos)
    return np.random.default_rng(seed).multinomial(videos, share, size=resamples).astype(np.float64)


def _both_classes(counts: NDArray[np.float64], labels: Labels) -> NDArray[np.bool_]:
    abnormal = counts @ np.array([np.count_nonzero(truth) for truth in labels], np.float64)
    usable: NDArray[np.bool_] = (abnormal > 0) & (abnormal < counts @ np.array([len(truth) for truth in labels]))
    return usable


def interval_of(values: NDArray[np.float64], videos: int) -> Interval:
    """The interval of a number whose values in the usable draws of `videos` videos are float64 (usable draws,)."""
    if len(values) < 2 or videos < 2:  # one video drawn again and again has an interval of no width, which says nothing
        return None, None
    low, high = np.quantile(values, [(1 - 0.95) / 2, 1 - (1 - 0.95) / 2])
    return float(low), float(high)
