"""Seconds and peak memory of a call, interleaved with the calls it is compared with."""

import ctypes
import gc
import platform
import sys
import time
from pathlib import Path

import torch

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
MEMORY_IS = (
    "torch.cuda.max_memory_allocated minus what was allocated before the step"
    if torch.cuda.is_available()
    else "peak resident set (VmHWM, reset before each step) minus the resident set before it, free heap returned first"
)


def device():
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def processor():
    """The device's name as the system gives it."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {torch.backends.cpu.get_cpu_capability()}"


def measure(call):
    """Seconds, and bytes at the peak beyond those before the call (nan where the system does not say)."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        seconds = _seconds(call)
        return seconds, torch.cuda.max_memory_allocated() - before
    if not sys.platform.startswith("linux"):
        return _seconds(call), float("nan")
    ctypes.CDLL(None).malloc_trim(0)
    CLEAR.write_text("5")
    before = status("VmRSS")
    seconds = _seconds(call)
    return seconds, status("VmHWM") - before


def interleaved(calls, repetitions, warm=True):
    """(seconds, bytes) of every repetition of every call, each name -> list; one unmeasured round first if `warm`.

    The order turns round with every repetition, so that a drift of the machine meets all alike.
    """
    found = {name: [] for name in calls}
    for call in calls.values() if warm else ():
        call()
    for repetition in range(repetitions):
        names = list(calls) if repetition % 2 == 0 else list(calls)[::-1]
        for name in names:
            found[name].append(measure(calls[name]))
    return found


def _seconds(call):
    start = time.perf_counter()
    call()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start


def status(field):
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(field + ":"))
    return 1024 * int(line.split()[1])
