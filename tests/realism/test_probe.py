"""The grouped cross-validation, with scorers whose answer is known."""

import numpy as np
import pytest

from syrfa.realism.logistic import fit_logistic, logistic_scores
from syrfa.realism.probe import grouped_folds, probe_domains, probe_halves
from syrfa.realism.report import measure_statistics, rounded


def oracle(inputs, labels, wanted, seed):
    """The input itself, moved by another amount in every fold."""
    del inputs, labels
    return wanted[:, 0] + np.random.default_rng(seed).uniform(-100, 100)


def blind(inputs, labels, wanted, seed):
    del inputs, labels, seed
    return np.zeros(len(wanted))


def videos(count, each):
    return np.repeat(np.arange(count), each)


@pytest.mark.parametrize("folds", [2, 3, 5])
def test_a_video_is_in_one_fold_and_every_fold_has_both_labels(folds):
    rng = np.random.default_rng(folds)
    groups = rng.permutation(np.repeat(np.arange(17), rng.integers(1, 30, 17)))
    labels = (groups >= 6).astype(np.int64)
    fold = grouped_folds(labels, groups, folds, rng)
    for group in range(17):
        assert len(set(fold[groups == group])) == 1
    for number in range(folds):
        assert set(labels[fold == number]) == {0, 1}


def test_what_is_learnt_and_what_is_tested_share_no_video():
    seen = []

    def record(inputs, labels, wanted, seed):
        del labels, seed
        seen.append((set(inputs[:, 0]), set(wanted[:, 0])))
        return np.zeros(len(wanted))

    real, generated = videos(5, 4), videos(7, 3)
    probe_domains(real[:, None], real, 100 + generated[:, None], generated, record, 3, 2, 0)
    assert len(seen) == 6
    for learnt, tested in seen:
        assert not learnt & tested
        assert len(learnt | tested) == 12


def test_scores_of_different_folds_are_not_compared():
    real, generated = videos(4, 5), videos(6, 5)
    found = probe_domains(np.zeros((20, 1)), real, np.ones((30, 1)), generated, oracle, folds=4, splits=2, seed=1)
    assert (found.auroc, found.low, found.high) == (1.0, 1.0, 1.0)
    assert (found.videos, found.folds, found.splits) == ((4, 6), 4, 2)


def test_auroc_is_the_share_of_pairs_within_folds():
    rng = np.random.default_rng(3)
    real, generated = videos(2, 6), videos(2, 6)
    x, y = rng.integers(0, 4, (12, 1)), rng.integers(1, 5, (12, 1))
    found = probe_domains(x, real, y, generated, oracle, folds=2, splits=30, seed=0)
    right = [[((y[generated == v][:, None] > x[real == u]) + 0.5 * (y[generated == v][:, None] == x[real == u])).mean()
              for u in range(2)] for v in range(2)]  # fmt: skip
    # each split pairs either (0, 0) and (1, 1) or (0, 1) and (1, 0)
    straight, crossed = (right[0][0] + right[1][1]) / 2, (right[0][1] + right[1][0]) / 2
    share = (found.auroc - crossed) / (straight - crossed)
    assert 0.2 < share < 0.8
    assert share * 30 == pytest.approx(round(share * 30), abs=1e-6)


def test_a_blind_scorer_is_at_half():
    found = probe_domains(np.zeros((8, 1)), videos(4, 2), np.zeros((8, 1)), videos(4, 2), blind, 2, 1, 0)
    assert (found.auroc, found.low, found.high) == (0.5, 0.5, 0.5)


def test_too_few_videos_are_a_reason_and_no_number():
    found = probe_domains(np.zeros((4, 1)), videos(1, 4), np.ones((4, 1)), videos(2, 2), blind, 5, 1, 0)
    assert found.auroc is None
    assert "one video" in found.reason
    found = probe_halves(np.zeros((6, 1)), videos(3, 2), blind, 5, 1, 0)
    assert found.auroc is None
    assert "3 videos" in found.reason


def test_equal_domains_are_not_told_apart(make_sample):
    found = measure_statistics(make_sample(1, videos=12), make_sample(2, videos=12), 4, 0)["probe"]
    for kind in ("real_generated", "real_real", "generated_generated"):
        assert found[kind]["auroc"] == pytest.approx(0.5, abs=0.12), kind
    assert found["real_generated"]["low"] < found["real_generated"]["auroc"] < found["real_generated"]["high"]


@pytest.mark.parametrize(
    ("changed", "named"), [({"offset": 60.0}, {"brightness"}), ({"noise": 6.0}, {"noise", "flicker", "sharpness"})]
)
def test_a_difference_is_found_and_named_first(make_sample, changed, named):
    found = measure_statistics(make_sample(1), make_sample(2, **changed), 4, 0)
    assert found["probe"]["real_generated"]["auroc"] > 0.95
    assert found["probe"]["real_real"]["auroc"] < 0.75
    assert found["rows"][0]["statistic"] in named
    assert found["rows"][0]["difference"] > 1


def test_the_same_seed_gives_the_same_report(make_sample):
    samples = make_sample(1, videos=4), make_sample(2, videos=4)
    assert measure_statistics(*samples, 2, 5) == measure_statistics(*samples, 2, 5)


def test_numbers_are_written_to_five_digits():
    assert rounded({"a": [0.1234567, (2, 123456.7)], "b": None, "c": "1.23456789"}) == {
        "a": [0.12346, [2, 123460.0]],
        "b": None,
        "c": "1.23456789",
    }


def test_a_wider_spread_about_the_same_mean_is_seen():
    rng = np.random.default_rng(0)
    narrow, wide = rng.normal(size=(400, 2)), 3 * rng.normal(size=(400, 2))
    inputs, labels = np.concatenate([narrow, wide]), np.repeat([0, 1], 400)
    scores = logistic_scores(inputs, labels, inputs, 0)
    assert (scores[labels == 1][:, None] > scores[labels == 0]).mean() > 0.8


def test_regression_agrees_with_scikit_learn():
    linear_model = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(2)
    x = rng.normal(size=(300, 4))
    labels = (x @ [1.0, -2.0, 0.0, 0.5] + rng.normal(size=300) > 0.7).astype(np.int64)
    weight = rng.uniform(0.5, 2, 300)
    slope, intercept = fit_logistic(x, labels, weight, 0.5)
    golden = linear_model.LogisticRegression(C=2.0, tol=1e-8).fit(x, labels, sample_weight=weight)
    np.testing.assert_allclose(slope, golden.coef_[0], atol=2e-3)
    assert intercept == pytest.approx(golden.intercept_[0], abs=2e-3)
