"""One evaluation: object scores through a protocol into metrics with intervals, beside their baselines."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syrfa.evaluation import ObjectScores, Protocol, box_width, random_scores
from syrfa.evaluation.frame_curves import FrameCurves
from syrfa.evaluation.metrics.alarm_metric import AlarmMetric
from syrfa.evaluation.metrics.alarms import DEFAULT_RULE, AlarmRule
from syrfa.evaluation.metrics.bootstrap import paired_bootstrap
from syrfa.evaluation.metrics.metric import FrameLevelMetric, FrameMetric
from syrfa.utils.collective import own_share

Curves = Sequence[NDArray[np.float64]]
Labels = Sequence[NDArray[np.uint8]]


def evaluate(
    objects: Sequence[ObjectScores],
    labels: Labels,
    protocol: Protocol,
    bootstrap: int = 1000,
    seed: int = 0,
    others: Mapping[str, Sequence[ObjectScores]] = MappingProxyType({}),
    alarms: AlarmRule = DEFAULT_RULE,
    kept: FrameCurves | None = None,
) -> dict[str, Any]:
    """The metrics of a scored split under one protocol, and those of baselines and other scores under the same.

    Every process must call this with the same scores: each measures a share of the videos, and gets the whole.

    Args:
        objects: one entry a video.
        labels: uint8 (frames,) for each of them, 1 = abnormal.
        protocol: how objects become frame scores.
        bootstrap: resamples of the videos for the intervals; 0 for none.
        seed: of the resampling, and of the random scores.
        others: further scores of the same objects to stand beside the baselines, by name.
        alarms: at what recall false alarms are counted.
        kept: takes the frame scores.

    Returns:
        JSON: `protocol`, `metrics`, `alarms` (of `false_alarms`, and in short of every baseline), `baselines` by name
        (`box_width`; `random_smoothed`, a uniform random number for every object; the others), and for each
        `lead_over_<name>`, the micro AUROC's paired difference, where there are intervals.
    """
    ours = final_scores(objects, protocol)
    widths = [box_width(video) for video in objects]
    baselines = {"box_width": widths, "random_smoothed": random_scores(objects, seed), **others}
    curves = {name: final_scores(scores, protocol) for name, scores in baselines.items()}
    if kept is not None:
        kept.add(ours, curves["box_width"])
    reading = {
        "protocol": protocol.describe(),
        "metrics": _metrics(ours, labels, bootstrap, seed),
        "alarms": {
            **_computed(AlarmMetric(alarms, bootstrap, seed), ours, labels),
            "baselines": {
                name: _in_short(_computed(AlarmMetric(alarms, resamples=0), theirs, labels))
                for name, theirs in curves.items()
            },
        },
        "baselines": {name: _metrics(theirs, labels, bootstrap, seed) for name, theirs in curves.items()},
    }
    if bootstrap:
        for name, theirs in curves.items():
            lead = paired_bootstrap(ours, theirs, labels, bootstrap, seed)
            interval = lead.interval
            reading[f"lead_over_{name}"] = {"value": lead.value, "ci_low": interval.low, "ci_high": interval.high}
    return reading


def final_scores(objects: Sequence[ObjectScores], protocol: Protocol) -> list[NDArray[np.float64]]:
    """The frame scores of every video that the metrics see."""
    return [protocol.frame_scores(video).final for video in objects]


def _in_short(alarms: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("false_alarms_per_hour", "normal_in_alarm", "event_recall", "threshold")
    return {key: alarms[key] for key in kept if key in alarms}


def _metrics(scores: Curves, labels: Labels, bootstrap: int, seed: int) -> dict[str, Any]:
    found = _computed(FrameLevelMetric(bootstrap, seed), scores, labels)
    return {name: value.to_json() for name, value in found.items()}


def _computed(metric: FrameMetric, scores: Curves, labels: Labels) -> dict[str, Any]:
    """What the metric makes of all videos; each process adds its share of them."""
    mine = own_share(len(labels))
    for number, (curve, truth) in enumerate(zip(scores, labels, strict=True)):
        if number in mine:
            metric.update(number, curve, truth)
    found: dict[str, Any] = metric.compute()
    return found
