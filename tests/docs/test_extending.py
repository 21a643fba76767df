"""Every block of docs/extending.md is written to a file and run on the tiny worlds, through the command line."""

import json
import re
import sys
from pathlib import Path

import pytest
from small_run import ADAPT, KNOWLEDGE, ROOT, SMALL

from syrfa.__main__ import main
from syrfa.modules import load_module

PAGE = (ROOT / "docs" / "extending.md").read_text()
BLOCKS = {name: body for _, name, body in re.findall(r"```(python|yaml)\n# (\S+)\n(.*?)```", PAGE, re.S)}
QUICK = [*SMALL, "--evaluation.pictures=false", "--evaluation.bootstrap=0"]
pytestmark = pytest.mark.usefixtures("data_environment")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """All blocks as files, in a folder on the path; what they import is forgotten again."""
    for name, body in BLOCKS.items():
        (tmp_path / name).write_text(body)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("SYRFA_ALLOW_IMPORT", raising=False)
    forget()
    return tmp_path


def forget() -> None:
    for name in BLOCKS:
        sys.modules.pop(name.removesuffix(".py"), None)


def run(verb: str, folder: Path, options: list[str]) -> dict[str, dict[str, object]]:
    """Runs a verb; the results in the folder by experiment."""
    assert main([verb, *options, *QUICK, f"--run.root={folder / 'runs'}"]) == 0
    return {path.parts[-3]: json.loads(path.read_text()) for path in folder.glob("runs/*/*/result.json")}


def last(folder: Path, experiment: str) -> Path:
    return folder / "runs" / experiment / "seed1" / "checkpoints" / "last.ckpt"


def test_every_block_is_short_and_is_used_here() -> None:
    assert set(BLOCKS) == {
        f"{name}.{kind}" for name in ("low_rank", "smooth_loss", "bright_spot") for kind in ("py", "yaml")
    }
    assert all(len(body.strip().splitlines()) < 30 for body in BLOCKS.values())
    assert len(PAGE.split()) <= 900


def test_an_adapter_is_trained_tested_and_measured(folder: Path, knowledge_ckpt: Path) -> None:
    own = [*ADAPT, f"--config={folder / 'low_rank.yaml'}", f"--model.init_args.knowledge_ckpt={knowledge_ckpt}"]
    run("fit", folder, own)
    (result,) = run("test", folder, [*own, f"--ckpt_path={last(folder, 'demo_adapt')}"]).values()
    adapter = result["adapter"]
    assert adapter["name"] == "low_rank.LowRank"  # type: ignore[index]
    assert adapter["mean_abs"] > 1e-4  # type: ignore[index]


def test_a_loss_is_trained_adapted_from_and_scored(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = [*KNOWLEDGE, f"--config={folder / 'smooth_loss.yaml'}", "--model.init_args.width=2"]
    run("fit", folder, own)
    phase1 = last(folder, "demo_knowledge")
    run("test", folder, [*own, f"--ckpt_path={phase1}"])
    assert load_module(phase1).hparams["delta"] == 0.2

    adapt = [*ADAPT, f"--model.init_args.knowledge_ckpt={phase1}"]
    forget()
    capsys.readouterr()
    assert main(["fit", *adapt, *QUICK, f"--run.root={folder / 'runs'}"]) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    assert "smooth_loss.SmoothKnowledge lies outside syrfa; if you trust it, add --allow_import smooth_loss" in line
    run("fit", folder, [*adapt, "--allow_import=smooth_loss"])
    scores = ["predict", *KNOWLEDGE, f"--ckpt_path={phase1}", f"--out={folder / 'scores'}", "--workers=1"]
    forget()
    assert main([*scores, "--allow_import=smooth_loss"]) == 0
    phase2 = load_module(last(folder, "demo_adapt"))
    assert type(phase2.phase1).__name__ == "SmoothKnowledge"  # type: ignore[union-attr]


def test_a_detector_cuts_tubes_that_are_scored(folder: Path, knowledge_ckpt: Path) -> None:
    options = [*KNOWLEDGE, f"--config={folder / 'bright_spot.yaml'}", f"--ckpt_path={knowledge_ckpt}"]
    (result,) = run("test", folder, options).values()
    assert result["boxes"]["detector"] == {"detector": "bright_spot", "side": 32}  # type: ignore[index]
    assert result["objects"] == result["frames"] - 6 * result["videos"]  # type: ignore[operator]
