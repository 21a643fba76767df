"""Pictures of a plan's runs: those that are there are drawn, every other has a line."""

from pathlib import Path

import pytest
import yaml
from canned_results import canned_result
from small_tables import SMALL, small_plan

from syrfa.reporting import fig4
from syrfa.reporting.figures import draw_figures
from syrfa.reporting.runs import Run
from syrfa.reporting.table_runs import Outcome
from syrfa.reporting.table_spec import Spec, read_spec

FIGURES = {"fig3": {"fig3": ["full_rap", "plain"]}, "fig4": {"fig4": ["full_rap"], "fig4_plain": ["plain"]}}


@pytest.fixture
def spec(folder: Path) -> Spec:
    file = folder / "experiments" / "tables.yaml"
    file.write_text(yaml.safe_dump({**SMALL, "figures": FIGURES}, sort_keys=False))
    return read_spec(file)


def test_a_figure_plans_the_runs_that_it_shows_and_no_others(folder: Path, spec: Spec) -> None:
    plan = small_plan(folder, ("fig4",))
    assert (plan.tables, plan.figures) == ((), ("fig4",))
    assert {run.name: run.shown for run in plan.runs} == {"full": False, "full_rap": True, "plain": True}
    assert spec.figures == FIGURES


def test_fig4_shows_all_seeds_that_are_there(folder: Path, spec: Spec, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: dict[str, list[str]] = {}

    def plot(out: Path, runs: list[Run]) -> list[Path]:
        drawn[out.name] = [str(run.file.parent.relative_to(folder / "runs")) for run in runs]
        return [out]

    monkeypatch.setattr(fig4, "plot_fig4", plot)
    monkeypatch.setattr(fig4, "measured_of", lambda *_: [])
    plan = small_plan(folder, ("fig4",), seeds=[1, 2, 3])
    outcomes = {run: Outcome(canned_result(run.seed, 0.9)) for run in plan.runs}
    outcomes.update(
        {run: Outcome(reason="failed: fit: x") for run in plan.runs if (run.name, run.seed) == ("plain", 2)}
    )
    files, lines = draw_figures(spec, plan, outcomes, folder / "runs")
    assert drawn == {
        "fig4.png": [f"demo_full_rap/seed{seed}" for seed in (1, 2, 3)],
        "fig4_plain.png": [f"demo_plain/seed{seed}" for seed in (1, 3)],
    }
    assert [file.name for file in files] == list(drawn)
    assert lines == ["fig4_plain: not drawn: demo_plain seed 2: failed: fit: x"]


def test_what_cannot_be_drawn_has_a_line_and_leaves_no_old_picture(folder: Path, spec: Spec) -> None:
    plan = small_plan(folder, ("fig3", "fig4"), seeds=[1, 2])
    outcomes = {}
    for run in plan.runs:
        result = canned_result(run.seed, 0.9, domain="target")
        result["evaluations"][0]["protocol"].update(temporal_radius=3, window=25, floor=0.0)
        outcomes[run] = Outcome(result)
    (folder / "runs").mkdir()
    for name in ("fig3.png", "fig3.json", "fig4.pdf"):
        (folder / "runs" / name).touch()
    files, lines = draw_figures(spec, plan, outcomes, folder / "runs")
    assert files == []
    assert not list((folder / "runs").glob("fig*"))
    assert sum(line.startswith("fig3: not drawn: demo_") for line in lines) == 2  # of the first seed
    assert sum(line.startswith("fig4: not drawn: demo_full_rap seed ") for line in lines) == 2
    assert all(not line.startswith("fig4") or "has no feature distance" in line for line in lines)
