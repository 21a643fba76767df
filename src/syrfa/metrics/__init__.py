"""Frame scores and labels to numbers with intervals and chance levels."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from syrfa.metrics.bootstrap import Interval, PairedDifference, bootstrap_intervals, paired_bootstrap
    from syrfa.metrics.collection import FrameLevelMetric
    from syrfa.metrics.frame_level import METRICS, auprc, macro_auroc, max_f1, micro_auroc, padded_auroc
    from syrfa.metrics.value import MetricValue

__all__ = [
    "METRICS",
    "FrameLevelMetric",
    "Interval",
    "MetricValue",
    "PairedDifference",
    "auprc",
    "bootstrap_intervals",
    "macro_auroc",
    "max_f1",
    "micro_auroc",
    "padded_auroc",
    "paired_bootstrap",
]

# imported on first use: a table needs MetricValue and must not wait for torch
_HOME = {
    "Interval": "bootstrap",
    "PairedDifference": "bootstrap",
    "bootstrap_intervals": "bootstrap",
    "paired_bootstrap": "bootstrap",
    "FrameLevelMetric": "collection",
    "METRICS": "frame_level",
    "auprc": "frame_level",
    "macro_auroc": "frame_level",
    "max_f1": "frame_level",
    "micro_auroc": "frame_level",
    "padded_auroc": "frame_level",
    "MetricValue": "value",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
