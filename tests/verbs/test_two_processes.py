"""The command line under DDP: two processes train, and score every tube once where the batches do not divide evenly."""

import json
import subprocess
import sys

import numpy as np
import pytest
from small_run import KNOWLEDGE, SMALL

NARROW = ["--model.init_args.width=2", "--evaluation.bootstrap=0", "--evaluation.pictures=false"]
BATCH = 60


def syrfa(verb, root, processes, *options):
    start = [sys.executable, "-m"]
    if processes > 1:
        start += ["torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", "-m"]
        options = (*options, f"--trainer.devices={processes}", "--trainer.strategy=ddp")
    command = [*start, "syrfa", verb, *KNOWLEDGE, *SMALL, *NARROW, f"--run.root={root}", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, done.stderr[-6000:]
    return root / "demo_knowledge" / "seed1"


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("data_environment")
def test_two_processes_fit_and_score_each_tube_once(knowledge_ckpt, tmp_path):
    trained = syrfa("fit", tmp_path / "fit", 2, "--trainer.check_val_every_n_epoch=1", "--run.test=true")
    assert (trained / "checkpoints" / "last.ckpt").is_file()
    options = (f"--ckpt_path={knowledge_ckpt}", f"--data.eval_batch_size={BATCH}", "--evaluation.reference=[fused]")
    options += ("--evaluation.feature_distance=true", "--evaluation.feature_distance_tubes=0")
    alone = syrfa("test", tmp_path / "alone", 1, *options)
    together = syrfa("test", tmp_path / "together", 2, *options)
    results = [json.loads((folder / "result.json").read_text()) for folder in (alone, together)]
    objects = results[0]["objects"]
    assert -(-objects // BATCH) % 2 == 1, "an odd number of batches, the last one not full, is what this is about"
    assert objects % BATCH
    assert results[1]["objects"] == objects
    assert json.loads((trained / "result.json").read_text())["objects"] == objects  # of the test behind the fit
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
