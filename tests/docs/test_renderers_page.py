"""docs/renderers.md gives the speeds and scores of experiments/results/renderers.json."""

import json

import pytest
from small_run import ROOT

PAGE = (ROOT / "docs" / "renderers.md").read_text()
REPORT = json.loads((ROOT / "experiments" / "studies" / "renderers" / "results" / "renderers.json").read_text())


SPEED = {row["renderer"]: row for row in REPORT["speed"]["rows"]}
AUC = {f"{row['painter']}, seed {row['seed']}": row for row in REPORT["auc"]["rows"]}


def rows(header):
    """The cells of the table whose first row begins with `header`."""
    lines = PAGE.split(f"| {header} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("cells", rows("renderer"), ids=lambda cells: cells[0])
def test_a_row_gives_the_speed(cells):
    rate, hours = (SPEED[cells[0]][key] for key in ("frames_a_processor_second", "hours_for_236902_frames_on_2_cores"))
    assert cells[1:3] == [f"{rate:.2f}", f"{hours:.1f}"]
    assert hours == pytest.approx(236902 / rate / 2 / 3600, rel=0.01)


@pytest.mark.parametrize("cells", rows("painter, seed"), ids=lambda cells: cells[0])
def test_a_row_gives_the_auc(cells):
    row = AUC[cells[0]]
    assert cells[1:] == [f"{100 * row[f'strict, {smoothing}']:.1f}" for smoothing in ("none", "centred", "causal")]


def test_every_run_is_on_the_page():
    assert {cells[0] for cells in rows("painter, seed")} == set(AUC)
