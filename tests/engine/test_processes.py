"""Logs, folders that are waited for, and processes that are stopped; the runners of tables and sweeps test the rest."""

import sys
import threading
import time

from syrfa.engine import folder_lock
from syrfa.engine.processes import STOPPED, Processes, last_line

SLEEP = [sys.executable, "-c", "import time; print('begun', flush=True); time.sleep(60)"]


def test_a_folder_is_waited_for_until_it_is_free_or_all_is_stopped(tmp_path, capsys):
    processes = Processes()
    assert processes.wait_for(tmp_path)
    found = []
    for last in (True, False):
        with folder_lock(tmp_path):
            waiting = threading.Thread(target=lambda: found.append(processes.wait_for(tmp_path)))
            waiting.start()
            while "waiting for the process" not in capsys.readouterr().out:
                time.sleep(0.01)
            if not last:
                processes.stop()
                waiting.join(900)
        waiting.join(900)
    assert found == [True, False]


def test_stopping_ends_what_runs_and_begins_nothing_more(tmp_path):
    codes = []
    log = tmp_path / "logs" / "one.txt"
    processes = Processes()
    running = threading.Thread(target=lambda: codes.append(processes.run(SLEEP, log)))
    running.start()
    while not (log.is_file() and "begun" in log.read_text()):
        time.sleep(0.01)
    processes.stop()
    running.join(900)
    assert codes == [STOPPED]
    assert processes.run([sys.executable, "-c", "print('no')"], tmp_path / "two.txt") == STOPPED
    assert (tmp_path / "two.txt").read_text() == ""


def test_the_last_line_is_that_of_a_progress_bar_too(tmp_path):
    log = tmp_path / "log.txt"
    log.write_bytes(b"first\nstep 1\rstep 2\r \n\n")
    assert last_line(log) == "step 2"
    log.write_bytes(b"\n")
    assert last_line(log) == "no output"
