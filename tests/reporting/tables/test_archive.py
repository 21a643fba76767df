"""Archived tables: what is archived stays what it was, and what has changed since is reported."""

import json
from pathlib import Path
from typing import Any

import pytest
from canned_results import canned_result
from small_tables import small_plan

from syrfa.errors import ConfigError
from syrfa.reporting.archive import archived_tables, write_archive
from syrfa.reporting.table_plan import Run
from syrfa.reporting.table_runs import Outcome
from syrfa.reporting.table_spec import read_spec
from syrfa.reporting.tables import Table

COMMAND = "--dataset demo --seeds 1 --size small"
OTHER = "Results of another configuration than the rows have now: "


def outcome(value: float) -> Outcome:
    result = canned_result(1, value)
    return Outcome(result, content=json.dumps(result).encode() + b" \n")


def archive_to(
    folder: Path, *tables: str, value: float = 0.9, lost: str = "", command: str = COMMAND, **options: Any
) -> dict[Run, Outcome]:
    plan = small_plan(folder, tables, **options)
    outcomes = {
        run: Outcome(reason="failed: fit: it broke") if run.name == lost else outcome(value) for run in plan.runs
    }
    write_archive(plan, outcomes, command, folder / "archive")
    return outcomes


def index(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "archive" / "runs.json").read_text())
    return content


def tables(folder: Path) -> dict[str, Table]:
    spec = read_spec(folder / "experiments" / "tables.yaml")
    return {table.name: table for table in archived_tables(folder / "archive", spec, folder)}


def notes(folder: Path, table: str) -> str:
    return "\n".join(tables(folder)[table].notes)


def test_results_are_kept_byte_for_byte_whatever_became_of_the_run_since(folder: Path) -> None:
    outcomes = archive_to(folder, "table1")  # there are no run folders at all
    (shown,) = (run for run in outcomes if run.shown)
    stored = folder / "archive" / "results" / "demo_full_rap_seed1.json"
    assert stored.read_bytes() == outcomes[shown].content
    assert index(folder)["runs"]["demo_full_rap_seed1"]["file"] == "results/demo_full_rap_seed1.json"


def test_tables_that_are_archived_one_by_one_stand_together(folder: Path) -> None:
    archive_to(folder, "table2", value=0.8)
    archive_to(folder, "table1", value=0.9)
    assert index(folder)["tables"] == ["table1", "table2"]
    assert {name.removesuffix("_seed1") for name in index(folder)["runs"]} == {
        "demo_plain",
        "demo_full",
        "demo_full_rap",
    }
    ours = {name: [line[3] for line in table.lines] for name, table in tables(folder).items()}
    assert ours["table2"][::2] == ["80.0 (1)", "80.0 (1)", "90.0 (1)"]
    assert ours["table1"][1] == "90.0 (1)"


def test_a_run_that_fails_now_does_not_take_its_result_away(folder: Path) -> None:
    archive_to(folder, "table1")
    archive_to(folder, "table1", lost="full_rap")
    assert tables(folder)["table1"].lines[1][3] == "90.0 (1)"


@pytest.mark.parametrize(
    "change", [{"command": "--dataset demo --seeds 2 --size small", "seeds": [2]}, {"change": True}]
)
def test_results_that_would_be_lost_are_not_overwritten(folder: Path, change: dict[str, Any]) -> None:
    archive_to(folder, "table2")
    before = {file: file.read_bytes() for file in (folder / "archive").rglob("*.json")}
    if change.pop("change", False):
        (folder / "adapt.yaml").write_text("{seed_everything: 2}\n")
        change["lost"] = "full_rap"
    with pytest.raises(ConfigError, match=r"runs\.json: lists \d results that this call does not have"):
        archive_to(folder, "table2", **change)
    assert {file: file.read_bytes() for file in (folder / "archive").rglob("*.json")} == before


def test_more_seeds_replace_fewer(folder: Path) -> None:
    archive_to(folder, "table1")
    archive_to(folder, "table1", command="--dataset demo --seeds 1,2 --size small", seeds=[1, 2])
    assert len(index(folder)["runs"]) == 2


def test_results_of_another_configuration_are_named(folder: Path) -> None:
    archive_to(folder, "table1", "table2")
    assert OTHER not in notes(folder, "table1")
    (folder / "adapt.yaml").write_text("{seed_everything: 2}\n")
    assert f"{OTHER}full_rap." in notes(folder, "table1")
    (folder / "knowledge.yaml").write_text("{seed_everything: 2}\n")
    assert f"{OTHER}plain, full, full_rap." in notes(folder, "table2")


def test_overrides_and_threads_of_the_results_are_those_they_are_held_against(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    given = ["--trainer.precision=32-true", "--data.num_workers=2"]
    command = f"{COMMAND} --overrides 'trainer.precision=32-true data.num_workers=2'"
    archive_to(folder, "table1", command=command, overrides=given)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert OTHER not in notes(folder, "table1")


def test_a_run_that_the_folder_lacks_is_said_to_be_lacking(folder: Path) -> None:
    archive_to(folder, "table2")
    content = index(folder)
    del content["runs"]["demo_full_seed1"]
    (folder / "archive" / "runs.json").write_text(json.dumps(content))
    table = tables(folder)["table2"]
    assert table.lines[2][3] == f"not run: no result in {folder / 'archive'}"
    assert any("2 = full -;" in note for note in table.notes)


@pytest.mark.parametrize("change", [{"size": "huge"}, {"command": "--overrides config=o.yaml"}, {"command": "it's"}])
def test_what_cannot_be_compared_is_said_to_be_so(folder: Path, change: dict[str, str]) -> None:
    archive_to(folder, "table1")
    (folder / "archive" / "runs.json").write_text(json.dumps({**index(folder), **change}))
    assert "Whether the results are of the rows' configuration cannot be told: " in notes(folder, "table1")
