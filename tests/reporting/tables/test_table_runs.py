"""Running a plan with a stand-in for syrfa: what is done is kept, what is not is taken up, a failure stays alone."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from small_tables import FAKE, fake_runs, small_plan

BOTH = {"full", "full_rap", "plain"}


def run(folder: Path, jobs: int = 1, **options: Any) -> dict[str, str | None]:
    plan = small_plan(folder, **options)
    outcomes = fake_runs(plan, jobs).make(folder / "runs")
    return {made.name: outcome.reason for made, outcome in outcomes.items()}


def made(calls: Path) -> list[str]:
    """The calls since this was last asked for, without those that prepare the data."""
    lines = calls.read_text().splitlines() if calls.exists() else []
    calls.unlink(missing_ok=True)
    return [line for line in lines if line not in ("generate", "prepare")]


@pytest.mark.parametrize("jobs", [1, 3])
def test_every_run_is_made_once_and_then_kept(folder: Path, calls: Path, jobs: int) -> None:
    assert run(folder, jobs) == dict.fromkeys(BOTH)
    expected = sorted(f"{verb} demo_{name}" for verb in ("fit", "test") for name in BOTH)
    first = made(calls)
    assert sorted(first) == expected
    assert first.index("fit demo_full") < first.index("fit demo_full_rap")
    assert run(folder, jobs) == dict.fromkeys(BOTH)
    assert not calls.exists()  # nothing to prepare either


def test_another_seed_leaves_the_first_alone(folder: Path, calls: Path) -> None:
    run(folder)
    made(calls)
    run(folder, seeds=[1, 2])
    assert len(made(calls)) == 2 * len(BOTH)


def test_a_result_of_another_configuration_is_never_used(folder: Path, calls: Path) -> None:
    run(folder)
    made(calls)
    (folder / "adapt.yaml").write_text("{seed_everything: 2}\n")
    run(folder)
    assert made(calls) == ["fit demo_full_rap", "test demo_full_rap"]
    (folder / "runs" / "demo_plain" / "seed1" / "result.json").write_text(
        '{"schema": 2, "evaluations": [{"other": 1}]}'
    )
    run(folder)  # somebody tested by hand, with who knows which options
    assert made(calls) == ["test demo_plain"]


def test_results_of_another_copy_of_the_data_are_made_again(folder: Path, calls: Path) -> None:
    def on(copy: str | None) -> list[str]:
        plan = small_plan(folder, ("table1",))
        data: Any = SimpleNamespace(copy_tested=lambda: copy, check=lambda: None)
        fake_runs(replace(plan, data=data)).make(folder / "runs")
        return made(calls)

    everything = ["fit demo_full", "fit demo_full_rap", "test demo_full_rap"]
    assert on("one") == everything
    assert on("one") == []
    assert on("another") == everything
    assert on("another") == []
    assert on(None) == []  # the data are gone, the results are here


def test_a_failed_run_loses_only_those_that_start_from_it(
    folder: Path, calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_FAIL", "fit:demo_full")
    reasons = run(folder, 2)
    assert reasons["plain"] is None
    assert reasons["full"] == "failed: fit: no space left (exit code 2, fit.log)"
    assert reasons["full_rap"] == "failed: full failed"
    monkeypatch.delenv("FAKE_FAIL")
    made(calls)
    assert run(folder) == dict.fromkeys(BOTH)
    assert "resume demo_full" in made(calls)  # the failed fit left a checkpoint


def test_a_failed_test_does_not_train_again(folder: Path, calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_FAIL", "test:demo_full")
    reasons = run(folder)
    assert str(reasons["full"]).startswith("failed: test")
    monkeypatch.delenv("FAKE_FAIL")
    made(calls)
    run(folder)
    assert made(calls) == ["test demo_full", "fit demo_full_rap", "test demo_full_rap"]


def test_weights_that_were_removed_are_made_again_where_phase_2_needs_them(folder: Path, calls: Path) -> None:
    run(folder)
    (folder / "runs" / "demo_full" / "seed1" / "checkpoints" / "last.ckpt").unlink()
    made(calls)
    run(folder)
    assert made(calls) == []
    (folder / "adapt.yaml").write_text("{seed_everything: 2}\n")
    run(folder)
    assert made(calls) == ["fit demo_full", "test demo_full", "fit demo_full_rap", "test demo_full_rap"]


def test_a_folder_that_cannot_be_written_fails_its_run_alone(folder: Path, calls: Path) -> None:
    (folder / "runs").mkdir()
    (folder / "runs" / "demo_plain").write_text("a file")
    reasons = run(folder)
    assert {name for name, reason in reasons.items() if reason is None} == {"full", "full_rap"}
    assert str(reasons["plain"]).startswith("failed: ")
    assert "fit demo_plain" not in made(calls)


def test_data_that_cannot_be_prepared_fail_every_run(
    folder: Path, calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_FAIL", "prepare:")
    assert {str(reason)[:34] for reason in run(folder).values()} == {"failed: prepare: no space left (ex"}
    assert made(calls) == []


def test_a_killed_call_is_taken_up_again(folder: Path, calls: Path) -> None:
    script = (
        "from pathlib import Path; from small_tables import fake_runs, small_plan; "
        "folder = Path.cwd(); "
        "fake_runs(small_plan(folder), 2).make(folder / 'runs')"
    )
    paths = [str(FAKE.parent), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "FAKE_HANG": "fit:demo_full"}
    call = subprocess.Popen([sys.executable, "-c", script], cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    plain = folder / "runs" / "demo_plain" / "seed1" / "parts" / "test.json"
    while not (calls.with_suffix(".hanging").exists() and plain.is_file()):
        assert call.poll() is None
        time.sleep(0.05)
    call.kill()
    call.wait(900)
    _end_hanging(folder)  # its child has lived on, and keeps other calls out
    made(calls)
    assert run(folder) == dict.fromkeys(BOTH)
    assert made(calls) == ["resume demo_full", "test demo_full", "fit demo_full_rap", "test demo_full_rap"]


def _end_hanging(folder: Path) -> None:
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if str(FAKE).encode() in command and str(folder).encode() in command:
            os.kill(int(entry.name), signal.SIGTERM)
