"""What a user can get wrong: exit code 2 and one line that says what, where and how to fix it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small_run import ADAPT, DEMO, KNOWLEDGE, SMALL

from syrfa.__main__ import main
from syrfa.engine import folder_lock

pytestmark = pytest.mark.usefixtures("data_environment")


def refusal(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line of a refused command."""
    assert main(arguments) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("syrfa ")]
    assert len(lines) == 1, lines
    return lines[0]


def test_unknown_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert "there is no verb 'train'" in refusal(["train"], capsys)


def test_unknown_key_in_a_config(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "typo.yaml"
    config.write_text("model:\n  class_path: syrfa.modules.SynthKnowledgeModule\n  init_args: {widht: 8}\n")
    assert "widht" in refusal(["fit", *DEMO, f"--config={config}"], capsys)


def test_missing_config(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "absent.yaml" in refusal(["fit", f"--config={tmp_path / 'absent.yaml'}"], capsys)


def test_missing_data_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    absent = tmp_path / "nowhere"
    arguments = ["fit", *KNOWLEDGE, *SMALL, f"--data.source.dataset.init_args.root={absent}", f"--run.root={tmp_path}"]
    assert str(absent) in refusal(arguments, capsys)


@pytest.mark.parametrize("verb", ["validate", "test", "predict"])
@pytest.mark.parametrize("phase", [KNOWLEDGE, ADAPT], ids=["knowledge", "adapt"])
def test_scoring_without_weights_is_refused(
    verb: str, phase: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [verb, *phase, *SMALL, f"--run.root={tmp_path}"]
    if phase is ADAPT:
        arguments.append("--model.init_args.knowledge_ckpt=null")
    line = refusal(arguments, capsys)
    assert "ckpt" in line
    assert not (tmp_path / "demo_knowledge").exists()


def test_checkpoint_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["test", *KNOWLEDGE, *SMALL, f"--ckpt_path={tmp_path / 'none.ckpt'}"]
    assert "none.ckpt" in refusal(arguments, capsys)


def test_phase_two_without_phase_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["fit", *ADAPT, *SMALL, f"--run.root={tmp_path}", f"--model.init_args.knowledge_ckpt={tmp_path / 'no'}"]
    assert "no checkpoint at" in refusal(arguments, capsys)


def test_checkpoint_of_the_other_phase(
    knowledge_ckpt: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["test", *ADAPT, *SMALL, f"--ckpt_path={knowledge_ckpt}", f"--run.root={tmp_path}"]
    assert "holds a SynthKnowledgeModule" in refusal(arguments, capsys)


def test_resuming_with_other_settings(knowledge_ckpt: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["fit", *KNOWLEDGE, *SMALL, f"--ckpt_path={knowledge_ckpt}", f"--run.root={tmp_path}"]
    line = refusal([*arguments, "--model.init_args.width=4"], capsys)
    assert "width 2 (config: 4)" in line


def test_scoring_takes_the_checkpoints_settings_and_says_so(
    knowledge_ckpt: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["validate", *KNOWLEDGE, *SMALL, f"--ckpt_path={knowledge_ckpt}", f"--run.root={tmp_path}"]
    assert main([*arguments, "--model.init_args.width=4"]) == 0
    assert "width 2 (config: 4)" in capsys.readouterr().err


def test_fit_over_an_earlier_fit(knowledge_ckpt: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = knowledge_ckpt.read_bytes()
    root = knowledge_ckpt.parents[3]
    line = refusal(["fit", *KNOWLEDGE, *SMALL, f"--run.root={root}"], capsys)
    assert "--run.overwrite" in line
    assert knowledge_ckpt.read_bytes() == before


def test_two_fits_in_one_run_folder(knowledge_ckpt: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = knowledge_ckpt.read_bytes()
    with folder_lock(knowledge_ckpt.parents[1]):
        overwrite = refusal(
            ["fit", *KNOWLEDGE, *SMALL, f"--run.root={knowledge_ckpt.parents[3]}", "--run.overwrite=true"], capsys
        )
        resume = refusal(
            [
                *["fit", *KNOWLEDGE, *SMALL, f"--run.root={knowledge_ckpt.parents[3]}"],
                *["--model.init_args.width=2", f"--ckpt_path={knowledge_ckpt}"],
            ],
            capsys,
        )
    assert "another process is at work there" in overwrite
    assert "another process is at work there" in resume
    assert knowledge_ckpt.read_bytes() == before


def test_help_answers_without_torch() -> None:
    code = "import sys; from syrfa.__main__ import main; main(['--help']); sys.exit('torch' in sys.modules)"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert finished.returncode == 0
    assert "fit" in finished.stdout


def test_terminated_fit_leaves_a_checkpoint_and_143(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "syrfa", "fit", *KNOWLEDGE, *SMALL, "--data.steps_per_epoch=100000"]
    process = subprocess.Popen(
        [*command, "--model.init_args.width=2", f"--run.root={tmp_path}", "--trainer.log_every_n_steps=1"],
        env=dict(os.environ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    folder = tmp_path / "demo_knowledge" / "seed1"
    deadline = time.monotonic() + 120
    while not (folder / "config_fit.yaml").exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    time.sleep(3)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 143
    assert (folder / "checkpoints" / "last.ckpt").is_file()
