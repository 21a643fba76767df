"""Scores and labels, of frames and of regions, to numbers with intervals and chance levels."""

from syrfa.evaluation.metrics.alarms import AlarmRule, false_alarms
from syrfa.evaluation.metrics.bootstrap import Interval, PairedDifference, bootstrap_intervals, paired_bootstrap
from syrfa.evaluation.metrics.frame_level import (
    METRICS,
    MetricValue,
    auprc,
    eer,
    macro_auroc,
    max_f1,
    micro_auroc,
    padded_auroc,
)
from syrfa.evaluation.metrics.metric import AlarmMetric, FrameLevelMetric, RegionMetric
from syrfa.evaluation.metrics.region_level import match, region_metrics

__all__ = [
    "METRICS",
    "AlarmMetric",
    "AlarmRule",
    "FrameLevelMetric",
    "Interval",
    "MetricValue",
    "PairedDifference",
    "RegionMetric",
    "auprc",
    "bootstrap_intervals",
    "eer",
    "false_alarms",
    "macro_auroc",
    "match",
    "max_f1",
    "micro_auroc",
    "padded_auroc",
    "paired_bootstrap",
    "region_metrics",
]
