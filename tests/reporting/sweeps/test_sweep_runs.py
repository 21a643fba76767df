"""Points as processes: parallel, one failing alone, stopped and gone on with. The fit is a quick stand-in."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from syrfa.__main__ import main

FAKE = Path(__file__).parents[2] / "support" / "fake_fit.py"


def write(folder: Path, parameters: dict[str, Any], **changes: Any) -> Path:
    content = {
        "name": "some",
        "method": "grid",
        "program": str(FAKE),
        "command": ["${interpreter}", "${program}", "fit", "${args}"],
        "metric": {"name": "val/micro_auroc", "goal": "maximize"},
        "parameters": parameters,
        **changes,
    }
    path = folder / "some.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


def sweep(path: Path, *options: str) -> int:
    return main(["sweep", f"--config={path}", f"--root={path.parent / 'runs'}", *options])


def record(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((path.parent / "runs" / "some" / "sweep.json").read_text())
    return content


def starts(path: Path) -> int:
    return sum(len(file.read_text().splitlines()) for file in (path.parent / "runs" / "some").glob("*/starts"))


@pytest.mark.parametrize(
    ("name", "goal", "best"),
    [("val/micro_auroc", "maximize", 3), ("train/cls", "minimize", 3), ("test/micro_auroc", "maximize", 1)],
)
def test_points_run_and_the_best_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, goal: str, best: int
) -> None:
    path = write(tmp_path, {"x": {"values": [1, 3, 2]}}, metric={"name": name, "goal": goal})
    assert sweep(path, "--jobs=2") == 0
    content = record(path)
    assert (content["sweep"], content["parameters"]) == ("some", ["x"])
    assert [point["parameters"]["x"] for point in content["points"]] == [1, 3, 2]
    assert {point["state"] for point in content["points"]} == {"finished"}
    metrics = [point["metrics"] for point in content["points"]]
    assert [each["val/micro_auroc"] for each in metrics] == pytest.approx([0.76, 0.78, 0.77])
    assert metrics[0]["test/micro_auroc"] == pytest.approx(0.24)
    assert metrics[1]["train/cls"] == pytest.approx(1.22)
    out = capsys.readouterr().out
    assert f"best by {name} ({goal}): x={best}" in out
    assert ("oracle" in out) is name.startswith("test/")


def test_a_sweep_that_validates_on_the_test_split_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, {"x": {"values": [1, 3]}, "oracle": {"value": "true"}})
    assert sweep(path) == 0
    out = capsys.readouterr().out
    assert "best by val/micro_auroc (maximize): x=3" in out
    assert "oracle: data.oracle validates on the test split; the test split chose this point" in out
    assert out.count("strict centred (oracle)") == 2
    point = record(path)["points"][0]
    assert (point["flags"], point["protocol"]) == ("oracle", "strict centred (oracle)")
    page = tmp_path / "page.html"
    assert main(["report", str(tmp_path / "runs"), f"--out={page}"]) == 0
    assert "a choice by it is an oracle's" in page.read_text()


def test_a_metric_that_nobody_logs_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, {"x": {"values": [1]}}, metric={"name": "val/auroc", "goal": "maximize"})
    assert sweep(path) == 0
    said = capsys.readouterr()
    assert "best by" not in said.out
    assert "no point has logged val/auroc; they have " in said.err
    assert "val/micro_auroc" in said.err


def test_a_loss_that_is_no_number_is_null(tmp_path: Path) -> None:
    path = write(tmp_path, {"diverged": {"value": "true"}})
    assert sweep(path) == 0
    assert record(path)["points"][0]["metrics"]["train/cls"] is None


def test_what_is_done_is_not_done_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, {"x": {"values": [1, 2]}})
    assert sweep(path, "--dry_run") == 0
    assert capsys.readouterr().out.count("to do") == 2
    assert not (tmp_path / "runs").exists()
    assert sweep(path) == 0
    assert sweep(write(tmp_path, {"x": {"values": [1, 2, 3]}})) == 0
    assert starts(path) == 3
    assert len(record(path)["points"]) == 3
    capsys.readouterr()
    assert sweep(path, "--dry_run=true") == 0
    assert capsys.readouterr().out.count(" done x=") == 3


def test_a_failed_point_stops_no_other_and_is_tried_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, {"mood": {"values": ["fails", "well"]}})
    assert sweep(path) == 1
    assert "exit code 3: no such luck" in capsys.readouterr().err
    assert [point["state"] for point in record(path)["points"]] == ["failed", "finished"]
    assert sweep(path) == 1
    assert starts(path) == 3


def test_a_damaged_result_is_made_again(tmp_path: Path) -> None:
    path = write(tmp_path, {"x": {"values": [1]}})
    assert sweep(path) == 0
    (result,) = (tmp_path / "runs" / "some").glob("*/result.json")
    result.write_text("{")
    assert sweep(path) == 0
    assert starts(path) == 2
    assert json.loads(result.read_text())["evaluations"]


def started(path: Path, number: int) -> subprocess.Popen[bytes]:
    """A sweep in a process of its own, with `number` points that wait."""
    command = [sys.executable, "-m", "syrfa", "sweep", f"--config={path}", f"--root={path.parent / 'runs'}", "--jobs=2"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 900
    while len(list((path.parent / "runs" / "some").glob("*/waiting"))) < number:
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    return process


def test_a_stopped_sweep_lets_its_points_save_and_goes_on_from_there(tmp_path: Path) -> None:
    path = write(tmp_path, {"mood": {"value": "waits"}, "x": {"values": [1, 2, 3]}})
    process = started(path, 2)
    process.terminate()
    assert process.wait(900) == 143
    assert len(list((tmp_path / "runs" / "some").glob("*/checkpoints/last.ckpt"))) == 2
    assert starts(path) == 2  # the third was not begun
    for folder in (tmp_path / "runs" / "some").glob("*/starts"):
        assert "--run.overwrite=true" in folder.read_text()
    third = write(tmp_path, {"mood": {"value": "waits"}, "x": {"values": [1, 2]}})
    assert sweep(third) == 0
    for folder in (tmp_path / "runs" / "some").glob("*/starts"):
        again = folder.read_text().splitlines()[1]
        assert f"--ckpt_path={folder.parent / 'checkpoints' / 'last.ckpt'}" in again
        assert "--run.overwrite" not in again


def test_an_interrupt_of_the_terminal_reaches_points_once_and_through_the_sweep(tmp_path: Path) -> None:
    path = write(tmp_path, {"mood": {"value": "waits"}, "x": {"values": [1, 2]}})
    process = started(path, 2)
    os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does, to all that are in the foreground
    assert process.wait(900) == 130
    assert len(list((tmp_path / "runs" / "some").glob("*/checkpoints/last.ckpt"))) == 2
