"""`fit --run.test true` leaves what `fit` and then `test` leave."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
import wandb
from small_run import DATA, EXPERIMENTS, KNOWLEDGE, SMALL

from syrfa.__main__ import main

pytestmark = pytest.mark.usefixtures("data_environment")
WIDTH = "--model.init_args.width=2"
OF_THE_PLACE = {"root", "ckpt_path", "dirpath", "default_root_dir"}  # keys that hold the folder's name


@pytest.fixture(scope="module")
def both(knowledge_ckpt, tmp_path_factory):
    """The run folders of one process and of two verbs, the first of which is the session's fit."""
    one, two = (tmp_path_factory.mktemp(name) for name in ("one", "two"))
    assert main(["fit", *KNOWLEDGE, *SMALL, WIDTH, f"--run.root={one}", "--run.test=true"]) == 0
    shutil.copytree(knowledge_ckpt.parents[1], two / "demo_knowledge" / "seed1")
    arguments = [*KNOWLEDGE, *SMALL, WIDTH, f"--run.root={two}"]
    last = two / "demo_knowledge" / "seed1" / "checkpoints" / "last.ckpt"
    assert main(["test", *arguments, f"--ckpt_path={last}"]) == 0
    return one / "demo_knowledge" / "seed1", two / "demo_knowledge" / "seed1"


def test_every_file_and_number_is_the_same(both):
    names = [{str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} for folder in both]
    assert names[0] == names[1] >= {"result.json", "config_test.yaml", "provenance_test.json", "score_curves.png"}
    assert (both[0] / "metrics.csv").read_text() == (both[1] / "metrics.csv").read_text()
    one, two = (json.loads((folder / "result.json").read_text()) for folder in both)
    for result in (one, two):
        arguments = result["environment"].pop("arguments")
        assert arguments[0] == "test"
        assert any(argument.startswith("--ckpt_path=") for argument in arguments)
    assert one == two
    states = [torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"] for folder in both]
    assert states[0].keys() == states[1].keys()
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())
    for file in (both[0] / "scores").iterdir():
        stored, expected = np.load(file), np.load(both[1] / "scores" / file.name)
        assert stored.files == expected.files
        assert all(np.array_equal(stored[name], expected[name]) for name in stored.files)


def test_the_configs_differ_by_the_place_alone(both):
    one, two = ((folder / "config_test.yaml").read_text().splitlines() for folder in both)
    changed = {line.split(":")[0].strip() for line in set(one) ^ set(two)}
    assert changed <= {*OF_THE_PLACE, "test"}


def test_a_finished_fit_is_resumed_to_be_tested(both):
    (both[0] / "result.json").unlink()
    run = [*KNOWLEDGE, *SMALL, WIDTH, f"--run.root={both[0].parents[1]}", "--run.test=true"]
    assert main(["fit", *run, f"--ckpt_path={both[0] / 'checkpoints' / 'last.ckpt'}"]) == 0
    again, expected = (json.loads((folder / "result.json").read_text()) for folder in both)
    assert again["evaluations"] == expected["evaluations"]
    assert again["trained_on"] == expected["trained_on"]


@pytest.mark.parametrize(
    ("data", "options", "named"),
    [
        (["generated.yaml"], [], "the config describes no data.target"),
        (["generated.yaml", "folder.yaml"], [], "no split with frame labels to test on"),
        (
            ["demo.yaml"],
            ["--evaluation.protocol=paper", "--data.target.constants=null"],
            "data.target.constants names no published constants",
        ),
        (
            ["demo.yaml"],
            ["--data.target.constants=shanghaitech", "--evaluation.constants.filter_size=3"],
            "evaluation.constants.filter_size=3:",
        ),
        (
            ["demo.yaml"],
            ["--evaluation.feature_distance=true", "--evaluation.feature_distance_tubes=1"],
            "evaluation.feature_distance_tubes=1: they are too few",
        ),
    ],
)
def test_what_cannot_be_tested_is_refused_before_training(data, options, named, tmp_path, refusal):
    configs = [f"--config={DATA / name}" for name in data]
    run = [*configs, f"--config={EXPERIMENTS / 'demo_knowledge.yaml'}", *SMALL, WIDTH, f"--run.root={tmp_path}"]
    assert named in refusal(["fit", *run, "--trainer.limit_val_batches=0", *options, "--run.test=true"])
    assert not (tmp_path / "demo_knowledge" / "seed1" / "checkpoints").exists()


@pytest.mark.parametrize("fails", [False, True])
def test_the_wandb_run_of_both_ends_as_they_do(fails, tmp_path, monkeypatch):
    codes, finish = [], wandb.finish

    def recorded(exit_code):
        codes.append(exit_code)
        finish(exit_code=exit_code)

    def broken(*_):
        raise OSError("the test broke")

    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.setattr(wandb, "finish", recorded)
    run = ["fit", *KNOWLEDGE, *SMALL, WIDTH, f"--run.root={tmp_path}", "--run.test=true", "--run.wandb=true"]
    if fails:
        monkeypatch.setattr("syrfa.evaluation.callback.write_test", broken)
        with pytest.raises(OSError, match="the test broke"):
            main(run)
    else:
        assert main(run) == 0
    assert codes == [int(fails)]
    assert wandb.run is None
    assert len(list(tmp_path.glob("demo_knowledge/seed1/wandb/offline-run-*"))) == 1


def test_an_upload_without_an_account_is_refused_in_a_line(tmp_path):
    home = {name: str(tmp_path) for name in ("HOME", "WANDB_CONFIG_DIR", "WANDB_CACHE_DIR")}
    nobody = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    online = {**nobody, **home, "WANDB_MODE": "online", "WANDB_BASE_URL": "http://127.0.0.1:9"}
    run = ["fit", *KNOWLEDGE, *SMALL, WIDTH, f"--run.root={tmp_path}", "--run.wandb=true"]
    command = [sys.executable, "-m", "syrfa", *run]
    done = subprocess.run(command, env=online, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    assert "syrfa fit: error: run.wandb: " in done.stderr
    assert "unset WANDB_MODE" in done.stderr
    assert "Traceback" not in done.stderr
