"""A job's folder: claimed by one job, locked by one process, with parts that are whole or not there."""

import errno
import json
import multiprocessing
import random
import subprocess
import sys
import threading
import time

import filelock
import pytest

from syrfa.engine.store import JOB, PARTS, JobStore, folder_lock
from syrfa.errors import ConfigError
from syrfa.utils.files import read_sealed

IDENTITY = {"job": "count", "seed": 1, "sizes": (1, 2)}
WORK = """
import sys, time
from pathlib import Path
from syrfa.engine.store import JobStore
from syrfa.utils.files import atomic_write

store = JobStore(Path(sys.argv[1]), {"job": "killed"})
with store.lock(wait=True):
    store.claim()
    print("working", flush=True)
    names = [f"part{number}" for number in range(30)]
    for name in store.left(names):
        with atomic_write(store.folder / name) as file:
            for _ in range(4):
                file.write(name.encode() * 1000)
                time.sleep(0.001)
        store.finish(name, {"name": name}, [store.folder / name])
    store.complete("whole.json", {name: store.part(name) for name in names})
"""


@pytest.fixture
def store(tmp_path):
    """One finished part of one file."""
    made = JobStore(tmp_path / "job", IDENTITY)
    made.claim()
    (made.folder / "file").write_text("result")
    made.finish("one", {"boxes": 3}, [made.folder / "file"])
    return made


def test_a_finished_part_is_found_again_by_the_same_job_alone(store):
    assert JobStore(store.folder, IDENTITY).part("one") == {"boxes": 3}
    assert store.left(["two", "one", "three"]) == ["two", "three"]
    assert JobStore(store.folder, {**IDENTITY, "seed": 2}).part("one") is None


@pytest.mark.parametrize("damage", ["missing", "longer", "changed", "unsealed", "cut", "not JSON"])
def test_a_damaged_part_is_unfinished(store, damage):
    file, part = store.folder / "file", store.folder / PARTS / "one.json"
    text = part.read_text()
    if damage == "missing":
        file.unlink()
    elif damage in ("longer", "changed"):
        file.write_text("results" if damage == "longer" else "resulT")
    else:
        part.write_text({"unsealed": text.replace("3", "4"), "cut": text[:-9], "not JSON": "\0"}[damage])
    assert store.part("one") is None


def test_sizes_alone_are_compared_where_hashes_are_not_wanted(tmp_path):
    store = JobStore(tmp_path, IDENTITY, hash_files=False)
    (tmp_path / "file").write_text("result")
    store.finish("one", {}, [tmp_path / "file"])
    (tmp_path / "file").write_text("resulT")
    assert store.part("one") == {}
    (tmp_path / "file").write_text("results")
    assert store.part("one") is None


def test_a_folder_holds_one_job(store):
    other = JobStore(store.folder, {**IDENTITY, "seed": 2})
    store.claim()
    with pytest.raises(ConfigError, match=r"holds another job \(its seed is 1, not 2\)"):
        other.claim()
    assert store.part("one") is not None
    other.claim(overwrite=True)
    assert [file.name for file in store.folder.iterdir()] == [JOB]


def test_what_no_job_wrote_is_never_touched(tmp_path, store):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ConfigError, match="holds files of something else"):
        JobStore(tmp_path, IDENTITY).claim(overwrite=True)
    with pytest.raises(ConfigError, match="is a file"):
        JobStore(tmp_path / "notes.txt", IDENTITY).claim()
    (store.folder / JOB).write_text("{}")
    with pytest.raises(ConfigError, match="is damaged"):
        store.claim(overwrite=True)


@pytest.mark.parametrize("name", ["", "a/b", "../a", "a/"])
def test_a_part_s_name_is_a_file_name(store, name):
    with pytest.raises(ConfigError, match="cannot be a file name"):
        store.finish(name, {})


def test_killed_at_random_moments_a_job_ends_with_the_same_bytes(tmp_path):
    chance = random.Random(7)

    def start(folder):
        command = [sys.executable, "-c", WORK, str(folder)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "working\n"
        return process

    for _ in range(4):
        process = start(tmp_path / "killed")
        time.sleep(chance.uniform(0, 0.08))
        process.kill()
        process.communicate()
    for folder in ("killed", "whole"):
        process = start(tmp_path / folder)
        process.communicate()
        assert process.returncode == 0
    contents = [
        {file.relative_to(root): file.read_bytes() for file in root.rglob("*") if file.is_file()}
        for root in (tmp_path / "killed", tmp_path / "whole")
    ]
    assert contents[0] == contents[1]
    assert len(read_sealed(tmp_path / "whole" / "whole.json") or {}) == 30


def hold(folder, held):
    with folder_lock(folder):
        held.set()
        time.sleep(60)


def test_a_folder_is_one_process_s_until_it_is_killed(tmp_path):
    context = multiprocessing.get_context("spawn")
    held = context.Event()
    other = context.Process(target=hold, args=(tmp_path / "new", held))
    other.start()
    assert held.wait(900)
    with pytest.raises(ConfigError, match="another process is at work there"), folder_lock(tmp_path / "new"):
        pass
    other.kill()
    other.join()
    with folder_lock(tmp_path / "new"):
        pass


def test_whoever_waits_gets_the_folder_next(tmp_path, capsys):
    order = []

    def second():
        with folder_lock(tmp_path, wait=True):
            order.append("second")

    with folder_lock(tmp_path):
        waiting = threading.Thread(target=second)
        waiting.start()
        while "waiting for the process" not in capsys.readouterr().out:
            time.sleep(0.01)
        order.append("first")
    waiting.join(900)
    assert order == ["first", "second"]


def test_a_file_system_without_locks_is_named_and_used(tmp_path, monkeypatch, capsys):
    def refuse(*_, **__):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(filelock.FileLock, "acquire", refuse)
    with folder_lock(tmp_path):
        (tmp_path / "file").write_text(json.dumps(1))
    assert "this file system has no locks" in capsys.readouterr().err
