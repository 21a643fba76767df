"""Gradients taken by hand are averaged over two real processes."""

import subprocess
import sys

import torch

from syrfa.modules.steps import average_over_ranks

# a script, not a spawned function: a child cannot import a test module by name under every import mode
WORKER = """
import sys
from datetime import timedelta
import torch
from torch import distributed
from syrfa.modules.steps import average_over_ranks

rank, folder = int(sys.argv[1]), sys.argv[2]
distributed.init_process_group(
    "gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2, timeout=timedelta(seconds=60)
)
gradients = [torch.full((2, 3), float(rank)), torch.tensor(10.0 * rank), torch.arange(4.0) * (rank + 1)]
torch.save(average_over_ranks(gradients), f"{folder}/{rank}.pt")
distributed.destroy_process_group()
"""


def test_two_processes_get_the_mean(tmp_path):
    workers = [subprocess.Popen([sys.executable, "-c", WORKER, str(rank), str(tmp_path)]) for rank in range(2)]
    assert [worker.wait(120) for worker in workers] == [0, 0]
    expected = [torch.full((2, 3), 0.5), torch.tensor(5.0), torch.arange(4.0) * 1.5]
    for rank in range(2):
        found = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        for one, other in zip(found, expected, strict=True):
            assert torch.equal(one, other)


def test_one_process_keeps_its_own():
    gradients = [torch.ones(2), torch.zeros(1)]
    assert all(a is b for a, b in zip(average_over_ranks(gradients), gradients, strict=True))
