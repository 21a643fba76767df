"""The README's commands and its Python run as they are written there, on small copies of the configs they name."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from string import Template

import pytest
import yaml
from small_run import ROOT

from syrfa.__main__ import main

README = (ROOT / "README.md").read_text(encoding="utf-8")
SMALL = {"trainer": {"max_epochs": 1, "accelerator": "cpu", "enable_progress_bar": False, "log_every_n_steps": 1}}
SMALL |= {"data": {"steps_per_epoch": 2, "batch_size": 2, "prepare_workers": 1}, "evaluation": {"bootstrap": 20}}


def commands() -> list[list[str]]:
    """The words of every command in the indented blocks, variables put in."""
    block = "\n".join(line[4:] for line in README.splitlines() if line.startswith("    "))
    variables: dict[str, str] = {}
    found = []
    for line in block.replace("\\\n", " ").splitlines():
        if match := re.fullmatch(r'(\w+)="(.*)"', line):
            variables[match[1]] = match[2]
        elif line.startswith(("make ", "python ")):
            found.append(shlex.split(Template(line).safe_substitute(variables), comments=True))
    return found


SYRFA = [words[3:] for words in commands() if words[:3] == ["python", "-m", "syrfa"]]
MAKE = [words for words in commands() if words[0] == "make"]
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.fixture(scope="module")
def checkout(data_environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that looks like the checkout after `make demo`, but for configs that train two steps of width 2."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("lightning_config", "experiments"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("results", "studies"))
    for file in folder.glob("experiments/demo_*.yaml"):
        content = yaml.safe_load(file.read_text())
        for section, values in SMALL.items():
            content.setdefault(section, {}).update(values)
        if content["model"]["class_path"].endswith("SynthKnowledgeModule"):
            content["model"]["init_args"].update(width=2)
        file.write_text(yaml.safe_dump(content))
    (folder / "data").mkdir()
    (folder / "data" / "raw").symlink_to(data_environment)
    (folder / "FOOTAGE").symlink_to(data_environment / "footage" / "testing")
    return folder


@pytest.fixture
def _inside(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(checkout)


def test_there_is_something_to_run() -> None:
    assert len(SYRFA) >= 3
    assert ["make", "demo"] in MAKE
    assert ["make", "test"] in MAKE
    assert len(PYTHON) == 1


@pytest.mark.usefixtures("_inside")
def test_every_command_of_the_program() -> None:
    for words in SYRFA:
        assert main(words) == 0, words


@pytest.mark.usefixtures("_inside")
def test_the_python() -> None:
    small = PYTHON[0].replace("batch_size=8, steps_per_epoch=50", "batch_size=2, steps_per_epoch=2")
    assert small != PYTHON[0]
    exec(compile(small, "README.md", "exec"), {"__name__": "readme"})


@pytest.mark.parametrize("words", MAKE, ids=" ".join)
def test_make_knows_its_targets(words: list[str]) -> None:
    done = subprocess.run(["make", "--dry-run", *words[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "-m syrfa" in done.stdout or "pytest" in done.stdout


@pytest.mark.usefixtures("_inside")
def test_the_demo() -> None:
    done = subprocess.run(["make", "--dry-run", "demo"], cwd=ROOT, capture_output=True, text=True, check=True)
    lines = [shlex.split(line) for line in done.stdout.splitlines() if " -m syrfa " in line]
    verbs = [words[3] for words in lines]
    assert verbs == ["generate", "generate", "fit", "test", "fit", "test", "summary"]
    for words in lines:
        if words[3] != "generate":  # the tiny worlds stand in their place
            assert main(words[3:]) == 0, words
