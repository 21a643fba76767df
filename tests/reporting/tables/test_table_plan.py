"""What is planned: each run once, behind the run it starts from, with a hash of all that decides its numbers."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from small_run import ROOT
from small_tables import SMALL, small_plan

from syrfa.errors import ConfigError, DataNotFoundError
from syrfa.reporting.table_plan import make_plan, read_overrides, read_seeds
from syrfa.reporting.table_spec import Spec, read_spec

TABLES = ("table1", "table2", "table3", "table4", "table5")


def hashes(folder: Path, **options: Any) -> dict[tuple[str, int], str]:
    return {(run.name, run.seed): run.hash for run in small_plan(folder, **options).runs}


@pytest.mark.parametrize("dataset", ["demo", "ped2", "shanghaitech", "avenue"])
def test_all_tables_of_a_data_set_share_their_runs(shipped: Spec, dataset: str) -> None:
    plan = make_plan(shipped, ROOT, dataset, TABLES, [1, 2])
    assert len({run.hash for run in plan.runs}) == len(plan.runs) == 2 * len(shipped.runs)
    assert len({run.folder for run in plan.runs}) == len(plan.runs)
    for number, run in enumerate(plan.runs):
        if run.start is not None:
            assert run.start in plan.runs[:number]
            assert run.start.seed == run.seed
            assert f"--model.init_args.knowledge_ckpt={run.start.checkpoint}" in run.fit


def test_the_lambdas_of_table_4_are_those_of_both_phases(shipped: Spec) -> None:
    for row in shipped.tables["table4"].rows:
        run = shipped.runs[str(row.run)]
        _, cont, aux = (float(number) for number in row.name.split(": ")[1].split(", "))
        for options in (run.options, shipped.runs[str(run.start)].options):
            assert options == {"model.init_args.lambda_cont": cont, "model.init_args.lambda_aux": aux}


def test_runs_that_are_only_started_from_are_not_tested(folder: Path) -> None:
    assert {run.name: run.shown for run in small_plan(folder, ("table1",)).runs} == {"full": False, "full_rap": True}
    assert all(run.shown for run in small_plan(folder).runs)
    assert hashes(folder) == {**hashes(folder), **hashes(folder, tables=("table1",))}


def test_hash_changes_with_what_decides_the_numbers_and_with_nothing_else(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    before = hashes(folder)
    assert hashes(folder, out=folder / "elsewhere") == hashes(folder, threads="1") == before
    text = (folder / "adapt.yaml").read_text()
    (folder / "adapt.yaml").write_text(f"# words\n{text}")
    assert hashes(folder) == before
    (folder / "adapt.yaml").write_text("{seed_everything: 2}\n")
    changed = hashes(folder)
    assert {key for key in before if before[key] != changed[key]} == {("full_rap", 1)}
    (folder / "knowledge.yaml").write_text("{seed_everything: 2}\n")
    again = hashes(folder)  # phase 2 starts from a run that has changed
    assert not set(again.values()) & {*before.values(), *changed.values()}
    for options in ({"overrides": ["--trainer.precision=32-true"]}, {"size": "medium"}, {"seeds": [2]}):
        assert not set(hashes(folder, **options).values()) & set(again.values())
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert small_plan(folder).threads == "2"
    assert not set(hashes(folder).values()) & set(again.values())


def test_hash_does_not_depend_on_the_place_of_repository_and_data(
    folder: Path, shipped: Spec, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path_factory.mktemp("other") / "repository"
    folder.rename(other)
    there = hashes(other)
    other.rename(folder)
    assert there == hashes(folder)
    tiny = [run.hash for run in make_plan(shipped, ROOT, "demo", TABLES, [1], "tiny").runs]
    monkeypatch.setenv("SYRFA_DATA", str(folder))
    moved = read_spec(ROOT / "experiments" / "tables.yaml")
    assert [run.hash for run in make_plan(moved, ROOT, "demo", TABLES, [1], "tiny").runs] == tiny


def test_small_worlds_have_a_place_of_their_own_and_real_data_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYRFA_DATA", str(tmp_path))
    shipped = read_spec(ROOT / "experiments" / "tables.yaml")
    plan = make_plan(shipped, ROOT, "avenue", ["table5"], [1], "tiny")
    assert plan.preparation[0] == ("generate", "--preset=tiny", f"--out={tmp_path}/tiny/standard")
    option = f"--data.source.dataset.init_args.root={tmp_path}/tiny/standard"
    for command in (plan.preparation[-1], *(command for run in plan.runs for command in (run.fit, run.test))):
        assert option in command
        assert not any("--data.target" in argument for argument in command)


def test_overrides_are_behind_all_else_and_reach_fit_and_test(folder: Path) -> None:
    plan = small_plan(folder, overrides=read_overrides("trainer.precision=32-true --data.num_workers=2"))
    for run in plan.runs:
        assert run.fit[-2:] == run.test[-2:] == ("--trainer.precision=32-true", "--data.num_workers=2")
    assert "--data.num_workers=2" in plan.preparation[-1]


@pytest.mark.parametrize("text", ["", "one", "1,-2", "4294967296"])
def test_bad_seeds_are_refused(text: str) -> None:
    assert read_seeds("1,2 3,1") == [1, 2, 3]
    with pytest.raises(ConfigError, match="give numbers from 0"):
        read_seeds(text)


@pytest.mark.parametrize(
    "option",
    [
        *("config=o.yaml", "--config=o.yaml", "-c=o.yaml", "data=o.yaml", "data.oracle=true", "checkpoint.monitor=x"),
        *("ckpt_path=x", "run.id=x", "--run.root=x", "seed_everything=3", "model.init_args.knowledge_ckpt=x"),
    ],
)
def test_overrides_of_what_tables_settle_are_refused(option: str) -> None:
    with pytest.raises(ConfigError, match="tables choose checkpoints, folders and seeds themselves"):
        read_overrides(f"trainer.precision=32-true {option}")


@pytest.mark.parametrize(
    ("text", "reason"), [("trainer.precision='32-true", "quotation"), ("trainer.precision", "has no value")]
)
def test_overrides_that_are_no_options_are_refused(text: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=rf"overrides: .*{reason}"):
        read_overrides(text)


def test_unknown_names_are_refused_with_those_there_are(folder: Path) -> None:
    spec = read_spec(folder / "experiments" / "tables.yaml")
    for arguments, reason in (
        (("ped3", ["table1"], [1], "small"), "data set 'ped3': .* choose from demo"),
        (("demo", ["table9"], [1], "small"), "table 'table9': .* choose from table1, table2"),
        (("demo", ["table1"], [1], "huge"), "size of demo 'huge': .* choose from small, medium"),
    ):
        with pytest.raises(ConfigError, match=reason):
            make_plan(spec, folder, *arguments)
    (folder / "small.yaml").unlink()
    with pytest.raises(ConfigError, match=r"small\.yaml: there is no such config file"):
        small_plan(folder)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"tables": {"table1": {"title": "t", "metrics": [], "rows": [{"name": "a", "run": "none"}]}}}, "run none"),
        ({"runs": {"plain": {"phase": "adapt"}}}, "has a run to start from"),
        ({"runs": {"plain": {"phase": "adapt", "start": "plain"}}}, "no run of phase 1"),
        ({"runs": {"plain": {"phase": "later"}}}, "runs.plain.phase"),
        ({"surplus": 1}, "surplus"),
        ({"figures": {"fig5": {}}}, "figures.fig5: there is no such figure"),
        ({"figures": {"fig3": {"fig3": ["none"]}}}, "shows the run none, which is not there"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(folder: Path, change: dict[str, object], reason: str) -> None:
    file = folder / "experiments" / "tables.yaml"
    file.write_text(yaml.safe_dump({**SMALL, **change}))
    with pytest.raises(ConfigError, match=reason):
        read_spec(file)


def test_a_file_that_is_missing_or_no_yaml_is_refused(folder: Path) -> None:
    with pytest.raises(DataNotFoundError, match="no such file; run from the folder of the repository"):
        read_spec(folder / "tables.yaml")
    (folder / "tables.yaml").write_text("tables: [")
    with pytest.raises(ConfigError, match=r"tables\.yaml: "):
        read_spec(folder / "tables.yaml")


def test_the_paper_s_numbers_are_those_of_the_paper(shipped: Spec) -> None:
    """Typed a second time."""

    def paper(table: str, dataset: str, metric: str = "micro_auroc") -> list[float | None]:
        rows = shipped.tables[table].rows
        return [row.paper.get(dataset, {}).get(metric) for row in rows if not row.extension]

    assert paper("table2", "shanghaitech") == [83.0, 83.2, 83.3, 84.3, 84.5, 84.6]
    assert paper("table4", "shanghaitech") == [83.1, 83.2, 83.5, 84.4, 84.5, 84.6, 83.3, 83.4, 84.1]
    assert (paper("table5", "shanghaitech"), paper("table5", "ped2")) == ([81.4, 84.6], [96.1, 96.9])
    assert (paper("table3", "ped2", "auprc"), paper("table3", "ped2", "max_f1")) == (
        [None, 79.6, 99.4],
        [None, 79.1, 96.4],
    )
    assert paper("table3", "shanghaitech", "auprc") == [72.4, 76.6, 80.9]
    assert paper("table3", "shanghaitech", "max_f1") == [74.5, 77.3, 75.1]
    ped2, campus = paper("table1", "ped2"), paper("table1", "shanghaitech")
    assert (len(ped2), len(campus)) == (22, 22)
    # sums of the columns in the paper's text
    assert sum(number for number in ped2 if number is not None) == pytest.approx(1914.8)
    assert sum(number for number in campus if number is not None) == pytest.approx(1582.2)
    assert [row.run for row in shipped.tables["table1"].rows if row.run] == ["full_rap", "grid8_rap"]
    for dataset in ("demo", "avenue"):
        assert not any(row.paper.get(dataset) for table in shipped.tables.values() for row in table.rows)
