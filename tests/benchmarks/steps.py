"""Seconds of training steps in a process of their own: python steps.py WIDTH TUBES STEPS keep|leave THREADS.

Prints the median of all steps but the first, and the peak resident set in MiB.
"""

import sys
import time
from statistics import median

import torch
from machine import status
from standalone import StandaloneModule, batch_of

from syrfa.utils.heap import keep_freed_memory

if __name__ == "__main__":
    width, tubes, steps = map(int, sys.argv[1:4])
    if sys.argv[4] == "keep" and not keep_freed_memory():
        sys.exit("the heap cannot be set here")
    torch.set_num_threads(int(sys.argv[5]))
    torch.manual_seed(0)
    module, batch = StandaloneModule(width=width).train(), batch_of(tubes)
    seconds = []
    for _ in range(steps + 1):
        start = time.perf_counter()
        module.training_step(batch, 0)
        seconds.append(time.perf_counter() - start)
    # not ru_maxrss, which a process inherits from the one that started it
    print(median(seconds[1:]), status("VmHWM") / 2**20)
