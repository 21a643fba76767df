import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

from syrfa.evaluation.metrics.bootstrap import bootstrap_intervals, paired_bootstrap, weighted_metrics
from syrfa.evaluation.metrics.frame_level import METRICS, eer


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


def test_every_video_once_is_the_value_itself():
    scores, labels = videos(3)
    once = weighted_metrics(scores, labels, np.ones((1, len(scores))))[0]
    expected = [METRICS[name](scores, labels).value for name in ("micro_auroc", "auprc", "max_f1", "eer")]
    np.testing.assert_allclose(once, expected, atol=1e-6)


def test_interval_equals_a_naive_bootstrap_of_another_seed():
    scores, labels = videos(0, signal=0.7)
    generator = np.random.default_rng(99)
    naive = []
    for _ in range(600):
        row = generator.integers(0, len(scores), len(scores))
        naive.append(roc_auc_score(*(np.concatenate([part[k] for k in row]) for part in (labels, scores))))
    interval = bootstrap_intervals(scores, labels, 2000)["micro_auroc"]
    np.testing.assert_allclose([interval.low, interval.high], np.quantile(naive, [0.025, 0.975]), atol=0.015)


def test_all_metrics_have_an_interval_around_the_value():
    scores, labels = videos(5)
    intervals = bootstrap_intervals(scores, labels)
    assert set(intervals) == set(METRICS)
    for name, interval in intervals.items():
        assert interval.low < METRICS[name](scores, labels).value < interval.high, name
        assert interval.resamples == 1000


def test_the_seed_decides_and_confidence_widens():
    scores, labels = videos(1)
    assert bootstrap_intervals(scores, labels, 200, 7) == bootstrap_intervals(scores, labels, 200, 7)
    assert bootstrap_intervals(scores, labels, 200, 7) != bootstrap_intervals(scores, labels, 200, 8)
    narrow = bootstrap_intervals(scores, labels, confidence=0.5)["auprc"]
    wide = bootstrap_intervals(scores, labels, confidence=0.99)["auprc"]
    assert wide.low < narrow.low < narrow.high < wide.high


def test_draws_of_one_class_are_skipped_and_counted():
    labels = [np.ones(5, int), np.zeros(5, int), np.ones(5, int)]
    scores = [np.arange(5.0), np.arange(5.0) - 1, np.arange(5.0) + 1]
    interval = bootstrap_intervals(scores, labels, 3000)["micro_auroc"]
    # without the second video (2/3)^3, with it alone (1/3)^3
    assert interval.skipped == pytest.approx(3000 * (8 + 1) / 27, rel=0.1)
    assert interval.low is not None


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_videos_have_no_interval(count):
    scores, labels = videos(0, count=count)
    assert all(interval.low is None for interval in bootstrap_intervals(scores, labels).values())


def test_paired_difference():
    better, labels = videos(0, signal=3.0)
    worse, _ = videos(0, signal=0.3)
    lead = paired_bootstrap(better, worse, labels)
    expected = roc_auc_score(np.concatenate(labels), np.concatenate(better)) - roc_auc_score(
        np.concatenate(labels), np.concatenate(worse)
    )
    assert lead.value == pytest.approx(expected, abs=1e-9)
    assert 0 < lead.interval.low < lead.value < lead.interval.high
    back = paired_bootstrap(worse, better, labels)
    np.testing.assert_allclose([back.interval.low, back.interval.high], [-lead.interval.high, -lead.interval.low])


def test_a_scorer_does_not_differ_from_itself():
    # unpaired draws would give an interval of some width
    scores, labels = videos(0)
    lead = paired_bootstrap(scores, [2 * s for s in scores], labels)
    assert (lead.value, lead.interval.low, lead.interval.high) == (0.0, 0.0, 0.0)
    assert paired_bootstrap([scores[0]], [scores[0]], [np.ones(30, int)]).value is None


def test_a_thousand_draws_of_ped2_size_are_quick():
    scores, labels = videos(0, count=12, length=180)
    started = time.process_time()
    bootstrap_intervals(scores, labels, 1000)
    assert time.process_time() - started < 5
