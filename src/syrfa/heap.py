"""What the C library does with freed memory while a CPU trains."""

import ctypes
import os
import platform

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # M_TRIM_THRESHOLD and M_MMAP_MAX of glibc's malloc.h
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
    if platform.libc_ver()[0] != "glibc" or any(name in os.environ for name in _SET_BY_USER):
        return False
    set_option = ctypes.CDLL(None).mallopt
    return bool(set_option(_TRIM_THRESHOLD, -1)) and bool(set_option(_MMAP_MAX, 0))
