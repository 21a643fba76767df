import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

from syrfa.errors import LabelError
from syrfa.evaluation.metrics.frame_level import METRICS, auprc, eer, macro_auroc, max_f1, micro_auroc, padded_auroc


def videos(seed: int, count: int = 6, ties: bool = False, scale: float = 1.0, offset: float = 0.0):
    generator = np.random.default_rng(seed)
    lengths = generator.integers(5, 40, count)
    labels = [generator.integers(0, 2, n) for n in lengths]
    labels[0][:] = 1  # an all-abnormal video, as Ped2 has
    labels[1][:2] = [0, 1]
    scores = [generator.normal(size=n) + y for n, y in zip(lengths, labels, strict=True)]
    if ties:
        scores = [np.round(s) for s in scores]
    return [s * scale + offset for s in scores], labels


cases = st.tuples(
    st.integers(0, 2**31), st.booleans(), st.sampled_from([1.0, 1e-3, 50.0]), st.sampled_from([0.0, -40.0, 40.0])
)


@settings(max_examples=40, deadline=None)
@given(cases)
def test_pooled_metrics_equal_scikit_learn(case):
    seed, ties, scale, offset = case
    scores, labels = videos(seed, ties=ties, scale=scale, offset=offset)
    flat, truth = np.concatenate(scores), np.concatenate(labels)
    assert micro_auroc(scores, labels).value == pytest.approx(roc_auc_score(truth, flat), abs=1e-6)
    assert auprc(scores, labels).value == pytest.approx(average_precision_score(truth, flat), abs=1e-6)
    precision, recall, _ = precision_recall_curve(truth, flat)
    best = max(2 * p * r / (p + r) if p + r else 0.0 for p, r in zip(precision, recall, strict=True))
    assert max_f1(scores, labels).value == pytest.approx(best, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(cases)
def test_eer_is_where_scikit_learns_roc_curve_meets_the_diagonal(case):
    seed, ties, scale, offset = case
    scores, labels = videos(seed, ties=ties, scale=scale, offset=offset)
    alarms, hits, _ = roc_curve(np.concatenate(labels), np.concatenate(scores), drop_intermediate=False)
    # along the curve itself, which may rise vertically, not as a function of the false alarms
    place = np.arange(len(hits))
    at = brentq(lambda t: np.interp(t, place, alarms) - (1 - np.interp(t, place, hits)), 0, len(hits) - 1)
    assert eer(scores, labels).value == pytest.approx(np.interp(at, place, alarms), abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(cases)
def test_macro_equals_scikit_learn_with_the_two_added_frames(case):
    seed, ties, scale, offset = case
    scores, labels = videos(seed, ties=ties, scale=scale, offset=offset)
    low = min(0.0, np.concatenate(scores).min())
    high = max(1.0, np.concatenate(scores).max())
    expected = [roc_auc_score([*truth, 0, 1], [*video, low, high]) for video, truth in zip(scores, labels, strict=True)]
    np.testing.assert_allclose(padded_auroc(scores, labels), expected, atol=1e-6)
    assert macro_auroc(scores, labels).value == pytest.approx(np.mean(expected), abs=1e-6)


def test_large_scores_are_not_squashed():
    # a sigmoid makes 40 and 50 equal in float32, and the AUROC 0.5
    assert micro_auroc([np.array([40.0, 50.0, 60.0, 70.0])], [np.array([0, 0, 1, 1])]).value == 1.0
    assert micro_auroc([np.array([0.2, 0.3]), np.array([80.0, 90.0])], [np.array([0, 1])] * 2).value == 0.75


def test_chance_levels_are_what_knowing_nothing_reaches():
    labels = [np.ones(60, int), np.repeat([0, 1], [30, 90]), np.repeat([0, 1], [10, 5]), np.zeros(20, int)]
    generator = np.random.default_rng(0)
    draws = [[generator.random(len(truth)) for truth in labels] for _ in range(300)]
    for name in ("micro_auroc", "macro_auroc", "eer"):
        chance = METRICS[name](draws[0], labels).chance
        reached = np.mean([METRICS[name](draw, labels).value for draw in draws])
        assert chance == pytest.approx(reached, abs=0.01), name
    assert micro_auroc(draws[0], labels).chance == 0.5
    constant = [np.zeros(len(truth)) for truth in labels]
    for measure in (auprc, max_f1):
        assert measure(constant, labels).chance == pytest.approx(measure(constant, labels).value, abs=1e-6)


@pytest.mark.parametrize("name", list(METRICS))
@pytest.mark.parametrize(
    ("scores", "labels", "reason"),
    [
        ([], [], "no videos"),
        ([np.array([0.1, 0.2])], [np.array([0, 0])], "labelled normal"),
        ([np.array([0.1, 0.2])], [np.array([1, 1])], "labelled abnormal"),
    ],
)
def test_undefined_is_null_with_a_reason(name, scores, labels, reason):
    value = METRICS[name](scores, labels)
    assert value.value is None
    assert reason in value.to_json()["reason"]
    assert set(value.to_json()) == {"value", "reason"}


@pytest.mark.parametrize("name", list(METRICS))
def test_wrong_input_is_refused(name):
    two = np.array([0.1, 0.2])
    with pytest.raises(ValueError, match="video 1: 1 scores are not finite"):
        METRICS[name]([two, np.array([np.nan, 1.0])], [np.array([0, 1])] * 2)
    with pytest.raises(LabelError, match="video 0"):
        METRICS[name]([two], [np.array([0, 1, 1])])
    with pytest.raises(LabelError, match="0 and 1"):
        METRICS[name]([two], [np.array([0, 2])])
    with pytest.raises(LabelError, match="1 videos have scores"):
        METRICS[name]([two], [])
