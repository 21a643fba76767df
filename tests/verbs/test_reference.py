"""Weights as safetensors are the checkpoint they were made of, in every verb; a damaged or altered file is refused."""

import json

import numpy as np
import pytest
import torch
from small_run import ADAPT, DEMO, KNOWLEDGE, SMALL

from syrfa.__main__ import main
from syrfa.errors import CheckpointError, WeightsNotFoundError
from syrfa.modules import load_module, reference
from syrfa.modules.checkpoint import read_checkpoint
from syrfa.utils.files import sha256_file

TEST = ["--evaluation.pictures=false", "--evaluation.regions=false", "--evaluation.bootstrap=0"]


@pytest.fixture
def as_reference(knowledge_ckpt, tmp_path, monkeypatch):
    """The tiny checkpoint in the place of the reference network."""
    file = tmp_path / "reference.safetensors"
    reference.write_weights(read_checkpoint(knowledge_ckpt), file)
    monkeypatch.setattr(reference, "FILE", file)
    monkeypatch.setattr(reference, "SHA256", sha256_file(file))
    return file


def test_the_module_is_the_same(as_reference, knowledge_ckpt):
    tubes = torch.randint(0, 256, (3, 7, 64, 64, 1), dtype=torch.uint8)
    ours, theirs = load_module("reference"), load_module(knowledge_ckpt)
    assert torch.equal(ours.score(tubes), theirs.score(tubes))
    assert ours.settings() == theirs.settings()
    assert ours.trained_on == theirs.trained_on
    assert as_reference.stat().st_size < knowledge_ckpt.stat().st_size / 2


def test_every_verb_takes_the_name(as_reference, knowledge_ckpt, tmp_path):
    for name, weights in (("a", "reference"), ("b", str(knowledge_ckpt))):
        options = [*KNOWLEDGE, *SMALL, *TEST, f"--run.root={tmp_path / name}", f"--ckpt_path={weights}"]
        assert main(["test", *options]) == 0
    a, b = (json.loads((tmp_path / n / "demo_knowledge" / "seed1" / "result.json").read_text()) for n in "ab")
    assert a["evaluations"] == b["evaluations"]
    assert a["run_record"]["steps"] == b["run_record"]["steps"]
    predicted = ["predict", *DEMO, f"--out={tmp_path / 'out'}", "--workers=1", "--data.eval_batch_size=16"]
    assert main([*predicted, "--ckpt_path=reference"]) == 0
    for file in (tmp_path / "out" / "scores").iterdir():
        with (
            np.load(file) as ours,
            np.load(tmp_path / "a" / "demo_knowledge" / "seed1" / "scores" / file.name) as theirs,
        ):
            np.testing.assert_allclose(ours["object_score"], theirs["object_score"], atol=1e-6)
    adapted = [*ADAPT, *SMALL, *TEST, f"--run.root={tmp_path}", "--model.init_args.knowledge_ckpt=reference"]
    assert main(["fit", *adapted, "--run.test=true"]) == 0


def test_absent_altered_or_damaged(as_reference, refusal, tmp_path):
    whole = as_reference.read_bytes()
    as_reference.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(CheckpointError, match="is not the reference network of this version"):
        load_module("reference")
    as_reference.unlink()
    with pytest.raises(WeightsNotFoundError, match="the reference network is not there"):
        load_module("reference")
    other = tmp_path / "mine.safetensors"
    for content in (whole[:100], b"", b"\xff" * 64):
        other.write_bytes(content)
        line = refusal(["test", *KNOWLEDGE, *SMALL, f"--run.root={tmp_path}", f"--ckpt_path={other}"])
        assert "mine.safetensors cannot be read as weights of syrfa" in line
