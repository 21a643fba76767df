"""What is planned: each run once, behind the run it starts from, with a hash of all that decides its numbers."""

from pathlib import Path

import pytest
import yaml
from small_run import ROOT
from small_tables import SMALL, small_plan

from syrfa.errors import ConfigError, DataNotFoundError
from syrfa.reporting.spec import Spec, read_spec
from syrfa.reporting.table_runs import make_plan, read_overrides, read_seeds

TABLES = ("table1", "table2", "table3", "table4", "table5")


def hashes(folder: Path, **options: object) -> dict[tuple[str, int], str]:
    return {(run.name, run.seed): run.hash for run in small_plan(folder, **options).runs}


@pytest.mark.parametrize("dataset", ["demo", "ped2", "shanghaitech", "avenue"])
def test_all_tables_of_a_data_set_share_their_runs(shipped: Spec, dataset: str) -> None:
    plan = make_plan(shipped, ROOT, dataset, TABLES, [1, 2], "small", Path("runs"))
    assert len({run.hash for run in plan.runs}) == len(plan.runs) == 2 * len(shipped.runs)
    assert len({run.folder for run in plan.runs}) == len(plan.runs)
    for number, run in enumerate(plan.runs):
        if run.start is not None:
            assert run.start in plan.runs[:number]
            assert run.start.seed == run.seed
            assert f"--model.init_args.knowledge_ckpt={run.start.checkpoint}" in run.fit


def test_the_row_that_all_tables_share_is_one_run(shipped: Spec) -> None:
    shown = {name: [row.run for row in shipped.tables[name].rows] for name in TABLES}
    named = {name: next(r.run for r in shipped.tables[name].rows if r.name == "SYRFA") for name in TABLES[::2]}
    sixth = [next(r.run for r in shipped.tables[name].rows if r.name.startswith("6:")) for name in ("table2", "table4")]
    assert {*named.values(), *sixth} == {"full_rap"}
    assert all("full_rap" in runs for runs in shown.values())


def test_the_lambdas_of_table_4_are_those_of_both_phases(shipped: Spec) -> None:
    for row in shipped.tables["table4"].rows:
        assert row.run is not None
        run = shipped.runs[row.run]
        assert run.start is not None
        _, cont, aux = (float(number) for number in row.name.split(": ")[1].split(", "))
        for options in (run.options, shipped.runs[run.start].options):
            assert options == {"model.init_args.lambda_cont": cont, "model.init_args.lambda_aux": aux}


def test_runs_that_are_only_started_from_are_not_tested(folder: Path) -> None:
    assert {run.name: run.shown for run in small_plan(folder, ("table1",)).runs} == {"full": False, "full_rap": True}
    assert all(run.shown for run in small_plan(folder).runs)
    assert hashes(folder) == {**hashes(folder), **hashes(folder, tables=("table1",))}


def test_hash_changes_with_what_decides_the_numbers_and_with_nothing_else(folder: Path) -> None:
    before = hashes(folder)
    assert hashes(folder, out=folder / "elsewhere") == before
    (folder / "adapt.yaml").write_text("{seed_everything: 2}\n")
    changed = hashes(folder)
    assert {key for key in before if before[key] != changed[key]} == {("full_rap", 1)}
    (folder / "knowledge.yaml").write_text("{seed_everything: 2}\n")
    again = hashes(folder)  # phase 2 starts from a run that has changed
    assert not set(again.values()) & {*before.values(), *changed.values()}
    assert not set(hashes(folder, overrides=["--trainer.precision=32-true"]).values()) & set(again.values())
    assert not set(hashes(folder, size="medium").values()) & set(again.values())
    assert not set(hashes(folder, seeds=[2]).values()) & set(again.values())


def test_hash_changes_with_the_threads_unless_they_are_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    before = hashes(folder)
    assert small_plan(folder).environment["OMP_NUM_THREADS"] == "1"
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert hashes(folder) == before
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert not set(hashes(folder).values()) & set(before.values())
    assert small_plan(folder).environment["OMP_NUM_THREADS"] == "2"


@pytest.mark.parametrize(("size", "moved"), [("tiny", True), ("small", False)])
def test_real_data_stay_where_they_are_when_worlds_move(
    shipped: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: str, moved: bool
) -> None:
    monkeypatch.setenv("SYRFA_DATA", str(tmp_path))
    plan = make_plan(shipped, ROOT, "avenue", ["table5"], [1], size, Path("runs"), look_at_data=False)
    assert plan.environment.get("SYRFA_DATA") == (str(tmp_path / "tiny") if moved else None)
    option = f"--data.target.dataset.init_args.root={tmp_path}/Avenue"
    commands = [plan.preparation[-1], *(command for run in plan.runs for command in (run.fit, run.test))]
    assert [option in command for command in commands] == [moved] * len(commands)
    assert not any("--data.source" in argument for command in commands for argument in command)


def test_hash_does_not_hang_on_the_place_of_the_repository(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other") / "repository"
    folder.rename(other)
    there = hashes(other)
    other.rename(folder)
    assert there == hashes(folder)


def test_overrides_stand_behind_all_else_and_reach_fit_and_test(folder: Path) -> None:
    options = read_overrides("trainer.precision=32-true --data.num_workers=2")
    for run in small_plan(folder, overrides=options).runs:
        assert run.fit[-2:] == run.test[-2:] == ("--trainer.precision=32-true", "--data.num_workers=2")
    assert "--data.num_workers=2" in small_plan(folder, overrides=options).preparation[-1]


@pytest.mark.parametrize("text", ["", "one", "1,-2", "4294967296"])
def test_bad_seeds_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="give numbers from 0"):
        read_seeds(text)


def test_seeds_and_overrides_are_read_as_people_write_them() -> None:
    assert read_seeds("1,2 3,1") == [1, 2, 3]
    with pytest.raises(ConfigError, match=r"trainer\.precision has no value"):
        read_overrides("trainer.precision")


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


def test_overrides_that_no_shell_would_read_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"overrides: .*quotation"):
        read_overrides("trainer.precision='32-true")


def test_unknown_names_are_refused_with_those_there_are(folder: Path) -> None:
    spec = read_spec(folder / "experiments" / "tables.yaml")
    for arguments, said in (
        (("ped3", ["table1"], "small"), "data set 'ped3': .* choose from demo"),
        (("demo", ["table9"], "small"), "table 'table9': .* choose from table1, table2"),
        (("demo", ["table1"], "huge"), "size of demo 'huge': .* choose from small, medium"),
    ):
        dataset, tables, size = arguments
        with pytest.raises(ConfigError, match=said):
            make_plan(spec, folder, dataset, tables, [1], size, folder / "runs")
    (folder / "small.yaml").unlink()
    with pytest.raises(ConfigError, match=r"small\.yaml: there is no such config file"):
        small_plan(folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tables": {"table1": {"title": "t", "metrics": [], "rows": [{"name": "a", "run": "none"}]}}}, "run none"),
        ({"runs": {"plain": {"stage": "adapt"}}}, "has a run to start from"),
        ({"runs": {"plain": {"stage": "adapt", "start": "plain"}}}, "no run of phase 1"),
        ({"runs": {"plain": {"stage": "later"}}}, "runs.plain.stage"),
        ({"surplus": 1}, "surplus"),
        ({"figures": {"fig5": {}}}, "figures.fig5: there is no such figure"),
        ({"figures": {"fig3": {"fig3": ["none"]}}}, "shows the run none, which is not there"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(folder: Path, change: dict[str, object], said: str) -> None:
    file = folder / "experiments" / "tables.yaml"
    file.write_text(yaml.safe_dump({**SMALL, **change}))
    with pytest.raises(ConfigError, match=said):
        read_spec(file)


def test_a_file_that_is_missing_or_no_yaml_is_refused(folder: Path) -> None:
    with pytest.raises(DataNotFoundError, match="no such file; run from the folder of the repository"):
        read_spec(folder / "tables.yaml")
    (folder / "experiments" / "tables.yaml").write_text("a: [")
    with pytest.raises(ConfigError, match=r"tables\.yaml"):
        read_spec(folder / "experiments" / "tables.yaml")


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
