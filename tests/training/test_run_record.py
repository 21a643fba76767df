"""The run record in checkpoints and results of tiny runs: every step, every hash, nothing of this machine."""

import json
from pathlib import Path

import pytest
import torch
from lightning import Trainer
from small_run import ADAPT, DEMO, EXPERIMENTS, KNOWLEDGE, SMALL

from syrfa.__main__ import main
from syrfa.datasets import UBnormal
from syrfa.training.run_record import RunRecord, run_record_of
from syrfa.utils.files import sha256_json

pytestmark = pytest.mark.usefixtures("data_environment")
QUICK = [*SMALL, "--evaluation.pictures=false", "--evaluation.bootstrap=0"]


@pytest.fixture(scope="module")
def adapted(knowledge_ckpt, tmp_path_factory):
    """A phase-2 checkpoint whose phase 1 is gone from where the configs look."""
    root = tmp_path_factory.mktemp("adapted")
    options = [f"--run.root={root}", f"--model.init_args.knowledge_ckpt={knowledge_ckpt}"]
    assert main(["fit", *ADAPT, *QUICK, *options]) == 0
    return root / "demo_adapt" / "seed1" / "checkpoints" / "last.ckpt"


def result_of(options, root):
    assert main(["test", *options, *QUICK, f"--run.root={root}"]) == 0
    (file,) = root.glob("*/*/result.json")
    return json.loads(file.read_text())


@pytest.fixture(scope="module")
def result(adapted, tmp_path_factory):
    copy = tmp_path_factory.mktemp("copies") / "somebody's copy.ckpt"  # the chain is in the one file
    copy.write_bytes(adapted.read_bytes())
    return result_of([*ADAPT, f"--ckpt_path={copy}"], tmp_path_factory.mktemp("result"))


def test_every_step_is_there_in_order(result):
    phase1, phase2, test = result["run_record"]["steps"]
    assert result["run_record_reason"] is None
    assert [step["verb"] for step in (phase1, phase2, test)] == ["fit", "fit", "test"]
    assert phase1["options"]["model"]["class_path"].endswith("SynthKnowledgeModule")
    assert phase2["options"]["model"]["init_args"]["knowledge_ckpt"] == f"checkpoint:{phase1['id']}@2"
    assert test["options"]["ckpt_path"] == f"checkpoint:{phase2['id']}@2"
    assert phase1["options"]["data"]["steps_per_epoch"] == 2  # of the command line
    assert phase1["options"]["model"]["init_args"]["lr"] == 0.002  # of the config file


def test_a_step_holds_hashes_and_environment(result, data_environment):
    phase1, _, test = result["run_record"]["steps"]
    assert phase1["options_sha256"] == sha256_json(phase1["options"])
    train = phase1["data"][0]
    assert (train["stage"], train["domain"], train["split"]) == ("train", "source", "train")
    assert train["manifest_sha256"] == UBnormal(data_environment / "demo-source").manifest_hash("train")
    assert (train["world"]["preset"], train["world"]["seed"]) == ("tiny", 3)
    assert train["world"]["out"] == "${oc.env:SYRFA_DATA,data/raw}/demo-source"
    assert [part["manifest_sha256"] for part in test["data"]] == [result["manifest_sha256"]]
    assert test["data"][0]["cache"].endswith(result["cache_key"])
    environment = phase1["environment"]
    assert (environment["device"], environment["threads"]) == ("cpu", torch.get_num_threads())
    assert environment["packages"]["torch"]


def test_nothing_of_this_machine_enters(result, data_environment, tmp_path_factory):
    text = json.dumps(result["run_record"])
    for place in (data_environment, tmp_path_factory.getbasetemp(), Path.home(), Path(__file__).parents[2]):
        assert str(place) not in text
    assert '"/' not in text


def test_a_test_without_a_trained_adapter_names_phase_one(knowledge_ckpt, tmp_path):
    options = [*ADAPT, f"--model.init_args.knowledge_ckpt={knowledge_ckpt}", "--model.init_args.adapter=none"]
    fit, test = result_of(options, tmp_path)["run_record"]["steps"]
    assert test["options"]["model"]["init_args"]["knowledge_ckpt"] == f"checkpoint:{fit['id']}@2"
    assert "ckpt_path" not in test["options"]


def test_an_ensemble_names_each_fit_once(knowledge_ckpt, adapted, tmp_path):
    options = [*DEMO, f"--config={EXPERIMENTS / 'ensemble.yaml'}"]
    options.append(f"--model.init_args.members={json.dumps([str(knowledge_ckpt), str(adapted)])}")
    phase1, phase2, test = result_of(options, tmp_path)["run_record"]["steps"]
    members = test["options"]["model"]["init_args"]["members"]
    assert members == [f"checkpoint:{phase1['id']}@2", f"checkpoint:{phase2['id']}@2"]


def test_a_checkpoint_without_a_run_record_is_tested_and_says_so(knowledge_ckpt, tmp_path):
    content = torch.load(knowledge_ckpt, weights_only=True)
    del content["syrfa_run_record"]
    old = tmp_path / "old.ckpt"
    torch.save(content, old)
    result = result_of([*KNOWLEDGE, f"--ckpt_path={old}"], tmp_path)
    assert result["run_record"] is None
    assert "old.ckpt holds no run record" in result["run_record_reason"]


def test_what_no_verb_tested_has_no_run_record():
    trainer = Trainer(accelerator="cpu", logger=False, enable_checkpointing=False)
    record, reason = run_record_of(trainer)
    assert (record, "not started by the command line" in str(reason)) == (None, True)
    trainer.callbacks = [RunRecord("fit", {}, [])]  # type: ignore[attr-defined]
    record, reason = run_record_of(trainer)
    assert (record, "tested within `fit`" in str(reason)) == (None, True)


def test_a_resumed_fit_has_the_run_record_of_an_uninterrupted_one(adapted, tmp_path, result):
    run = [*ADAPT, *QUICK, f"--run.root={tmp_path}", f"--ckpt_path={adapted}"]
    assert main(["fit", *run, "--trainer.max_epochs=2"]) == 0
    again = tmp_path / "demo_adapt" / "seed1" / "checkpoints" / "last.ckpt"
    _, longer = torch.load(again, weights_only=True)["syrfa_run_record"]["steps"]
    phase1, once, _ = result["run_record"]["steps"]
    assert longer["options"]["model"] == once["options"]["model"]
    assert longer["options"]["model"]["init_args"]["knowledge_ckpt"] == f"checkpoint:{phase1['id']}@2"
    assert longer["changed_on_resume"] == ["trainer.max_epochs"]
    assert longer["id"] != once["id"]
