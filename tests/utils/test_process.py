"""Freed memory goes back to the system, and torch's threads are one for a while."""

import subprocess
import sys

import pytest
import torch

from syrfa.utils.process import give_back_freed_memory, one_thread

# A freed piece raises glibc's own threshold to its size. The small piece behind each large one stays, so that the heap
# cannot shrink.
HOLES = """
import sys
from syrfa.utils.process import give_back_freed_memory
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


def test_large_pieces_leave_no_holes_once_they_are_given_back():
    given, left = left_after_holes("give")
    if not given:
        pytest.skip("not glibc")
    assert left < 4096
    assert left_after_holes("leave")[1] > 32 * 1024


@pytest.mark.parametrize("name", ["MALLOC_TRIM_THRESHOLD_", "LD_PRELOAD"])
def test_an_allocator_that_the_user_chose_is_left_alone(name, monkeypatch):
    monkeypatch.setenv(name, "")
    assert give_back_freed_memory() is False


def test_threads_are_one_and_then_as_before():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with one_thread():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
