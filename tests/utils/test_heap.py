"""Freed memory stays with the process: seen in the page faults of a second allocation."""

import subprocess
import sys

import pytest

from syrfa.utils.heap import give_back_freed_memory, keep_freed_memory

TWICE = """
import resource, sys
from syrfa.utils.heap import keep_freed_memory
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


# A freed piece raises glibc's own threshold to its size. The small piece behind each large one stays, so that the heap
# cannot shrink.
HOLES = """
import sys
from syrfa.utils.heap import give_back_freed_memory
from ctypes import CDLL, c_size_t, c_void_p, memset
given = sys.argv[1] == "give" and give_back_freed_memory()
c = CDLL(None)
c.malloc.restype, c.malloc.argtypes, c.free.argtypes = c_void_p, [c_size_t], [c_void_p]
def resident():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS"))
c.free(c.malloc(2**23))
before, held = resident(), []
for _ in range(32):
    held.append((c.malloc(2**21), c.malloc(100_000)))
    memset(held[-1][0], 1, 2**21)
for piece, _ in held:
    c.free(piece)
print(given, resident() - before)
"""


def left_after_holes(how):
    done = subprocess.run([sys.executable, "-c", HOLES, how], env={}, capture_output=True, text=True, check=True)
    given, kilobytes = done.stdout.split()
    return given == "True", int(kilobytes)


def test_large_pieces_leave_no_holes_once_they_are_given_back(plain):
    given, left = left_after_holes("give")
    if not given:
        pytest.skip("not glibc")
    assert left < 4096
    assert left_after_holes("leave")[1] > 32 * 1024


@pytest.mark.parametrize("name", ["MALLOC_TRIM_THRESHOLD_", "LD_PRELOAD"])
def test_an_allocator_that_the_user_chose_is_left_alone(name, monkeypatch):
    monkeypatch.setenv(name, "")
    assert keep_freed_memory() is False
    assert give_back_freed_memory() is False
