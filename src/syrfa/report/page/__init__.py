"""One self-contained HTML page about runs: every number with what it takes to judge it."""

from syrfa.report.page.document import LIMIT, write_page
from syrfa.report.page.runs import Experiment, Run, find_experiments

__all__ = ["LIMIT", "Experiment", "Run", "find_experiments", "write_page"]
