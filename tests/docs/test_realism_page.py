"""docs/realism.md has a row for every committed report, with that report's numbers."""

import json

import pytest
from small_run import ROOT

from syrfa.realism.statistics import sample_statistics

PAGE = (ROOT / "docs" / "realism.md").read_text()
REPORTS = sorted((ROOT / "experiments" / "results").glob("realism_*.json"))


@pytest.mark.parametrize("path", REPORTS, ids=lambda path: path.stem)
def test_a_row_gives_its_reports_numbers(path):
    report = json.loads(path.read_text())
    (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{path.name}`")]
    probes = report["probes"]

    def percent(kind, *names):
        return ", ".join(f"{100 * probes[name][kind]['auroc']:.1f}" for name in names)

    before, after = (report["features"][when]["value"] for when in ("before", "after"))
    first = report["statistics"][0]
    assert [cell.strip() for cell in row.strip("|").split("|")] == [
        f"`{path.name}`" + (", `--match_height true`" if report["match_height"] else ""),
        f"{report['world']['preset']}, {report['world']['version']}",
        percent("real_generated", "statistics"),
        percent("real_generated", "network"),
        percent("real_real", "statistics", "network"),
        percent("generated_generated", "statistics", "network"),
        f"{before['frechet']:.2f} → {after['frechet']:.2f}" if before and after else "-",
        f"{first['statistic']} {first['difference']:+.2f}",
    ]
    assert report["environment"]["git_commit"].endswith("+dirty") is False


def test_there_is_a_report():
    assert REPORTS


def test_every_statistic_is_defined_where_the_page_says(names):
    for name in names:
        assert name in str(sample_statistics.__doc__), name
        assert name in PAGE, name


@pytest.fixture
def names():
    return {row["statistic"] for path in REPORTS for row in json.loads(path.read_text())["statistics"]}
