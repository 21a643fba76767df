"""Folders that are locked, logs, and processes that are stopped; the runners of tables and sweeps test the rest."""

import sys
import threading
import time
from pathlib import Path

import pytest

from syrfa.engine.processes import STOPPED, Processes, last_line, locked
from syrfa.errors import ConfigError

SLEEP = [sys.executable, "-c", "import time; print('begun', flush=True); time.sleep(60)"]


def test_a_folder_is_one_call_s_at_a_time(tmp_path: Path) -> None:
    with (
        locked(tmp_path / "new", wait=False),
        pytest.raises(ConfigError, match="still at work there"),
        locked(tmp_path / "new", wait=False),
    ):
        pass
    with locked(tmp_path / "new", wait=False):
        pass


def test_whoever_waits_gets_the_folder_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    order: list[str] = []

    def second() -> None:
        with locked(tmp_path, wait=True):
            order.append("second")

    with locked(tmp_path, wait=True):
        waiting = threading.Thread(target=second)
        waiting.start()
        while "waiting for another call" not in capsys.readouterr().out:
            time.sleep(0.01)
        order.append("first")
    waiting.join(10)
    assert order == ["first", "second"]


def test_stopping_ends_what_runs_and_begins_nothing_more(tmp_path: Path) -> None:
    codes: list[int] = []
    log = tmp_path / "logs" / "one.txt"
    with locked(tmp_path, wait=False) as lock:
        processes = Processes(lock)
        running = threading.Thread(target=lambda: codes.append(processes.run(SLEEP, log)))
        running.start()
        while not (log.is_file() and "begun" in log.read_text()):
            time.sleep(0.01)
        processes.stop()
        running.join(10)
        assert codes == [STOPPED]
        assert processes.run([sys.executable, "-c", "print('no')"], tmp_path / "two.txt") == STOPPED
    assert (tmp_path / "two.txt").read_text() == ""


def test_the_last_line_is_that_of_a_progress_bar_too(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_bytes(b"first\nstep 1\rstep 2\r \n\n")
    assert last_line(log) == "step 2"
    log.write_bytes(b"\n")
    assert last_line(log) == "it said nothing"
