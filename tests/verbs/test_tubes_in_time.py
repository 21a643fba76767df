"""Tubes in time through every verb: a fit, its test, and a prediction from video to score that gives the same."""

import json

import numpy as np
import pytest
from small_run import DEMO, KNOWLEDGE, SMALL

from syrfa.__main__ import main

IN_TIME = [f"--data.{domain}.spec.interval=0.1" for domain in ("source", "target")]
# clips of a second and a half have no room for the wider margin of the train split
IN_TIME += ["--data.source.train_spec.interval=0.1", "--data.source.train_spec.margin=3"]

pytestmark = pytest.mark.usefixtures("data_environment")


def test_predict_from_video_equals_test_from_tubes(tmp_path, data_environment):
    options = [*KNOWLEDGE, *SMALL, *IN_TIME, "--model.init_args.width=2", f"--run.root={tmp_path}"]
    assert main(["fit", *options, "--run.test=true", "--evaluation.reference=[fused]"]) == 0
    run = tmp_path / "demo_knowledge" / "seed1"
    result = json.loads((run / "result.json").read_text())
    assert result["evaluations"][0]["protocol"]["temporal_radius"] == 0
    predict = [
        "predict",
        *DEMO,
        *IN_TIME,
        f"--ckpt_path={run / 'checkpoints' / 'last.ckpt'}",
        f"--out={tmp_path / 'out'}",
    ]
    assert main([*predict, f"--data.cache_root={tmp_path / 'empty'}", "--workers=1"]) == 0
    tested = sorted((run / "scores").glob("*.npz"))
    assert len(tested) == 2
    rates = json.loads((data_environment / "demo-target" / "world.json").read_text())["fps"]
    for path in tested:
        with np.load(path) as theirs, np.load(tmp_path / "out" / "scores" / path.name) as ours:
            for name in theirs.files:
                np.testing.assert_allclose(ours[name], theirs[name], rtol=0, atol=1e-6)
            # 14 to 18 frames a second: a score holds for one or two frames, from the first frame to the last
            changes = np.flatnonzero(np.diff(theirs["frames"])) + 1
            assert len(changes) <= len(theirs["frames"]) * 10 / rates[f"test/{path.stem}"] + 1
            assert theirs["object_frame"].min() == 0
            assert theirs["object_frame"].max() == len(theirs["frames"]) - 1
