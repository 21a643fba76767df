import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

from syrfa.evaluation.metrics.bootstrap import bootstrap_intervals, paired_bootstrap, weighted_metrics
from syrfa.evaluation.metrics.frame_level import eer


def videos(seed: int, count: int = 8, length: int = 30, ties: bool = False, signal: float = 1.0):
    generator = np.random.default_rng(seed)
    labels = [np.sort(generator.integers(0, 2, length)) for _ in range(count)]
    scores = [generator.normal(size=length) + signal * truth for truth in labels]
    return [np.round(s) if ties else s for s in scores], labels


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.booleans())
def test_a_draw_equals_scikit_learn_on_the_repeated_videos(seed, ties):
    scores, labels = videos(seed, count=4, length=12, ties=ties)
    drawn = np.random.default_rng(seed).integers(0, 4, (3, 4))
    counts = np.array([np.bincount(row, minlength=4) for row in drawn], np.float64)
    expected, usable = [], []
    for row in drawn:
        flat, truth = (np.concatenate([part[k] for k in row]) for part in (scores, labels))
        usable.append(0 < truth.sum() < len(truth))
        if usable[-1]:
            p, r, _ = precision_recall_curve(truth, flat)
            f1 = (2 * p * r / np.maximum(p + r, 1e-12)).max()
            areas = [roc_auc_score(truth, flat), average_precision_score(truth, flat)]
            expected.append([*areas, f1, eer([flat], [truth]).value])
    ours = weighted_metrics(scores, labels, counts[np.array(usable)])
    np.testing.assert_allclose(ours, np.array(expected).reshape(-1, 4), atol=1e-9)


def test_interval_equals_a_naive_bootstrap_of_another_seed():
    scores, labels = videos(0, signal=0.7)
    generator = np.random.default_rng(99)
    naive = []
    for _ in range(600):
        row = generator.integers(0, len(scores), len(scores))
        naive.append(roc_auc_score(*(np.concatenate([part[k] for k in row]) for part in (labels, scores))))
    interval = bootstrap_intervals(scores, labels, 2000)["micro_auroc"]
    np.testing.assert_allclose(interval, np.quantile(naive, [0.025, 0.975]), atol=0.015)


def test_the_seed_decides():
    scores, labels = videos(1)
    assert bootstrap_intervals(scores, labels, 200, 7) == bootstrap_intervals(scores, labels, 200, 7)
    assert bootstrap_intervals(scores, labels, 200, 7) != bootstrap_intervals(scores, labels, 200, 8)


def test_draws_of_one_class_are_skipped():
    labels = [np.ones(5, int), np.zeros(5, int), np.ones(5, int)]
    scores = [np.arange(5.0), np.arange(5.0) - 1, np.arange(5.0) + 1]
    assert None not in bootstrap_intervals(scores, labels, 3000)["micro_auroc"]


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_videos_have_no_interval(count):
    scores, labels = videos(0, count=count)
    assert all(interval == (None, None) for interval in bootstrap_intervals(scores, labels).values())


def test_paired_difference():
    better, labels = videos(0, signal=3.0)
    worse, _ = videos(0, signal=0.3)
    lead, (low, high) = paired_bootstrap(better, worse, labels)
    expected = roc_auc_score(np.concatenate(labels), np.concatenate(better)) - roc_auc_score(
        np.concatenate(labels), np.concatenate(worse)
    )
    assert lead == pytest.approx(expected, abs=1e-9)
    assert 0 < low < lead < high
    np.testing.assert_allclose(paired_bootstrap(worse, better, labels)[1], [-high, -low])


def test_a_scorer_does_not_differ_from_itself():
    # unpaired draws would give an interval of some width
    scores, labels = videos(0)
    assert paired_bootstrap(scores, [2 * s for s in scores], labels) == (0.0, (0.0, 0.0))
    assert paired_bootstrap([scores[0]], [scores[0]], [np.ones(30, int)])[0] is None
