"""A domain probe: how well a small classifier tells two sets of tubes apart on videos it has not seen.

Tubes of one video resemble one another, so a video is never in training and test of the same fold. Scores of
different folds come from different classifiers, so only tubes of the same fold are compared; the AUROC is the share of
(generated, real) pairs of a fold that are in the right order.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Inputs = NDArray[Any]
Labels = NDArray[np.int64]
Scorer = Callable[[Inputs, Labels, Inputs, int], NDArray[np.float64]]
"""(inputs and labels to learn from, inputs to score, seed) -> score of label 1, (n,)."""

_RESAMPLES = 1000
_LEAST = 2  # videos a side: one to learn from, one to be tested on


@dataclass(frozen=True)
class ProbeResult:
    """What a probe found.

    Attributes:
        auroc: in [0, 1], 0.5 = cannot tell; None when it could not be measured.
        low: lower end of the 95 % interval of a bootstrap over videos, with the trained classifiers held fixed.
        high: upper end.
        videos: of each side, the one of label 0 first.
        folds: of each split.
        splits: into folds, each drawn anew.
        reason: why there is no number.
    """

    auroc: float | None
    low: float | None
    high: float | None
    videos: tuple[int, int]
    folds: int
    splits: int
    reason: str | None = None


def grouped_folds(labels: Labels, groups: Labels, folds: int, rng: np.random.Generator) -> Labels:
    """The fold of every sample, (n,): groups are whole, and those of each label are dealt out evenly.

    Args:
        labels: (n,), 0 or 1, the same throughout a group.
        groups: (n,).
        folds: how many.
        rng: of the deal.
    """
    fold = np.zeros(len(labels), np.int64)
    for label in (0, 1):
        members = rng.permutation(np.unique(groups[labels == label]))
        for place, group in enumerate(members):
            fold[groups == group] = place % folds
    return fold


def probe_domains(
    real: Inputs,
    real_video: Labels,
    generated: Inputs,
    generated_video: Labels,
    scorer: Scorer,
    folds: int,
    splits: int,
    seed: int,
) -> ProbeResult:
    """Tells generated (1) from real (0) inputs.

    Args:
        real: (n, ...).
        real_video: (n,).
        generated: (m, ...).
        generated_video: (m,).
        scorer: the classifier.
        folds: at least 2; fewer are used where a side has fewer videos.
        splits: how often the videos are dealt into folds.
        seed: of everything.
    """
    inputs = np.concatenate([real, generated])
    _, real_group = np.unique(real_video, return_inverse=True)
    _, generated_group = np.unique(generated_video, return_inverse=True)
    sizes = (int(real_group.max()) + 1, int(generated_group.max()) + 1)
    groups = np.concatenate([real_group, sizes[0] + generated_group])
    side = (np.arange(sum(sizes)) >= sizes[0]).astype(np.int64)
    used = min(folds, *sizes)
    if used < _LEAST:
        return _nothing(sizes, used, splits, "a side has one video; a probe is tested on videos it has not seen")
    strata = [np.flatnonzero(side == label) for label in (0, 1)]
    return _measure(inputs, groups, [side] * splits, strata, scorer, used, seed)


def probe_halves(inputs: Inputs, video: Labels, scorer: Scorer, folds: int, splits: int, seed: int) -> ProbeResult:
    """Tells one half of the videos of a set from the other: what the procedure gives where there is no difference.

    Arguments as in `probe_domains`; every split halves the videos anew.
    """
    names, groups = np.unique(video, return_inverse=True)
    sizes = (len(names) - len(names) // 2, len(names) // 2)
    used = min(folds, sizes[1])
    if used < _LEAST:
        return _nothing(sizes, used, splits, f"{len(names)} videos; two halves of two videos each need 4")
    rng = np.random.default_rng([seed, 1])
    sides = [rng.permutation(np.arange(len(names)) % 2) for _ in range(splits)]
    return _measure(inputs, groups, sides, [np.arange(len(names))], scorer, used, seed)


def _measure(
    inputs: Inputs, groups: Labels, sides: list[Labels], strata: list[Labels], scorer: Scorer, folds: int, seed: int
) -> ProbeResult:
    """`sides` is the label of every group, for each split; the bootstrap draws within each of `strata`."""
    count = len(sides[0])
    wins, pairs = np.zeros((count, count)), np.zeros((count, count))
    for split, side in enumerate(sides):
        labels = side[groups]
        fold = grouped_folds(labels, groups, folds, np.random.default_rng([seed, 2, split]))
        for number in range(folds):
            test = fold == number
            scores = scorer(inputs[~test], labels[~test], inputs[test], hash_seed(seed, 4, split, number))
            won, compared = _compare(scores, labels[test], groups[test], count)
            wins += won
            pairs += compared
    rng = np.random.default_rng([seed, 3])
    drawn = np.zeros((_RESAMPLES, count))
    for members in strata:
        drawn[:, members] = rng.multinomial(len(members), np.full(len(members), 1 / len(members)), _RESAMPLES)
    won, compared = (np.einsum("ra,ab,rb->r", drawn, table, drawn, optimize=True) for table in (wins, pairs))
    low, high = np.quantile(won[compared > 0] / compared[compared > 0], [0.025, 0.975])
    sizes = (int((sides[0] == 0).sum()), int((sides[0] == 1).sum()))
    return ProbeResult(float(wins.sum() / pairs.sum()), float(low), float(high), sizes, folds, len(sides))


def _compare(
    scores: NDArray[np.float64], labels: Labels, groups: Labels, count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pairs in the right order, and pairs, by the groups of the sample of label 1 and of label 0; (count, count)."""
    above, below = scores[labels == 1], scores[labels == 0]
    order = (above[:, None] > below) + 0.5 * (above[:, None] == below)
    first, second = (np.eye(count)[groups[labels == label]] for label in (1, 0))
    return first.T @ order @ second, np.outer(first.sum(axis=0), second.sum(axis=0))


def hash_seed(*numbers: int) -> int:
    """One seed of several numbers, in [0, 2^32)."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def _nothing(videos: tuple[int, int], folds: int, splits: int, reason: str) -> ProbeResult:
    return ProbeResult(None, None, None, videos, folds, splits, reason)
