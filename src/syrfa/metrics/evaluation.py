"""One evaluation: object scores through a protocol into metrics with intervals, beside their baselines."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syrfa.metrics.bootstrap import paired_bootstrap
from syrfa.metrics.collection import FrameLevelMetric
from syrfa.scoring import ObjectScores, Protocol, box_width

Curves = Sequence[NDArray[np.float64]]
Labels = Sequence[NDArray[np.uint8]]


def evaluate(
    objects: Sequence[ObjectScores], labels: Labels, protocol: Protocol, bootstrap: int = 1000, seed: int = 0
) -> dict[str, Any]:
    """The metrics of a scored split under one protocol, and `box_width`'s under the same.

    Args:
        objects: one entry a video.
        labels: uint8 (frames,) for each of them, 1 = abnormal.
        protocol: how objects become frame scores.
        bootstrap: resamples of the videos for the intervals; 0 for none.
        seed: of the resampling.

    Returns:
        JSON: `protocol`, `metrics`, `baselines`, and `lead_over_box_width`, the micro AUROC's paired difference.
    """
    ours = final_scores(objects, protocol)
    width = final_scores([box_width(video) for video in objects], protocol)
    reading = {
        "protocol": protocol.describe(),
        "metrics": _metrics(ours, labels, bootstrap, seed),
        "baselines": {"box_width": _metrics(width, labels, bootstrap, seed)},
    }
    if bootstrap:
        lead = paired_bootstrap(ours, width, labels, bootstrap, seed)
        interval = lead.interval
        reading["lead_over_box_width"] = {"value": lead.value, "ci_low": interval.low, "ci_high": interval.high}
    return reading


def final_scores(objects: Sequence[ObjectScores], protocol: Protocol) -> list[NDArray[np.float64]]:
    """The frame scores of every video that the metrics see."""
    return [protocol.frame_scores(video).final for video in objects]


def _metrics(scores: Curves, labels: Labels, bootstrap: int, seed: int) -> dict[str, Any]:
    metric = FrameLevelMetric(resamples=bootstrap, seed=seed)
    for number, (curve, truth) in enumerate(zip(scores, labels, strict=True)):
        metric.update(number, curve, truth)
    return {name: value.to_json() for name, value in metric.compute().items()}
