"""What the C library does with freed memory: kept while a CPU trains, given back while videos are scored."""

import ctypes
import os
import platform

# M_TRIM_THRESHOLD, M_MMAP_THRESHOLD and M_MMAP_MAX of glibc's malloc.h
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
_LARGE = 1 << 20
_SET_BY_USER = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_MAX_", "MALLOC_MMAP_THRESHOLD_", "LD_PRELOAD", "GLIBC_TUNABLES")


def keep_freed_memory() -> bool:
    """Lets glibc keep for the next step what a step has freed, instead of giving it back to the system.

    Feature maps are tens of megabytes. glibc gives such pieces back as they are freed, and the system clears every page
    again when the next map asks for it, which costs a step up to a fifth of its time. The process then stays as large
    as its largest step. Nothing is changed under another C library, or where the environment chooses an allocator or
    its thresholds.

    Returns:
        whether it was done.
    """
    return _set((_TRIM_THRESHOLD, -1), (_MMAP_MAX, 0))


def give_back_freed_memory() -> bool:
    """Lets glibc give every piece of 1 MiB and more back to the system as soon as it is freed, for the whole process.

    Left to itself glibc takes such pieces from its heaps once a few were freed. Frames, tubes and feature maps of many
    sizes, made in one thread and freed in another, then leave holes that fit nothing, and the process grows with
    the length of a video, though it holds no more than before (docs/scale.md). The price is that the system clears
    pages again. Exceptions and returned value as `keep_freed_memory`, whose opposite this is.
    """
    return _set((_MMAP_THRESHOLD, _LARGE))


def _set(*options: tuple[int, int]) -> bool:
    if platform.libc_ver()[0] != "glibc" or any(name in os.environ for name in _SET_BY_USER):
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return all(mallopt(option, value) for option, value in options)
