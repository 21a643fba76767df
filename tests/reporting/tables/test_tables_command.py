"""`syrfa tables` for real on the tiniest worlds, what it refuses, and its exit codes."""

import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from small_run import ROOT
from small_tables import FAKE

from syrfa.__main__ import main
from syrfa.engine.processes import Processes
from syrfa.reporting import table_runs
from syrfa.reporting.table_plan import Command, Plan

SPEC = ROOT / "experiments" / "tables.yaml"
SOME = {"cls", "full", "full_ap", "full_rap", "grl"}
TABLES = ["table1", "table2", "table3", "table4", "table5"]


class InProcess(table_runs.TableRuns):
    """Runs every command in this process, which spares its start."""

    def __init__(self, plan: Plan, jobs: int) -> None:
        assert jobs == 2
        super().__init__(plan)

    def _call(self, command: Command, log: Path, processes: Processes) -> str | None:
        return None if main(list(command)) == 0 else f"failed: {command[0]}"


def on_tiny_worlds(folder: Path, runs: set[str], *tables: str) -> list[str]:
    """Options that make the rows of some runs of the shipped tables, on worlds that are there already."""
    content: dict[str, Any] = yaml.safe_load(SPEC.read_text())
    content["tables"] = {name: content["tables"][name] for name in tables if name in content["tables"]}
    for table in content["tables"].values():
        table["rows"] = [row for row in table["rows"] if row.get("run", "cls") in runs]
    demo = content["datasets"]["demo"]
    demo["sizes"]["tiny"].update(worlds={}, places={})
    demo["worlds"] = {}
    content["datasets"] = {"demo": demo}
    shown = {
        figure: {picture: [run for run in names if run in runs] for picture, names in pictures.items()}
        for figure, pictures in content["figures"].items()
    }
    content["figures"] = {figure: pictures for figure, pictures in shown.items() if figure in tables}
    file = folder / "experiments" / "tables.yaml"
    file.parent.mkdir()
    file.write_text(yaml.safe_dump(content, sort_keys=False))
    for name in ("lightning_config", "experiments"):
        for source in (ROOT / name).rglob("*.yaml"):
            target = folder / source.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            if target != file:
                target.symlink_to(source)
    return ["tables", "--spec", str(file), "--size", "tiny", "--jobs", "2", "--out", str(folder / "runs")]


@pytest.mark.slow
@pytest.mark.usefixtures("data_environment")
def test_every_table_comes_out_on_the_tiniest_worlds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And from what is archived of them the same bytes come out again."""
    monkeypatch.setattr("syrfa.verbs.tables.TableRuns", InProcess)
    options = on_tiny_worlds(tmp_path, SOME, *TABLES, "fig3", "fig4")
    archived = tmp_path / "archived"
    assert main([*options, "--archive", str(archived)]) == 0
    for name in TABLES:
        content = (tmp_path / "runs" / f"{name}.md").read_text()
        assert "failed" not in content
        assert "not run: " not in content
    for picture in ("fig3", "fig4"):
        assert (tmp_path / "runs" / f"{picture}.png").is_file()
    written = {file.name: file.read_bytes() for file in archived.glob("table?.*")}
    assert len(written) == 3 * len(TABLES)
    for file in archived.glob("table?.*"):
        file.unlink()
    assert main([*options[:3], "--results", str(archived)]) == 0
    assert {file.name: file.read_bytes() for file in archived.glob("table?.*")} == written


@pytest.mark.usefixtures("data_environment")
def test_a_run_in_processes_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = on_tiny_worlds(tmp_path, {"cls"}, "table2")
    assert main(options) == 0
    assert "0 of 1 runs are there, 1 to do" in capsys.readouterr().out
    written = (tmp_path / "runs" / "table2.md").read_bytes()
    assert b"failed" not in written
    assert main(options) == 0
    assert "1 of 1 runs are there, 0 to do" in capsys.readouterr().out
    assert (tmp_path / "runs" / "table2.md").read_bytes() == written
    assert main([*options, "--dry_run"]) == 0
    assert ", done" in capsys.readouterr().out


@pytest.mark.usefixtures("data_environment")
def test_a_failed_run_gives_exit_code_1_and_is_in_the_table(
    tmp_path: Path, calls: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program = (sys.executable, str(FAKE))
    monkeypatch.setattr("syrfa.verbs.tables.TableRuns", partial(table_runs.TableRuns, program=program))
    monkeypatch.setenv("FAKE_FAIL", "fit:demo_cls")
    assert main(on_tiny_worlds(tmp_path, {"cls"}, "table2")) == 1
    assert "demo_cls seed 1 failed: fit: no space left" in capsys.readouterr().err
    assert "failed: fit: no space left" in (tmp_path / "runs" / "table2.md").read_text()
    assert calls.read_text().splitlines() == ["prepare", "fit demo_cls"]


def test_data_that_are_absent_are_named_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SYRFA_DATA", str(tmp_path))
    assert main(["tables", "--spec", str(SPEC), "--dataset", "avenue", "--out", str(tmp_path / "runs")]) == 2
    assert "no video of Avenue's train split" in capsys.readouterr().err
    assert not (tmp_path / "standard").exists()


def test_dry_run_prints_commands_and_does_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SYRFA_DATA", str(tmp_path / "raw"))
    out = tmp_path / "runs"
    options = ["--spec", str(SPEC), "--size", "tiny", "--out", str(out), "--dry_run"]
    assert main(["tables", "table2", *options]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert not out.exists()
    assert printed[0].endswith(f"python -m syrfa generate --preset=tiny --out={tmp_path}/raw/tiny/demo-source")
    heads = [line for line in printed if line.startswith("# demo_")]
    assert len(heads) == 12
    assert all(line.endswith(", to do") for line in heads)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["table9"], "table 'table9'"),
        (["--dataset", "ped3"], "data set 'ped3'"),
        (["--spec", "nowhere.yaml"], "nowhere.yaml: there is no such file"),
        (["--jobs", "0"], "jobs 0"),
        (["--seeds", "x"], "seeds 'x'"),
        (["--overrides", "config=o.yaml"], "take no config files"),
        (["--results", "nowhere"], "name a folder that `syrfa tables --archive` wrote"),
    ],
)
def test_mistakes_are_one_line(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    if "--spec" not in arguments:
        arguments = [*arguments, "--spec", str(SPEC)]
    assert main(["tables", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_damaged_folder_of_results_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "runs.json").write_text('{"runs": []}')
    assert main(["tables", "--spec", str(SPEC), "--results", str(tmp_path)]) == 2
    assert "damaged, or not written by" in capsys.readouterr().err
