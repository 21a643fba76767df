"""Two gloo processes under Lightning's DDP do what one process does on the batch that they hold together."""

import json
import subprocess
import sys
from pathlib import Path
from runpy import run_path

import pytest
import torch

SCRIPT = Path(__file__).with_name("ranks.py")
PHASE1 = {"lr": 1e-2, "lr_consistency": 1e-2, "lambda_cont": 0.5, "lambda_aux": 0.4, "seed": 3}
PHASE2 = {"lr_adapter": 1e-2, "lr_temporal": 1e-2, "seed": 3}
# case: module, settings, the parts that must have moved
CASES = {
    "phase1": ("SynthKnowledgeModule", {**PHASE1, "augment": True}, "network classifier temporal consistency"),
    "phase1-released": (
        "SynthKnowledgeModule",
        {**PHASE1, "preset": "released", "align_over": "last_block"},
        "network classifier consistency",
    ),
    "phase2": ("RealAdaptModule", PHASE2, "network.adapters temporal"),
    "phase2-released": ("RealAdaptModule", {**PHASE2, "preset": "released"}, "network.adapters temporal"),
    "phase2-head": (
        "RealAdaptModule",
        {**PHASE2, "lambda_aux": 0, "train_consistency_head": True},
        "network.adapters consistency",
    ),
    "interleaved": (
        "InterleavedModule",
        {**PHASE1, "adapt_every": 2, "lr_adapter": 1e-2, "adapter": "ap"},
        "network.extractor network.adapters classifier temporal consistency",
    ),
    "reversal": ("GradientReversalModule", {"lr": 1e-2, "augment": True, "seed": 3}, "network classifier domain"),
    "stage0": ("JigsawModule", {"lr": 1e-2, "hidden": 8, "static_threshold": 0.9, "seed": 3}, "jigsaw"),
}


@pytest.fixture(scope="module")
def trained(knowledge_ckpt, tmp_path_factory):
    """The folder in which every case was trained by one process, and by two."""
    folder = tmp_path_factory.mktemp("ranks")
    cases = {case: (name, settings) for case, (name, settings, _) in CASES.items()}
    together = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    command = [*together, str(SCRIPT), str(folder), str(knowledge_ckpt), json.dumps(cases)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    train = run_path(str(SCRIPT))["train"]
    for case, (name, settings) in cases.items():
        train(folder, knowledge_ckpt, case, name, settings)
    return folder


@pytest.mark.parametrize("case", CASES)
def test_two_processes_train_as_one(case, trained):
    parts = CASES[case][2].split()
    whole = torch.load(trained / f"{case}-0of1.pt", weights_only=True)
    moved = set()
    for rank in (0, 1):
        found = torch.load(trained / f"{case}-{rank}of2.pt", weights_only=True)
        for expected, step in zip(whole["steps"], found["steps"], strict=True):
            for name, gradient in expected.items():
                if gradient is None:
                    assert step[name] is None, name
                    continue
                torch.testing.assert_close(step[name], gradient, rtol=0, atol=1e-9, msg=name)
                if gradient.abs().max() > 1e-6:
                    moved.add(next((part for part in parts if name.removeprefix("phase1.").startswith(part)), name))
        for name, value in whole["weights"].items():
            # Adam divides a gradient that is zero but for rounding by itself: the bias that InstanceNorm cancels
            if not name.endswith("neck.conv.bias"):
                torch.testing.assert_close(found["weights"][name], value, rtol=0, atol=1e-6, msg=name)
    assert moved == set(parts)
