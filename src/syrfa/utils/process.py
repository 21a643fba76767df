"""Settings of the whole process: torch's threads, and what the C library does with freed memory."""

import ctypes
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import distributed

T = TypeVar("T")


def own_share(count: int) -> range:
    """Which of `count` things this process does; over all processes each is done once."""
    if distributed.is_available() and distributed.is_initialized():
        return range(distributed.get_rank(), count, distributed.get_world_size())
    return range(count)


def of_every_process(value: T, group: Any = None) -> list[T]:  # noqa: ANN401 - torch's process group has no common type
    """The value that each process gives, by rank, in memory of the CPU; every process of the group must call this."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return [value]
    found = [value] * distributed.get_world_size(group)
    distributed.all_gather_object(found, value, group)
    return found


_MMAP_THRESHOLD, _LARGE = -3, 1 << 20  # M_MMAP_THRESHOLD of glibc's malloc.h, bytes
_SET_BY_USER = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_MAX_", "MALLOC_MMAP_THRESHOLD_", "LD_PRELOAD", "GLIBC_TUNABLES")


@contextmanager
def one_thread() -> Iterator[None]:
    """Within it, torch uses one thread, so that sums are the same on any machine of a kind."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def give_back_freed_memory() -> bool:
    """Lets glibc give every piece of 1 MiB and more back to the system as soon as it is freed, for the whole process.

    Otherwise the process grows with the length of a video, though it holds no more. Nothing is done under another C
    library, or where the environment chooses an allocator or its thresholds.

    Returns:
        whether it was done.
    """
    if platform.libc_ver()[0] != "glibc" or any(name in os.environ for name in _SET_BY_USER):
        return False
    return bool(ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, _LARGE))
