"""The HTML report: one page with every table, chart and picture of some runs, which loads nothing."""

import base64
import functools
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from syrfa import __version__
from syrfa.errors import UserError
from syrfa.reporting import report_blocks as blocks
from syrfa.reporting.charts import sweep_charts
from syrfa.reporting.report_blocks import Block, SizeBudget
from syrfa.reporting.report_words import HELPERS
from syrfa.reporting.runs import Experiment
from syrfa.utils.files import atomic_write

LIMIT = 20_000_000
"""Bytes of a page, of which Plotly takes 5 MB. Charts and pictures that do not fit are left out; tables never are."""


def write_report(
    out: Path,
    place: str,
    experiments: Sequence[Experiment],
    sweeps: Sequence[dict[str, Any]] = (),
    data: Path | None = None,
    limit: int = LIMIT,
) -> list[str]:
    """Writes the page, atomically, and returns sentences on what could not be shown; equal runs give equal bytes.

    `place`, the name of the folder that is reported, is the heading unless there is one experiment alone; `sweeps` are
    of `find_sweeps`, and `data` is the folder of the data set where the runs' own is not here. UserError where the
    tables alone exceed `limit` bytes, or a run's curves are damaged.
    """
    title = place
    if len(experiments) == 1 and not sweeps:
        title = experiments[0].name if len(experiments[0].runs) > 1 else experiments[0].shown.name
    context: dict[str, Any] = {
        "title": title,
        "overview": {"experiments": experiments, "chart": blocks.run_chart_block(experiments)},
        "sweeps": [{"sweep": sweep, "chart": Block("Sweep", charts=sweep_charts(sweep))} for sweep in sweeps],
        "experiments": [_experiment(experiment, data) for experiment in experiments],
    }
    render = _template().render
    budget = SizeBudget(limit - len(render(context, fit=SizeBudget(-1).fit).encode()))
    if budget.left < 0:
        raise UserError(f"{out}: Plotly and the tables alone exceed {limit:,} bytes; report fewer runs at a time")
    missing: list[str] = []

    def fit(block: Block) -> Block:
        fitted = budget.fit(block)
        missing.extend(fitted.missing)
        return fitted

    page = render(context, fit=fit)
    with atomic_write(out) as file:
        file.write(page.encode())
    return missing


def _experiment(experiment: Experiment, data: Path | None) -> dict[str, Any]:
    distance, distances = blocks.distance_block(experiment.shown.result)
    return {
        "experiment": experiment,
        "runs_chart": blocks.run_chart_block([experiment]),
        "curves": [*blocks.curve_blocks(experiment, data)],
        "training": blocks.training_block(experiment.runs),
        "distance": distance,
        "distances": distances,
        "provenance": [(run, blocks.provenance_block(run)) for run in experiment.runs],
    }


@functools.cache
def _template() -> jinja2.Template:
    loader = jinja2.PackageLoader(__package__)
    environment = jinja2.Environment(loader=loader, autoescape=True)
    plotly = Markup(get_plotlyjs())
    draw = Markup(files(__package__).joinpath("templates/draw.js").read_text("utf-8"))
    hashes = [base64.b64encode(hashlib.sha256(code.encode()).digest()).decode() for code in (plotly, draw)]
    environment.globals |= {each.__name__: each for each in HELPERS}
    environment.globals |= {"plotly": plotly, "draw": draw, "hashes": hashes, "version": __version__}
    return environment.get_template("report.html")
