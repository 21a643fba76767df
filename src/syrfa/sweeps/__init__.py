"""Sweeps in W&B's own schema, run without its server."""

from syrfa.sweeps.definition import Goal, Metric, Sweep, read_sweep
from syrfa.sweeps.point import Point, expand
from syrfa.sweeps.record import Outcome, best, chosen_by_test, table, write_record
from syrfa.sweeps.runner import run_points

__all__ = [
    "Goal",
    "Metric",
    "Outcome",
    "Point",
    "Sweep",
    "best",
    "chosen_by_test",
    "expand",
    "read_sweep",
    "run_points",
    "table",
    "write_record",
]
