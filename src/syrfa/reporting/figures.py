"""Figures 3 and 4 of the paper from the runs of a plan, as far as these are there."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from syrfa.errors import UserError, in_one_line
from syrfa.reporting.runs import Run as FinishedRun
from syrfa.reporting.table_plan import Plan, Run
from syrfa.reporting.table_runs import Outcome
from syrfa.reporting.table_spec import Spec
from syrfa.training.run_folder import RESULT


def draw_figures(spec: Spec, plan: Plan, outcomes: Mapping[Run, Outcome], out: Path) -> tuple[list[Path], list[str]]:
    """Draws every picture of the plan's figures into `out`: fig3 of its first seed, fig4 of all.

    Pictures of earlier calls that cannot be drawn now are removed. Returns the files, and a line for each run that no
    picture shows.
    """
    files: list[Path] = []
    lines: list[str] = []
    for figure in plan.figures:
        for picture, names in spec.figures[figure].items():
            file = out / f"{picture}.png"
            for suffix in (".png", ".pdf", ".json"):
                file.with_suffix(suffix).unlink(missing_ok=True)
            seeds = plan.seeds[:1] if figure == "fig3" else plan.seeds
            runs = [run for name in names for run in plan.runs if run.name == name and run.seed in seeds]
            for made in _draw(figure, runs, outcomes, file):
                if isinstance(made, Path):
                    files.append(made)
                else:
                    lines.append(f"{picture}: not drawn: {made}")
    return files, lines


def _draw(figure: str, runs: list[Run], outcomes: Mapping[Run, Outcome], file: Path) -> Iterator[Path | str]:
    """The files, and why a run is not in them."""
    # these import matplotlib, which is slow
    from syrfa.reporting import fig3, fig4

    opened: list[FinishedRun] = []
    scored: list[fig3.ScoredRun] = []
    for run in runs:
        result = outcomes[run].result
        if result is None:
            yield f"{run.experiment} seed {run.seed}: {outcomes[run].reason or 'not run'}"
            continue
        finished = FinishedRun(run.folder, run.folder / RESULT, result)
        try:
            if figure == "fig3":
                scored.append(fig3.ScoredRun.open(finished))
            else:
                fig4.measured_of(finished)
        except UserError as error:
            yield f"{run.experiment} seed {run.seed}: {in_one_line(error)}"
        else:
            opened.append(finished)
    if opened:
        try:
            yield from fig3.plot_fig3(file, scored) if figure == "fig3" else fig4.plot_fig4(file, opened)
        except UserError as error:
            yield in_one_line(error)
