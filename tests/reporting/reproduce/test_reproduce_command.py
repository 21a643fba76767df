"""`syrfa reproduce` on a tiny run: made again bit for bit, and refused where that cannot be."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_run import ADAPT, SMALL

from syrfa.__main__ import main
from syrfa.errors import UserError
from syrfa.reporting.inputs import inputs_of
from syrfa.reporting.rerun import Rerun
from syrfa.utils.files import sha256_json
from syrfa.verbs.reproduce import DIFFERS, print_plan

QUICK = [*SMALL, "--evaluation.pictures=false"]
MUTATED = 20  # places of a run record, of some 800
Alter = Callable[[dict[str, Any]], None]


@pytest.fixture(scope="module")
def committed(knowledge_ckpt: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The result of both phases, the runs themselves gone."""
    root = tmp_path_factory.mktemp("committed")
    run = [*ADAPT, *QUICK, f"--run.root={root}"]
    assert main(["fit", *run, f"--model.init_args.knowledge_ckpt={knowledge_ckpt}"]) == 0
    folder = root / "demo_adapt" / "seed1"
    assert main(["test", *run, f"--ckpt_path={folder / 'checkpoints' / 'last.ckpt'}"]) == 0
    kept = tmp_path_factory.mktemp("results") / "demo_adapt_seed1.json"
    kept.write_bytes((folder / "result.json").read_bytes())
    shutil.rmtree(root)
    return kept


@pytest.fixture(scope="module")
def rerun(committed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a rerun that agreed."""
    out = tmp_path_factory.mktemp("rerun") / "out"
    assert main(["reproduce", "--check", str(committed), f"--out={out}"]) == 0
    return out


def altered(committed: Path, folder: Path, alter: Alter) -> Path:
    result = json.loads(committed.read_text())
    alter(result)
    file = folder / "altered.json"
    file.write_text(json.dumps(result))
    return file


def test_a_rerun_is_bit_exact(rerun: Path, committed: Path) -> None:
    comparison = json.loads((rerun / "comparison.json").read_text())
    assert comparison["changed_conditions"] == []
    assert {row["verdict"] for row in comparison["rows"]} == {"equal"}
    assert {row["tolerance"] for row in comparison["rows"]} == {0.0}
    again = json.loads((rerun / "3_test" / "demo_adapt" / "seed1" / "result.json").read_text())
    known = json.loads(committed.read_text())
    for key in ("metrics", "baselines", "evaluations", "adapter", "objects", "settings", "manifest_sha256"):
        assert again[key] == known[key], key


def test_a_number_that_was_altered_is_found(
    rerun: Path, committed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is there of the rerun is not made once more; a fit that did not end goes on."""

    def alter(result: dict[str, Any]) -> None:
        result["evaluations"][1]["metrics"]["auprc"]["value"] += 1e-6

    file = altered(committed, tmp_path, alter)
    (rerun / "parts" / "2_fit.json").unlink()
    assert main(["reproduce", str(file), "--check", "true", "--out", str(rerun)]) == DIFFERS == 3
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if "done before" in line] == ["1_fit: done before", "3_test: done before"]
    (resumed,) = [line for line in lines if line.startswith("2_fit:")]
    assert resumed.endswith(f"--ckpt_path {rerun}/2_fit/demo_adapt/seed1/checkpoints/last.ckpt")
    (found,) = [line for line in lines if line.rstrip().endswith("differs")]
    assert found.startswith("strict none metrics.auprc.value ")
    assert lines[-1].endswith("1 not reproduced")


def test_without_check_it_says_what_it_takes(committed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = set(committed.parent.iterdir())
    assert main(["reproduce", str(committed)]) == 0
    printed = capsys.readouterr().out
    assert "equal    ubnormal train at ${oc.env:SYRFA_DATA,data/raw}/demo-source" in printed
    threads = f"OMP_NUM_THREADS={torch.get_num_threads()} python -m syrfa"
    assert f"{threads} fit --config OUT/1_fit.yaml" in printed
    assert f"{threads} test --config OUT/3_test.yaml" in printed
    assert "--ckpt_path OUT/2_fit/demo_adapt/seed1/checkpoints/last.ckpt" in printed
    assert "commit and packages: as here" in printed
    assert set(committed.parent.iterdir()) == before


def test_other_packages_are_named(committed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def alter(result: dict[str, Any]) -> None:
        result["run_record"]["steps"][0]["environment"]["packages"]["torch"] = "1.0"

    assert main(["reproduce", str(altered(committed, tmp_path, alter))]) == 0
    assert f"  torch 1.0, here {torch.__version__.partition('+')[0]}" in capsys.readouterr().out


@pytest.fixture
def refusal(committed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Alters the result, and returns the line with which it is refused."""

    def refuse(alter: Alter, *options: str) -> str:
        assert main(["reproduce", str(altered(committed, tmp_path, alter)), *options]) == 2
        (line,) = capsys.readouterr().err.strip().splitlines()
        return str(line)

    return refuse


def test_other_data_are_refused(refusal: Callable[..., str]) -> None:
    def alter(result: dict[str, Any]) -> None:
        result["run_record"]["steps"][0]["data"][0]["manifest_sha256"] = "0" * 64
        detector = result["run_record"]["steps"][1]["data"][0]["detector"]
        detector["sha256"] = dict.fromkeys(detector["sha256"], "1" * 64)

    line = refusal(alter, "--check")
    assert "demo-source differs: manifest" in line
    assert "000000000000 in the result" in line
    assert "the videos are equal, the file of boxes" in line


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (("options", "checkpoint_minutes"), 2, "step 1: its options are not those of their hash"),
        (("options", "seed_everything"), 2, "step 1: its seed is not that of its options"),
        (("verb",), "generate", "step 1: its verb is generate"),
        (("id",), "another", "refers to a step that is not before it"),
        (("environment",), None, "run_record.steps[0].environment is missing"),
        (("options", "run"), {"experiment": "../../there"}, "would leave its folder"),
        (("options", "run"), {"experiment": "/there"}, "would leave its folder"),
        (("options", "checkpoint", "dirpath"), "/there", "checkpoint.dirpath is set"),
        (("options", "trainer", "logger"), {"class_path": "syrfa.training.resume.RunLog"}, "trainer.logger is set"),
        (("options", "data", "cache_root"), "/there", "data.cache_root is '/there'"),
        (("options", "trainer", "limit_val_batches"), "x.yaml", "trainer.limit_val_batches is 'x.yaml'"),
    ],
)
def test_a_damaged_run_record_is_refused(
    refusal: Callable[..., str], place: tuple[str, ...], value: object, said: str
) -> None:
    def alter(result: dict[str, Any]) -> None:
        step = result["run_record"]["steps"][0]
        *folders, last = place
        for name in folders:
            step = step[name]
        step[last] = value
        if last not in ("checkpoint_minutes", "id", "verb", "environment"):
            step = result["run_record"]["steps"][0]
            step["options_sha256"] = sha256_json(step["options"])

    line = refusal(alter)
    assert "the run record is damaged" in line
    assert said in line


def test_a_result_that_hides_a_switch_is_found(
    rerun: Path, committed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An edited flag passed, with an audit line to match."""

    def alter(result: dict[str, Any]) -> None:
        result["oracle"] = True
        result["evaluations"][1]["audit"]["test_information"] = ["oracle: said so"]

    assert main(["reproduce", str(altered(committed, tmp_path, alter)), "--check", f"--out={rerun}"]) == DIFFERS
    lines = capsys.readouterr().out.splitlines()
    assert "oracle: true, of the rerun false" in lines
    assert 'strict none audit.test_information: ["oracle: said so"], of the rerun []' in lines
    assert lines[-1].endswith("0 not reproduced; recorded otherwise by the rerun: 2")
    assert json.loads((rerun / "comparison.json").read_text())["contradictions"] == lines[-3:-1]


def test_on_another_machine_the_line_says_what_is_allowed_and_what_was_not_judged(
    rerun: Path, committed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def alter(result: dict[str, Any]) -> None:
        result["run_record"]["steps"][0]["environment"]["cpu"] = "another"
        result["evaluations"][0]["metrics"]["eer"]["value"] += 0.4
        result["evaluations"][0]["alarms"]["false_alarms_per_hour"] += 9999

    assert main(["reproduce", str(altered(committed, tmp_path, alter)), "--check", f"--out={rerun}"]) == 0
    printed = capsys.readouterr().out
    assert "numbers of the network are not judged, because no experiment with several seeds is on record" in printed
    shown = [line for line in printed.splitlines() if line.rstrip().endswith("not judged")]
    assert {line.split("  ")[0] for line in shown} == {
        "strict centred metrics.eer.value",
        "strict centred alarms.false_alarms_per_hour",
    }
    assert "2 not judged, since no spread was measured, 0 not reproduced" in printed.splitlines()[-1]
    assert "agrees" not in printed


def places_within(value: object, *place: Any) -> Iterator[tuple[Any, ...]]:
    """Where each key and each item of a tree stands."""
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield (*place, key)
            yield from places_within(part, *place, key)


def mutated(committed: Path) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """The result with one thing of its run record deleted or replaced; its options' hash made to fit."""
    known = json.loads(committed.read_text())
    places = list(places_within(known["run_record"]["steps"]))
    chosen = np.random.default_rng(1).permutation(len(places))[:MUTATED]
    for number, place in enumerate(places[which] for which in chosen):
        for value in ("deleted", [None, [], 7, {}, "x"][number % 5]):
            result = json.loads(committed.read_text())
            part = result["run_record"]["steps"]
            for key in place[:-1]:
                part = part[key]
            if value == "deleted":
                del part[place[-1]]
            else:
                part[place[-1]] = value
            for step in result["run_record"]["steps"]:
                if isinstance(step, dict) and "options" in place and "options" in step:
                    step["options_sha256"] = sha256_json(step["options"])
            yield (*place, value), result


def test_no_damage_of_a_run_record_is_a_fault(committed: Path, tmp_path: Path) -> None:
    """It is refused in one line, or it says what it would take; it is never a traceback."""
    refused = []
    for said, result in mutated(committed):
        try:
            rerun = Rerun(result, tmp_path, tmp_path / "out")
            # other options are not looked into without a rerun, and data take a tenth of a second to describe
            print_plan(result, rerun, inputs_of(rerun.steps) if "data" in said or "options" not in said else [])
        except UserError as error:
            refused.append(str(error))
        except Exception as error:
            raise AssertionError(f"{said}: {error!r}") from error
    assert len(refused) > MUTATED // 10
    assert [text for text in refused if len(text.splitlines()) != 1] == []


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("objects", float("nan"), "objects is no finite number"),
        ("run_id", None, "run_id is missing"),
        ("evaluations", [3], "evaluations[0] is no dict but int"),
    ],
)
def test_a_damaged_result_is_refused(refusal: Callable[..., str], key: str, value: object, said: str) -> None:
    assert said in refusal(lambda result: result.update({key: value}))


def test_a_result_without_a_run_record_is_refused(refusal: Callable[..., str]) -> None:
    def forget(result: dict[str, Any]) -> None:
        del result["run_record"], result["run_record_reason"]

    line = refusal(forget, "--check")
    assert "holds no run record" in line
    assert "a version of syrfa that kept none" in line


@pytest.mark.parametrize(("name", "said"), [("job.json", "is damaged"), ("mine.txt", "holds files of something else")])
def test_a_folder_of_something_else_is_left_alone(
    committed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, said: str
) -> None:
    (tmp_path / name).write_text("{}")
    assert main(["reproduce", str(committed), f"--out={tmp_path}"]) == 2
    assert said in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_the_command_that_makes_an_absent_world_is_named(
    committed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The target's world alone is away."""
    import os

    known = Path(os.environ["SYRFA_DATA"])
    (tmp_path / "demo-source").symlink_to(known / "demo-source")
    monkeypatch.setenv("SYRFA_DATA", str(tmp_path))
    assert main(["reproduce", str(committed), "--check"]) == 2
    captured = capsys.readouterr()
    assert "demo-target absent: " in captured.err
    command = "python -m syrfa generate --preset target-tiny --seed 3 --grey true --out"
    assert f"to make it: {command} {tmp_path / 'demo-target'}" in captured.out

    def alter(result: dict[str, Any]) -> None:
        for step in result["run_record"]["steps"]:
            for part in step["data"]:
                part["world"]["version"] = 1

    monkeypatch.setenv("SYRFA_DATA", str(tmp_path / "nowhere"))
    assert main(["reproduce", str(altered(committed, tmp_path, alter))]) == 0
    assert "was made by version 1 of the generator" in capsys.readouterr().out


def test_nothing_stays_where_no_folder_is_given(
    committed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, temporary = tmp_path / "run", tmp_path / "tmp"
    run.mkdir()
    temporary.mkdir()
    (run / "result.json").write_bytes(committed.read_bytes())
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.setattr("syrfa.verbs.reproduce.Rerun.run", interrupt)
    assert main(["reproduce", str(run), "--check"]) == 130
    assert list(temporary.iterdir()) == []
    assert [path.name for path in run.rglob("*")] == ["result.json"]


def interrupt(rerun: Any) -> None:
    rerun.prepare()
    raise KeyboardInterrupt
