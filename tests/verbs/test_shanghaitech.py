"""A phase-1 checkpoint tested on a part of ShanghaiTech that has no training split."""

import json

import numpy as np
import pytest
from small_run import DATA, EXPERIMENTS, SMALL

from syrfa.__main__ import main

CONFIG = f"--config={DATA / 'shanghaitech.yaml'}"
# no weights in the repository: background subtraction finds the boxes
MOTION = """
data:
  target:
    detector: {class_path: syrfa.detection.MotionDetector}
    spec: {frames: 7, min_confidence: 0.3}
"""


@pytest.fixture
def motion(tmp_path):
    (tmp_path / "motion.yaml").write_text(MOTION)
    return f"--config={tmp_path / 'motion.yaml'}"


def test_transfer_in_one_command(data_environment, motion, knowledge_ckpt, tmp_path, capsys):
    files = [CONFIG, motion, f"--config={EXPERIMENTS / 'demo_knowledge.yaml'}"]
    options = [*SMALL, f"--run.root={tmp_path}", f"--ckpt_path={knowledge_ckpt}"]
    with pytest.warns(UserWarning, match="2 of 107 clips"):
        assert main(["test", *files, *options]) == 0
    run = tmp_path / "demo_knowledge" / "seed1"
    result = json.loads((run / "result.json").read_text())
    assert (result["dataset"], result["split"]) == ("shanghaitech", "test")
    assert (result["videos"], result["videos_released"]) == (2, 107)
    masks = data_environment / "shanghaitech" / "test_frame_mask"
    assert result["frames"] == sum(len(np.load(mask)) for mask in masks.iterdir())
    assert 0 <= result["metrics"]["micro_auroc"]["value"] <= 1
    assert result["regions"]["value"] is None
    assert "the abnormal regions of" in result["regions"]["reason"]
    (paper,) = [r["protocol"] for r in result["evaluations"] if r["protocol"]["protocol"] == "paper"]
    assert (paper["constants"], paper["as_published"], paper["mean_window"]) == ("shanghaitech", True, 43)
    assert "constants" not in capsys.readouterr().err
    assert main(["summary", str(run)]) == 0
    assert "2 of 107 videos" in capsys.readouterr().out


@pytest.mark.usefixtures("data_environment")
@pytest.mark.filterwarnings("ignore:.* of 107 clips")
def test_constants_of_another_data_set_are_reported(motion, knowledge_ckpt, tmp_path, capsys):
    files = [CONFIG, motion, f"--config={EXPERIMENTS / 'demo_knowledge.yaml'}"]
    options = [*SMALL, f"--run.root={tmp_path}", f"--ckpt_path={knowledge_ckpt}", "--evaluation.pictures=false"]
    paper = ["--evaluation.protocol=paper", "--evaluation.constants.of=avenue", "--evaluation.constants.block=10"]
    capsys.readouterr()
    assert main(["test", *files, *options, *paper, "--evaluation.constants.sigma=5"]) == 0
    assert "the constants of avenue for shanghaitech, not shanghaitech's" in capsys.readouterr().err
    said = json.loads((tmp_path / "demo_knowledge" / "seed1" / "result.json").read_text())["evaluations"][0]["protocol"]
    assert (said["constants"], said["block"], said["sigma"], said["as_published"]) == ("avenue", 10, 5.0, False)


@pytest.mark.usefixtures("data_environment")
@pytest.mark.filterwarnings("ignore:.* of 107 clips")
def test_what_needs_a_training_split_says_so(motion, knowledge_ckpt, tmp_path, capsys):
    referred = ["test", f"--config={EXPERIMENTS / 'demo_knowledge.yaml'}", "--evaluation.reference=[local]"]
    adapted = ["fit", f"--config={EXPERIMENTS / 'demo_adapt.yaml'}"]
    adapted.append(f"--model.init_args.knowledge_ckpt={knowledge_ckpt}")
    for verb, *options in ([*referred, f"--ckpt_path={knowledge_ckpt}"], adapted):
        assert main([verb, CONFIG, motion, *options, *SMALL, f"--run.root={tmp_path}"]) == 2
        line = capsys.readouterr().err.strip().splitlines()[-1]
        assert "no clip of ShanghaiTech's train split" in line
        assert "training/videos/01_001.avi" in line
