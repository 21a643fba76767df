"""The command line under DDP: two processes train, and score every tube once where the batches do not divide evenly."""

import json
import subprocess
import sys

import numpy as np
import pytest
from small_run import KNOWLEDGE, SMALL

from syrfa.__main__ import main

NARROW = ["--model.init_args.width=2", "--evaluation.bootstrap=0", "--evaluation.pictures=false"]
BATCH = 60


@pytest.mark.usefixtures("data_environment")
def test_two_processes_fit_and_score_each_tube_once(tmp_path):
    """Their fit and test, and a test of the same checkpoint by one process, which is this one."""
    options = [*KNOWLEDGE, *SMALL, *NARROW, f"--data.eval_batch_size={BATCH}", "--evaluation.reference=[fused]"]
    options += ["--evaluation.feature_distance=true", "--evaluation.feature_distance_tubes=0"]
    together, alone = (tmp_path / name / "demo_knowledge" / "seed1" for name in ("together", "alone"))
    two = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m", "syrfa", "fit"]
    two += [*options, f"--run.root={tmp_path / 'together'}", "--trainer.devices=2", "--trainer.strategy=ddp"]
    two += ["--trainer.check_val_every_n_epoch=1", "--run.test=true"]
    done = subprocess.run(two, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-6000:]
    checkpoint = together / "checkpoints" / "last.ckpt"
    assert main(["test", *options, f"--run.root={tmp_path / 'alone'}", f"--ckpt_path={checkpoint}"]) == 0
    results = [json.loads((folder / "result.json").read_text()) for folder in (alone, together)]
    objects = results[0]["objects"]
    assert -(-objects // BATCH) % 2 == 1, "an odd number of batches, the last one not full, is what this is about"
    assert objects % BATCH
    assert results[1]["objects"] == objects
    assert results[0]["feature_distance"]["tubes"] == objects
    assert results[1]["feature_distance"] == results[0]["feature_distance"]
    assert [reading["protocol"].get("reference") for reading in results[0]["evaluations"]] == [None] * 4 + ["fused"] * 3
    for one, other in zip(results[0]["evaluations"], results[1]["evaluations"], strict=True):
        assert other["protocol"] == one["protocol"]
        assert other["metrics"] == one["metrics"]
        assert other["alarms"] == one["alarms"]
    assert results[1]["regions"] == results[0]["regions"]
    assert results[0]["regions"]["rbdc"]["value"] is not None
    files = sorted(path.name for path in (alone / "scores").glob("*.npz"))
    assert files
    for name in files:
        with np.load(alone / "scores" / name) as one, np.load(together / "scores" / name) as other:
            for key in one.files:
                np.testing.assert_allclose(other[key], one[key], rtol=0, atol=1e-6)
