"""References in options to what earlier steps left, and to files that no step made."""

import pytest
import torch

from syrfa.reporting.inputs import inputs_of
from syrfa.training.paths import PortablePaths
from syrfa.training.run_record import Chain, NoRunRecordError, referred
from syrfa.utils.files import sha256_file


def checkpoint(path, steps, batches, reason=None):
    """A file as a fit leaves it, but for its weights."""
    content = {
        "state_dict": {"batches_seen": torch.tensor(batches)},
        "syrfa": {"class_path": "syrfa.modules.JigsawModule", "trained_on": []},
        "hyper_parameters": {},
        "syrfa_run_record": {"steps": None if steps is None else [{"id": name} for name in steps], "reason": reason},
    }
    torch.save(content, path)
    return str(path)


def options(**arguments):
    return {
        "seed_everything": 1,
        "ckpt_path": None,
        "weights_only": True,
        "run": {"root": "/there/runs", "experiment": "e", "id": None, "overwrite": True, "wandb": False},
        "checkpoint": {"dirpath": "/there/runs/e/seed1/checkpoints", "save_last": True},
        "trainer": {"default_root_dir": "/there/runs/e/seed1", "logger": None, "max_epochs": 3},
        "model": {"class_path": "syrfa.modules.SynthKnowledgeModule", "init_args": arguments},
    }


def test_pretraining_stands_before_what_starts_from_it(tmp_path):
    chain = Chain(PortablePaths())
    written = chain.options(options(pretrained=checkpoint(tmp_path / "last.ckpt", ["stage0"], 7), width=8), fits=True)
    assert written["model"]["init_args"] == {"pretrained": "checkpoint:stage0@7", "width": 8}
    assert [step["id"] for step in chain.steps] == ["stage0"]
    assert referred(written["model"]["init_args"]["pretrained"]) == ("stage0", 7)
    assert referred("checkpoints/last.ckpt") is None


def test_members_share_their_steps(tmp_path):
    members = [checkpoint(tmp_path / f"{n}.ckpt", ["common", f"fit{n}"], n) for n in (1, 2)]
    chain = Chain(PortablePaths())
    written = chain.options(options(members=members), fits=False)
    assert written["model"]["init_args"]["members"] == ["checkpoint:fit1@1", "checkpoint:fit2@2"]
    assert [step["id"] for step in chain.steps] == ["common", "fit1", "fit2"]


def test_where_files_go_is_left_out_and_what_is_done_stays():
    written = Chain(PortablePaths()).options(options(), fits=True)
    assert written["run"] == {"experiment": "e", "id": None}
    assert written["checkpoint"] == {"save_last": True}
    assert written["trainer"] == {"max_epochs": 3}
    assert "/there" not in str(written)


def test_weights_from_elsewhere_are_known_by_their_hash(tmp_path, monkeypatch):
    file = tmp_path / "published.pth"
    torch.save({"model.0.weight": torch.zeros(2)}, file)
    chain = Chain(PortablePaths())
    written = chain.options(options(pretrained=str(file)), fits=True)
    place = "${oc.env:SYRFA_ELSEWHERE}/published.pth"
    assert written["model"]["init_args"]["pretrained"] == place
    assert chain.files == [{"place": place, "sha256": sha256_file(file)}]

    step = {"options": {"data": {}}, "data": [], "files": chain.files}
    monkeypatch.delenv("SYRFA_ELSEWHERE", raising=False)
    assert [one.verdict for one in inputs_of([step])] == ["absent"]
    monkeypatch.setenv("SYRFA_ELSEWHERE", str(tmp_path))
    assert [one.verdict for one in inputs_of([step, step])] == ["equal"]
    file.write_bytes(b"other")
    assert [one.verdict for one in inputs_of([step])] == ["differs"]


def test_a_chain_without_a_beginning_says_why(tmp_path):
    path = checkpoint(tmp_path / "last.ckpt", None, 7, "phase1.ckpt was written by an older version")
    with pytest.raises(NoRunRecordError, match=r"phase1\.ckpt"):
        Chain(PortablePaths()).refer(path)
