"""Stage 0 through the command line on tiny generated worlds: fit, test, predict, resume, and published weights."""

import json

import numpy as np
import pytest
import torch
from small_run import DEMO, EXPERIMENTS, KNOWLEDGE, SMALL

from syrfa.__main__ import main
from syrfa.models import Extractor
from syrfa.modules import JigsawModule
from syrfa.modules.checkpoint import load_extractor

JIGSAW = [*DEMO, f"--config={EXPERIMENTS / 'demo_jigsaw.yaml'}", *SMALL, "--evaluation.pictures=false"]
NARROW = ["--model.init_args.width=2", "--model.init_args.size=16", "--model.init_args.hidden=8"]

pytestmark = pytest.mark.usefixtures("data_environment")


@pytest.fixture(scope="module")
def run(data_environment, tmp_path_factory):
    """The folder of a run that was fitted and tested."""
    root = tmp_path_factory.mktemp("stage0")
    folder = root / "demo_jigsaw" / "seed1"
    assert main(["fit", *JIGSAW, *NARROW, f"--run.root={root}"]) == 0
    # the checkpoint's settings win over the config's width 8 and size 32
    checkpoint = folder / "checkpoints" / "last.ckpt"
    assert main(["test", *JIGSAW, f"--run.root={root}", f"--ckpt_path={checkpoint}"]) == 0
    return folder


def published(path):
    """A tiny state dict under the published names, with the weights of no training."""
    torch.manual_seed(4)
    network = JigsawModule(width=2, frames=7, size=16, hidden=8).jigsaw
    convs = [layer for layer in network.extractor.blocks.modules() if isinstance(layer, torch.nn.Conv3d)]
    weights = {f"model.{n}.weight": conv.weight.detach() for n, conv in zip((0, 3, 7, 10, 14, 17), convs, strict=True)}
    layers = {"conv2d.0": network.extractor.neck.conv}
    for name, head in (("classifier_1", network.temporal), ("classifier_2", network.spatial)):
        layers |= {f"{name}.0": head[0], f"{name}.2": head[2]}
    for name, layer in layers.items():
        weights |= {f"{name}.weight": layer.weight.detach(), f"{name}.bias": layer.bias.detach()}
    torch.save(weights, path)
    return path


def scores(folder):
    found = []
    for file in sorted((folder / "scores").glob("*.npz")):
        with np.load(file, allow_pickle=False) as stored:
            found.append(stored["object_score"])
    assert found
    return found


def test_the_result_says_what_was_trained_on_what(run):
    result = json.loads((run / "result.json").read_text())
    assert (result["module"], result["steps"], result["width"], result["size"]) == ("JigsawModule", 2, 2, 16)
    assert (result["transductive"], result["oracle"]) == (False, False)
    assert [(part["domain"], part["split"]) for part in result["trained_on"]] == [("target", "train")]
    assert 0 <= result["metrics"]["micro_auroc"]["value"] <= 1
    assert result["settings"]["static_threshold"] == 0.2
    assert load_extractor(run / "checkpoints" / "last.ckpt", Extractor(2, 7, 16)) == result["trained_on"]
    assert all(((found >= 0) & (found <= 1)).all() for found in scores(run))


def test_phase_one_starts_from_it_and_tells_its_history(run, tmp_path):
    pretrained = f"--model.init_args.pretrained={run / 'checkpoints' / 'last.ckpt'}"
    narrow = ["--model.init_args.width=2", "--model.init_args.size=16", "--model.init_args.lr=0"]
    assert main(["fit", *KNOWLEDGE, *SMALL, *narrow, pretrained, f"--run.root={tmp_path}"]) == 0
    path = tmp_path / "demo_knowledge" / "seed1" / "checkpoints" / "last.ckpt"
    content = torch.load(path, weights_only=True)
    assert [(part["domain"], part["split"]) for part in content["syrfa"]["trained_on"]] == [
        ("target", "train"),
        ("source", "train"),
    ]
    theirs = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    convolution = "extractor.blocks.0.0.weight"
    assert torch.equal(content["state_dict"][f"network.{convolution}"], theirs[f"jigsaw.{convolution}"])


def test_the_source_trains_it_too_and_predict_writes_scores(run, tmp_path):
    arguments = [*JIGSAW, *NARROW, f"--run.root={tmp_path}"]
    assert main(["fit", *arguments, "--data.train_on=source"]) == 0
    folder = tmp_path / "demo_jigsaw" / "seed1"
    checkpoint = f"--ckpt_path={folder / 'checkpoints' / 'last.ckpt'}"
    assert main(["predict", *arguments, checkpoint, f"--out={tmp_path / 'scored'}"]) == 0
    assert len(scores(tmp_path / "scored")) == len(scores(run))


def test_published_weights_are_scored_without_a_checkpoint_and_trained_on(tmp_path):
    path = published(tmp_path / "ped2.pth")
    arguments = [*JIGSAW, *NARROW, f"--run.root={tmp_path}", f"--model.init_args.pretrained={path}"]
    assert main(["test", *arguments]) == 0
    folder = tmp_path / "demo_jigsaw" / "seed1"
    result = json.loads((folder / "result.json").read_text())
    assert result["settings"]["pretrained_from"].startswith("ped2.pth sha256:")
    assert (result["steps"], len(result["trained_on"]), result["oracle"]) == (0, 1, False)
    assert "not known: what ped2.pth sha256:" in result["audit"]["line"]
    before = scores(folder)

    assert main(["fit", *arguments, "--model.init_args.lr=0"]) == 0
    checkpoint = f"--ckpt_path={folder / 'checkpoints' / 'last.ckpt'}"
    assert main(["fit", *arguments, "--model.init_args.lr=0", "--trainer.max_epochs=2", checkpoint]) == 0
    path.unlink()  # a checkpoint stands without the file
    assert main(["test", *JIGSAW, *NARROW, f"--run.root={tmp_path}", checkpoint]) == 0
    result = json.loads((folder / "result.json").read_text())
    assert result["steps"] == 4
    assert result["settings"]["pretrained_from"].startswith("ped2.pth sha256:")
    assert "not known: what ped2.pth sha256:" in result["audit"]["line"]
    assert all(np.array_equal(one, other) for one, other in zip(before, scores(folder), strict=True))


@pytest.mark.parametrize(
    ("verb", "option", "named"),
    [
        ("test", "--model.init_args.flip=0.5", "test needs weights"),
        ("test", "--model.init_args.pretrained=absent.pth", "no checkpoint at absent.pth; give a published Jigsaw-VAD"),
        ("fit", "--model.init_args.flip=2", "model.init_args.flip=2.0: it is a probability"),
        ("fit", "--trainer.precision=16-true", "float16 needs scaled losses"),
        ("fit", "--data.train_on=both", "data.train_on=both: stage 0 learns from one domain"),
        ("fit", "--data.batch_size=1", "data.batch_size=1: stage 0 needs a temporal and a spatial puzzle"),
        ("fit", "--data.train_on=source --data.class_balance=natural", "stage 0 learns from normal tubes alone"),
    ],
)
def test_mistakes(verb, option, named, tmp_path, refusal):
    assert named in refusal([verb, *JIGSAW, *NARROW, f"--run.root={tmp_path}", *option.split()])


def test_weights_of_another_width_are_refused(tmp_path, refusal):
    path = published(tmp_path / "ped2.pth")
    arguments = [*JIGSAW, f"--run.root={tmp_path}", f"--model.init_args.pretrained={path}"]
    line = refusal(["fit", *arguments, "--model.init_args.size=16"])
    assert "'model.0.weight' has the shape (2, 3, 3, 3, 3), expected (8, 3, 3, 3, 3)" in line
    assert "set model.init_args.width=2 (here 8), model.init_args.hidden=8 (here 512)" in line
