"""Builds in processes: killed, two at once, several workers; all end in the same bytes."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from syrfa.datasets import UCSDPed2
from syrfa.detection.file import FileDetector
from syrfa.errors import CacheError, DetectionError, LabelError
from syrfa.tubes import TubeCache, TubeSpec, build_cache

SCRIPT = """
import os, signal, sys
from syrfa.datasets import UCSDPed2
from syrfa.detection.file import FileDetector
from syrfa.tubes import TubeSpec, build_cache

root, boxes, cache, workers, die_before, die_after = sys.argv[1:]
calls = {"fsync": 0}
fsync = os.fsync
def deadly_fsync(handle):
    calls["fsync"] += 1
    if calls["fsync"] == int(die_before):
        os.kill(os.getpid(), signal.SIGKILL)
    fsync(handle)
    if calls["fsync"] == int(die_after):
        os.kill(os.getpid(), signal.SIGKILL)
if __name__ == "__main__":
    if int(die_before) or int(die_after):
        os.fsync = deadly_fsync
    print("started", flush=True)
    build_cache(UCSDPed2(root), "train", FileDetector(boxes), TubeSpec(), cache, int(workers), progress=False)
"""


@pytest.fixture
def start(small_ped2, tmp_path):
    """Starts a build in a process of its own."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)

    def run(cache, workers=1, die_before=0, die_after=0):
        arguments = [*small_ped2, cache, workers, die_before, die_after]
        command = [sys.executable, script, *arguments]
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
        return subprocess.Popen(
            [str(part) for part in command], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    return run


@pytest.fixture
def wanted(small_ped2, tmp_path, tools):
    """An undisturbed build: its folder's name and the hash of every file."""
    root, boxes = small_ped2
    cache = build_cache(UCSDPed2(root), "train", FileDetector(boxes), TubeSpec(), tmp_path / "whole", 1, False)
    return cache.folder.name, tools.digests(cache.folder)


def test_killed_and_resumed_build_is_the_same_to_the_byte(start, wanted, tmp_path, tools):
    name, digests = wanted
    rng = np.random.default_rng(20240817)
    cache = tmp_path / "killed"
    kills = 0
    # a build writes job.json, 4 x (shard, index, part, labels), index, folder, manifest, folder, labels
    for call in (1, 2, 3, *rng.integers(1, 6, 5), 50):
        before_rename = bool(rng.integers(2))
        process = start(cache, 1, call if before_rename else 0, 0 if before_rename else call)
        _, errors = process.communicate(timeout=900)
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL, errors
        kills += 1
        if (cache / name).exists():
            with pytest.raises(CacheError, match="not finished"):
                TubeCache.open(cache / name)
    assert kills >= 6
    assert process.returncode == 0, errors
    assert tools.digests(cache / name) == digests
    TubeCache.open(cache / name, verify=True)


@pytest.mark.parametrize("call", [18, 20, 22])
def test_killed_while_finishing(start, wanted, tmp_path, tools, call):
    name, digests = wanted
    cache = tmp_path / "killed"
    process = start(cache, 1, call)
    process.communicate(timeout=900)
    assert process.returncode == -signal.SIGKILL
    process = start(cache)
    assert process.wait(900) == 0
    assert tools.digests(cache / name) == digests


def test_killed_at_any_moment_with_workers(start, wanted, tmp_path, tools):
    name, digests = wanted
    cache = tmp_path / "killed"
    process = start(cache, workers=2)
    assert process.stdout.readline() == "started\n"
    time.sleep(np.random.default_rng(7).uniform(0, 1.5))
    process.kill()
    process.communicate(timeout=900)  # returns only when the orphaned workers have closed the pipes, too
    process = start(cache, workers=2)
    _, errors = process.communicate(timeout=900)
    assert process.returncode == 0, errors
    assert tools.digests(cache / name) == digests


def test_two_builders_at_once(start, wanted, tmp_path, tools):
    name, digests = wanted
    cache = tmp_path / "both"
    both = [start(cache), start(cache)]
    for process in both:
        _, errors = process.communicate(timeout=900)
        assert process.returncode == 0, errors
    assert tools.digests(cache / name) == digests


def test_errors_of_workers_reach_the_user(small_ped2, tmp_path):
    root, boxes = small_ped2
    with np.load(boxes) as file:
        content = dict(file)
    content["frames_per_video"][2] += 1
    np.savez(boxes, **content)
    with pytest.raises((DetectionError, LabelError), match="21 frames"):
        build_cache(UCSDPed2(root), "train", FileDetector(boxes), TubeSpec(), tmp_path / "cache", 2, False)
