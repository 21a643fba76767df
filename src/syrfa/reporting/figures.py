"""Figures 3 and 4 of the paper from the runs of a plan, as far as these are there."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from syrfa.errors import UserError, in_one_line
from syrfa.reporting.table_plan import Plan, Run
from syrfa.reporting.table_runs import Outcome
from syrfa.reporting.table_spec import Spec

_SUFFIXES = (".png", ".pdf", ".json")


def draw_figures(spec: Spec, plan: Plan, outcomes: Mapping[Run, Outcome], out: Path) -> tuple[list[Path], list[str]]:
    """Draws every picture of the plan's figures: fig3 of its first seed, fig4 of all.

    A run that is not there, or of which a picture cannot be drawn, is left out. Pictures of earlier calls that cannot
    be drawn now are removed.

    Args:
        spec: says which runs a picture shows.
        plan: whose figures are drawn.
        outcomes: of its runs.
        out: the folder that pictures are written into.

    Returns:
        the files, and a line for each run that no picture shows.
    """
    files: list[Path] = []
    lines: list[str] = []
    for figure in plan.figures:
        for picture, names in spec.figures[figure].items():
            seeds = plan.seeds[:1] if figure == "fig3" else plan.seeds
            runs = [run for name in names for run in plan.runs if run.name == name and run.seed in seeds]
            there = [run for run in runs if outcomes[run].result is not None]
            lines += [
                f"{picture}: not drawn: {run.experiment} seed {run.seed}: {outcomes[run].reason or 'not run'}"
                for run in runs
                if run not in there
            ]
            file = out / f"{picture}.png"
            for suffix in _SUFFIXES:
                file.with_suffix(suffix).unlink(missing_ok=True)
            draw = _draw_fig3 if figure == "fig3" else _draw_fig4
            for made in draw(there, outcomes, file) if there else ():
                if isinstance(made, Path):
                    files.append(made)
                else:
                    lines.append(f"{picture}: not drawn: {made}")
    return files, lines


def _draw_fig3(runs: list[Run], outcomes: Mapping[Run, Outcome], file: Path) -> Iterator[Path | str]:
    """The files, and why a run is not in them."""
    # these import matplotlib, which is slow
    from syrfa.reporting.fig3 import plot_fig3
    from syrfa.reporting.scored_run import ScoredRun

    opened = []
    for run in runs:
        try:
            opened.append(ScoredRun.open(run.folder, outcomes[run].result or {}))
        except UserError as error:
            yield f"{run.experiment} seed {run.seed}: {in_one_line(error)}"
    if opened:
        try:
            yield from plot_fig3(file, opened)
        except UserError as error:
            yield in_one_line(error)


def _draw_fig4(runs: list[Run], outcomes: Mapping[Run, Outcome], file: Path) -> Iterator[Path | str]:
    """The same."""
    from syrfa.reporting.distance_panels import measured_of
    from syrfa.reporting.fig4 import plot_fig4

    measured = []
    for run in runs:
        result = outcomes[run].result or {}
        try:
            measured_of(run.folder, result)
        except UserError as error:
            yield f"{run.experiment} seed {run.seed}: {in_one_line(error)}"
        else:
            measured.append((run.folder, result))
    if measured:
        try:
            yield from plot_fig4(file, measured)
        except UserError as error:
            yield in_one_line(error)
