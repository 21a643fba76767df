"""W&B's own client against a loopback server: its agent runs two points, and it uploads one that was run offline."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import wandb
import yaml
from small_run import EXPERIMENTS, ROOT, SMALL
from wandb_stub import API_KEY, ENTITY, RunRecord, WandbStub, wandb_stub

from syrfa.__main__ import main

pytestmark = pytest.mark.slow
CONT = "model.init_args.lambda_cont"
POINTS = [{CONT: 1.0}, {CONT: 0.01}]
WANDB = [sys.executable, "-m", "wandb"]


def core() -> Path:
    return Path(wandb.__file__).parent / "bin" / "wandb-core"


def starts() -> bool:
    try:
        return subprocess.run([core(), "--help"], capture_output=True, timeout=300).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


@pytest.fixture(scope="module", autouse=True)
def _client() -> None:
    if not starts():
        pytest.skip(f"{core()} does not start here")


@pytest.fixture(scope="module")
def server() -> Iterator[WandbStub]:
    with wandb_stub(POINTS) as stub:
        yield stub


@pytest.fixture(scope="module")
def environment(server: WandbStub, data_environment: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Of a user with an account on that server, whose home is empty."""
    del data_environment
    home = tmp_path_factory.mktemp("home")
    places = {
        name: str(home) for name in ("HOME", "WANDB_DIR", "WANDB_CONFIG_DIR", "WANDB_CACHE_DIR", "WANDB_DATA_DIR")
    }
    account = {"WANDB_BASE_URL": server.url, "WANDB_API_KEY": API_KEY, "WANDB_ERROR_REPORTING": "false"}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # where the agent finds its `python`
    others = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    return {**others, **places, **account, "PATH": path}


@pytest.fixture(scope="module")
def sweep_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped sweep, made small and short."""
    folder = tmp_path_factory.mktemp("sweep")
    content = yaml.safe_load((EXPERIMENTS / "sweeps" / "lambda.yaml").read_text())
    small = [
        *SMALL,
        "--model.init_args.width=2",
        "--trainer.check_val_every_n_epoch=1",
        f"--run.root={folder / 'agent'}",
    ]
    content["command"][-1:] = [*small, "${args}"]
    content["parameters"] = {CONT: {"values": [point[CONT] for point in POINTS]}}
    path = folder / "lambda.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


@pytest.fixture(scope="module")
def agent(server: WandbStub, environment: dict[str, str], sweep_file: Path) -> Path:
    """`wandb sweep`, then `wandb agent`, as a user types them; the folder of the runs."""
    online = {**environment, "WANDB_MODE": "online"}
    for command in (["sweep", str(sweep_file)], ["agent", "--count", "2", f"{ENTITY}/syrfa-lambda/sweep1"]):
        done = subprocess.run(
            [*WANDB, *command], cwd=ROOT, env=online, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        print(done.stdout)  # what the runs said: the agent ends well when they do not
        assert done.returncode == 0
    return sweep_file.parent / "agent" / "lambda"


def check(run: RunRecord, folder: Path, cont: float) -> None:
    """What the server was told of a run, beside what the run left on disk."""
    assert run.exit_code == 0
    result: dict[str, Any] = json.loads((folder / "result.json").read_text())
    assert (run.config[CONT], run.config["seed"]) == (cont, 1)
    assert run.config["model.init_args.lambda_cls"] == 1.0
    assert (run.config["protocol"], run.config["smoothing"]) == ("strict", "centred")
    assert run.config["data/test"]["manifest_sha256"] == result["manifest_sha256"]
    assert run.config["data/train"]["manifest_sha256"] == result["trained_on"][0]["manifest_sha256"]
    assert run.config["git_commit"] == result["environment"]["git_commit"]
    logged = set().union(*run.history)
    assert logged >= {"train/cls", "train/cont", "train/aux", "train/align", "train/gradient_cosine"}
    assert logged >= {"val/micro_auroc", "test/micro_auroc"}
    assert logged >= {"test/score_curves", "test/anomaly_map"}
    for reading in result["evaluations"]:
        name = f"test/{reading['protocol']['protocol']}.{reading['protocol']['smoothing']}"
        assert run.summary[f"{name}/micro_auroc"] == pytest.approx(reading["metrics"]["micro_auroc"]["value"])
        assert run.summary[f"{name}/audit"] == reading["audit"]["line"]
    assert run.summary["test/micro_auroc"] == pytest.approx(result["metrics"]["micro_auroc"]["value"], abs=1e-6)
    assert 0 <= run.summary["val/micro_auroc"] <= 1
    media = [file for file in run.files if file.startswith("media/")]
    assert any("score_curves" in file and file.endswith(".png") for file in media)


def test_the_agent_runs_two_points_to_their_end(server: WandbStub, agent: Path) -> None:
    config = server.sweeps["sweep1"]
    assert (config["method"], config["metric"]["name"]) == ("grid", "val/micro_auroc")
    assert sorted(path.parent.name for path in agent.glob("*/result.json")) == ["run1", "run2"]
    for number, point in enumerate(POINTS, start=1):
        run = server.runs[f"run{number}"]
        assert run.sweep == "sweep1"
        check(run, agent / f"run{number}", point[CONT])
    assert server.unknown == []


def test_without_an_account_points_are_offline_and_can_be_uploaded(
    server: WandbStub, environment: dict[str, str], sweep_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`syrfa sweep` of the same file, whose runs are nothing to the server until `wandb sync`."""
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    monkeypatch.setenv("WANDB_BASE_URL", server.url)
    before = dict(server.runs)
    root = sweep_file.parent / "offline"
    one = sweep_file.with_name("one.yaml")
    one.write_text(yaml.safe_dump({**yaml.safe_load(sweep_file.read_text()), "run_cap": 1}, sort_keys=False))
    assert main(["sweep", f"--config={one}", f"--root={root}"]) == 0
    (point,) = json.loads((root / "lambda" / "sweep.json").read_text())["points"]
    folder = root / "lambda" / point["run"]
    assert server.runs == before
    (offline,) = folder.glob("wandb/offline-run-*")
    subprocess.run([*WANDB, "sync", str(offline)], env=environment, check=True, capture_output=True)
    run = server.runs[point["run"]]
    assert run.group == "lambda"
    check(run, folder, POINTS[0][CONT])
    assert point["metrics"]["val/micro_auroc"] == pytest.approx(run.summary["val/micro_auroc"])
    assert point["metrics"]["test/micro_auroc"] == pytest.approx(run.summary["test/strict.centred/micro_auroc"])
