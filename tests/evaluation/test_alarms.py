import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syrfa.errors import ConfigError
from syrfa.evaluation.metrics.alarms import AlarmRule, false_alarms

HOUR = AlarmRule(recall=0.9, fps=1 / 3600)  # a frame an hour


def runs(frames):
    """[first, stop) of every run of true frames, by a plain loop."""
    found, start = [], None
    for number, true in enumerate([*frames, False]):
        if true and start is None:
            start = number
        if not true and start is not None:
            found.append((start, number))
            start = None
    return found


def naive(scores, labels, recall):
    """Threshold, alarms, false alarms, events, events met, frames labelled normal."""
    flat, truth = np.concatenate(scores), np.concatenate(labels)
    thresholds = sorted(set(flat.tolist()), reverse=True)
    needed = [t for t in thresholds if sum((flat >= t) & (truth == 1)) >= recall * sum(truth) - 1e-9]
    threshold = needed[0]
    counts = np.zeros(4, int)
    for video, label in zip(scores, labels, strict=True):
        alarms, events = runs(video >= threshold), runs(label == 1)
        counts += [
            len(alarms),
            sum(not label[start:stop].any() for start, stop in alarms),
            len(events),
            sum((video[start:stop] >= threshold).any() for start, stop in events),
        ]
    return threshold, *counts, sum(truth == 0)


def videos(seed, count=4, length=25, ties=False):
    generator = np.random.default_rng(seed)
    labels = [(np.convolve(generator.normal(size=length), np.ones(5), "same") > 1).astype(int) for _ in range(count)]
    labels[0][:3] = [0, 1, 0]
    scores = [np.convolve(generator.normal(size=length) + 2 * t, np.ones(2), "same") for t in labels]
    return [np.round(s) if ties else s for s in scores], labels


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31), st.booleans(), st.sampled_from([0.1, 0.5, 0.9, 1.0]))
def test_random_cases_equal_plain_loops(seed, ties, recall):
    scores, labels = videos(seed, ties=ties)
    found = false_alarms(scores, labels, AlarmRule(recall, 1 / 3600))
    threshold, alarms, false, events, met, normal = naive(scores, labels, recall)
    counted = tuple(found[key] for key in ("threshold", "alarms", "false_alarms", "events"))
    assert counted == (threshold, alarms, false, events)
    assert found["event_recall"] == pytest.approx(met / events)
    assert found["frame_recall"] >= recall - 1e-9
    assert found["hours"] == pytest.approx(normal)
    loud = sum(int(((video >= threshold) & (truth == 0)).sum()) for video, truth in zip(scores, labels, strict=True))
    assert found["normal_in_alarm"] == pytest.approx(loud / normal)
    assert found["false_alarms_per_hour"] == pytest.approx(false / normal)


def test_the_threshold_is_the_highest_that_reaches_the_recall():
    scores, labels = [np.arange(20.0)], [np.repeat([0, 1], 10)]
    assert false_alarms(scores, labels, AlarmRule(0.9))["threshold"] == 11.0  # 9 of 10
    assert false_alarms(scores, labels, AlarmRule(0.91))["threshold"] == 10.0
    assert false_alarms(scores, labels, AlarmRule(1.0))["frame_recall"] == 1.0


def test_frames_a_second_scale_the_rate_and_are_named():
    scores, labels = [np.array([0.9, 0.1, 0.8, 0.8])], [np.array([0, 0, 1, 1])]
    known, assumed = false_alarms(scores, labels, AlarmRule(0.9, 10)), false_alarms(scores, labels)
    assert (known["fps"], known["fps_from"]) == (10, "data set")
    assert (assumed["fps"], assumed["fps_from"]) == (25, "assumed")
    assert known["hours_of"] == "frames labelled normal"
    assert known["false_alarms_per_hour"] == pytest.approx(3600 * 10 / 2)
    assert assumed["false_alarms_per_hour"] == pytest.approx(3600 * 25 / 2)


def test_interval_equals_a_naive_bootstrap_of_another_seed():
    scores, labels = videos(5, count=8)
    found = false_alarms(scores, labels, HOUR, resamples=1000)
    generator, rates = np.random.default_rng(9), []
    for _ in range(400):
        row = generator.integers(0, 8, 8)
        _, _, false, _, _, normal = naive([scores[k] for k in row], [labels[k] for k in row], 0.9)
        rates.append(false / normal)
    assert found["ci_low"] < found["false_alarms_per_hour"] < found["ci_high"]
    np.testing.assert_allclose([found["ci_low"], found["ci_high"]], np.quantile(rates, [0.025, 0.975]), atol=0.02)


@pytest.mark.parametrize(("label", "word"), [(0, "normal"), (1, "abnormal")])
def test_one_class_alone_is_null_with_a_reason(label, word):
    found = false_alarms([np.array([0.1, 0.2])], [np.full(2, label)], resamples=10)
    assert found["false_alarms_per_hour"] is None
    assert found["reason"] == f"every frame is labelled {word}"


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"recall": 0}, "evaluation.alarm_recall=0: give a share"),
        ({"recall": 1.1}, "alarm_recall=1.1"),
        ({"fps": 0}, "fps=0"),
        ({"fps": -1}, "fps=-1: give the frames of a second"),
    ],
)
def test_a_rule_out_of_range_is_refused(rule, message):
    with pytest.raises(ConfigError, match=message):
        AlarmRule(**rule)
