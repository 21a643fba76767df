"""Scores and labels, of frames and of regions, to numbers with intervals and chance levels."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from syrfa.evaluation.metrics.alarm_metric import AlarmMetric
    from syrfa.evaluation.metrics.alarms import AlarmRule, false_alarms
    from syrfa.evaluation.metrics.bootstrap import Interval, PairedDifference, bootstrap_intervals, paired_bootstrap
    from syrfa.evaluation.metrics.frame_level import METRICS, auprc, eer, macro_auroc, max_f1, micro_auroc, padded_auroc
    from syrfa.evaluation.metrics.metric import FrameLevelMetric
    from syrfa.evaluation.metrics.region_level import match, region_metrics
    from syrfa.evaluation.metrics.region_metric import RegionMetric
    from syrfa.evaluation.metrics.value import MetricValue

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

# imported on first use: a table needs MetricValue and must not wait for torch
_HOME = {
    "AlarmMetric": "alarm_metric",
    "AlarmRule": "alarms",
    "false_alarms": "alarms",
    "Interval": "bootstrap",
    "PairedDifference": "bootstrap",
    "bootstrap_intervals": "bootstrap",
    "paired_bootstrap": "bootstrap",
    "METRICS": "frame_level",
    "auprc": "frame_level",
    "eer": "frame_level",
    "macro_auroc": "frame_level",
    "max_f1": "frame_level",
    "micro_auroc": "frame_level",
    "padded_auroc": "frame_level",
    "FrameLevelMetric": "metric",
    "match": "region_level",
    "region_metrics": "region_level",
    "RegionMetric": "region_metric",
    "MetricValue": "value",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
