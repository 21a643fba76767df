"""Frame-level metrics of a set of videos: micro and macro AUROC, AUPRC, max F1, EER (docs/evaluation.md).

Scores may be any finite numbers: only their order counts. They are ranked into [0, 1] first, because torchmetrics takes
a sigmoid of anything outside, which makes distinct large scores equal.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torchmetrics.functional.classification import binary_auroc, binary_average_precision, binary_precision_recall_curve

from syrfa.errors import LabelError

Scores = Sequence[NDArray[np.floating[Any]]]
Labels = Sequence[NDArray[Any]]


class MetricValue(NamedTuple):
    """One metric of one split: fractions in [0, 1], a bootstrap interval, what scores that know nothing reach.

    Attributes:
        value: None when it is undefined, and then `reason` says why.

    Example:
        >>> MetricValue(0.9, chance=0.5).to_json()
        {'value': 0.9, 'ci_low': None, 'ci_high': None, 'chance': 0.5}
    """

    value: float | None
    ci_low: float | None = None
    ci_high: float | None = None
    chance: float | None = None
    reason: str | None = None

    @classmethod
    def undefined(cls, reason: str) -> "MetricValue":
        """A metric that these labels do not define."""
        return cls(None, reason=reason)

    def to_json(self) -> dict[str, Any]:
        """JSON for a result.json."""
        if self.value is None:
            return {"value": None, "reason": self.reason}
        return {"value": self.value, "ci_low": self.ci_low, "ci_high": self.ci_high, "chance": self.chance}


Measure = Callable[[Scores, Labels], MetricValue]


def _where_defined(measure: Measure) -> Measure:
    @wraps(measure)
    def checked(scores: Scores, labels: Labels) -> MetricValue:
        reason = check(scores, labels)
        return MetricValue.undefined(reason) if reason else measure(scores, labels)

    return checked


@_where_defined
def micro_auroc(scores: Scores, labels: Labels) -> MetricValue:
    """Area under the ROC curve of all frames together (the paper's metric); ties count one half; chance 0.5.

    Args:
        scores: (frames,) a video, finite.
        labels: (frames,) a video, 0 or 1.

    Returns:
        the value; undefined without videos or with one class alone.

    Raises:
        LabelError: labels do not fit the scores, or are neither 0 nor 1.
        ValueError: a score is not finite.

    Example:
        >>> micro_auroc([np.array([0.1, 0.7]), np.array([0.4, 0.9])], [np.array([0, 1]), np.array([0, 1])]).value
        1.0
    """
    return MetricValue(float(binary_auroc(*_pooled(scores, labels))), chance=0.5)


@_where_defined
def auprc(scores: Scores, labels: Labels) -> MetricValue:
    """Average precision of all frames; arguments, errors as `micro_auroc`; chance = share of abnormal frames."""
    ranks, truth = _pooled(scores, labels)
    return MetricValue(float(binary_average_precision(ranks, truth)), chance=float(truth.double().mean()))


@_where_defined
def max_f1(scores: Scores, labels: Labels) -> MetricValue:
    """The largest F1 over all thresholds; arguments, errors as `micro_auroc`.

    Chance is the F1 of calling every frame abnormal, 2p / (1 + p) for a share p of abnormal frames.
    """
    ranks, truth = _pooled(scores, labels)
    precision, recall, _ = binary_precision_recall_curve(ranks, truth)
    # both are 0 only where nothing is found; F1 is 0 there
    best = (2 * precision * recall / (precision + recall).clamp_min(1e-12)).max()
    rate = float(truth.double().mean())
    return MetricValue(float(best), chance=2 * rate / (1 + rate))


@_where_defined
def eer(scores: Scores, labels: Labels) -> MetricValue:
    """Equal error rate: where the share of normal frames called abnormal equals that of abnormal frames missed.

    Between two thresholds the ROC curve is a straight line. Smaller is better; chance 0.5; arguments as `micro_auroc`.
    """
    truth = np.concatenate(list(labels)).astype(np.float64)
    flat = np.concatenate(list(scores))
    order = np.argsort(-flat, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(flat[order]) != 0, True))
    true = np.cumsum(truth[order])[ends]
    return MetricValue(float(crossing(true[None], (ends + 1 - true)[None])[0]), chance=0.5)


def crossing(true: NDArray[np.float64], false: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rate at which false alarms and misses are equal, float64 (draws,), in [0, 1].

    `true` and `false`, float64 (draws, k), count abnormal and normal frames at or above each falling threshold.
    """
    alarms = np.pad(false / false[:, -1:], ((0, 0), (1, 0)))
    excess = alarms - 1 + np.pad(true / true[:, -1:], ((0, 0), (1, 0)))  # alarms less misses: rises from -1 to 1
    rows, after = np.arange(len(true)), np.argmax(excess >= 0, axis=1)
    low, high = excess[rows, after - 1], excess[rows, after]
    start, stop = alarms[rows, after - 1], alarms[rows, after]
    return np.asarray(start + (stop - start) * low / (low - high))


@_where_defined
def macro_auroc(scores: Scores, labels: Labels) -> MetricValue:
    """Mean over videos of `padded_auroc`; arguments, errors as `micro_auroc`.

    Chance is the mean of (PN / 2 + P + N + 1) / ((P + 1)(N + 1)) for P abnormal and N normal frames.
    """
    positives = np.array([np.count_nonzero(video) for video in labels], np.float64)
    negatives = np.array([len(video) for video in labels]) - positives
    chance = (positives * negatives / 2 + positives + negatives + 1) / ((positives + 1) * (negatives + 1))
    return MetricValue(float(padded_auroc(scores, labels).mean()), chance=float(chance.mean()))


def padded_auroc(scores: Scores, labels: Labels) -> NDArray[np.float64]:
    """The AUROC of each video with one (label 0, lowest) and one (label 1, highest) frame added, float64 (videos,).

    Lowest is 0 and highest is 1, as published, or the smallest and largest score of all videos where they lie outside.
    """
    low = min(0.0, *(float(video.min()) for video in scores))
    high = max(1.0, *(float(video.max()) for video in scores))
    return np.array(
        [
            float(binary_auroc(rank(np.concatenate([video, [low, high]])), _truth(np.concatenate([truth, [0, 1]]))))
            for video, truth in zip(scores, labels, strict=True)
        ]
    )


METRICS = {"micro_auroc": micro_auroc, "macro_auroc": macro_auroc, "auprc": auprc, "max_f1": max_f1, "eer": eer}


def check(scores: Scores, labels: Labels) -> str | None:
    """Why no metric is defined, or None; LabelError or ValueError for what cannot be measured."""
    if len(scores) != len(labels):
        raise LabelError(f"{len(scores)} videos have scores and {len(labels)} have labels; give both for every video")
    for index, (video, truth) in enumerate(zip(scores, labels, strict=True)):
        if video.ndim != 1 or video.shape != truth.shape or not len(video):
            raise LabelError(f"video {index}: scores {video.shape} and labels {truth.shape}; both must be (frames,)")
        if not np.isfinite(video).all():
            raise ValueError(f"video {index}: {np.count_nonzero(~np.isfinite(video))} scores are not finite")
        if not np.isin(truth, (0, 1)).all():
            raise LabelError(f"video {index}: frame labels other than 0 and 1; 1 is abnormal")
    if not len(scores):
        return "there are no videos"
    abnormal = sum(np.count_nonzero(truth) for truth in labels)
    if abnormal == 0:
        return "every frame is labelled normal"
    return "every frame is labelled abnormal" if abnormal == sum(map(len, labels)) else None


def rank(scores: NDArray[np.floating[Any]]) -> torch.Tensor:
    """The scores' dense ranks scaled into [0, 1], float64 (n,): same order, same ties."""
    distinct, position = np.unique(scores, return_inverse=True)
    return torch.from_numpy(position.reshape(-1) / max(len(distinct) - 1, 1))


def _truth(labels: NDArray[Any]) -> torch.Tensor:
    return torch.from_numpy(np.asarray(labels).astype(np.int64))


def _pooled(scores: Scores, labels: Labels) -> tuple[torch.Tensor, torch.Tensor]:
    """Ranks and labels of the frames of all videos."""
    return rank(np.concatenate(list(scores))), _truth(np.concatenate(list(labels)))
