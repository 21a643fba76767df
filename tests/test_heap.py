"""Freed memory stays with the process: seen in the page faults of a second allocation."""

import subprocess
import sys

import pytest

from syrfa.heap import keep_freed_memory

TWICE = """
import resource, sys
from syrfa.heap import keep_freed_memory
kept = sys.argv[1] == "keep" and keep_freed_memory()
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    b'1' * 2**26
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
first, second = faults(), faults()
print(kept, first, second)
"""


def run(how, **environment):
    done = subprocess.run(
        [sys.executable, "-c", TWICE, how], env=environment, capture_output=True, text=True, check=True
    )
    kept, first, second = done.stdout.split()
    return kept == "True", int(first), int(second)


@pytest.fixture
def plain(monkeypatch):
    for name in ("LD_PRELOAD", "GLIBC_TUNABLES"):
        monkeypatch.delenv(name, raising=False)


def test_a_second_map_needs_no_new_pages(plain):
    kept, first, second = run("keep")
    if not kept:
        pytest.skip("not glibc")
    assert second < first / 10


def test_without_it_every_map_does(plain):
    _, first, second = run("leave")
    if first < 1000:
        pytest.skip("the system has pages larger than these counts can show")
    assert second > first / 2


@pytest.mark.parametrize("name", ["MALLOC_TRIM_THRESHOLD_", "LD_PRELOAD"])
def test_an_allocator_that_the_user_chose_is_left_alone(name, monkeypatch):
    monkeypatch.setenv(name, "")
    assert keep_freed_memory() is False
