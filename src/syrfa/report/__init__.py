"""Pictures and tables."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from syrfa.report.overlay import plot_anomaly_map
    from syrfa.report.score_curve import ScoreCurve, plot_score_curves
    from syrfa.report.table import markdown_table, percent, text_table

__all__ = [
    "ScoreCurve",
    "markdown_table",
    "percent",
    "plot_anomaly_map",
    "plot_score_curves",
    "text_table",
]

# imported on first use: a table must not wait for matplotlib
_HOME = {
    "plot_anomaly_map": "overlay",
    "ScoreCurve": "score_curve",
    "plot_score_curves": "score_curve",
    "markdown_table": "table",
    "percent": "table",
    "text_table": "table",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
