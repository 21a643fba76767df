"""The steps of a run record as commands, each run in a process of its own with the threads that it had."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import yaml

from syrfa.errors import ConfigError, UserError
from syrfa.modules.checkpoint import read_checkpoint
from syrfa.reporting.reach import overreach
from syrfa.reporting.shape import wrong_shape
from syrfa.training.run_folder import CHECKPOINTS, RESULT
from syrfa.training.run_record import Step, referred, trained_batches
from syrfa.utils.files import atomic_write, sha256_json, write_json
from syrfa.utils.signals import INTERRUPTED, TERMINATED

_DONE, _WHOSE = "done.json", "run_record.json"
_LAST = "last.ckpt"


class Rerun:
    """Runs a run record into a folder; what is done there is not done again.

    Args:
        steps: of the run record, the test last.
        folder: of the rerun: `<number>_<verb>.yaml`, the step's options, and `<number>_<verb>/`, its runs.

    Raises:
        ConfigError: the run record is not as a run writes it.
    """

    def __init__(self, steps: Sequence[Step], folder: Path) -> None:
        self.steps, self.folder = list(steps), Path(os.path.normpath(folder))
        if not self.steps:
            raise ConfigError("the run record is damaged: it has no steps; take another copy of the result")
        for number in range(len(self.steps)):
            if wrong := self._wrong(number):
                raise ConfigError(f"the run record is damaged: {wrong}; take another copy of the result")
        used = {found[0] for number in range(len(self.steps)) for _, found in self._referred(number)}
        if sorted(used) != sorted(step["id"] for step in self.steps[:-1]):
            raise ConfigError(
                "the run record is damaged: its steps do not lead to its test; take another copy of the result"
            )

    def commands(self) -> list[str]:
        """The commands as they would be typed, in order."""
        said = []
        for number, step in enumerate(self.steps):
            last = {text: str(self._checkpoints_of(step_id) / _LAST) for text, (step_id, _) in self._referred(number)}
            variables = " ".join(f"{name}={value}" for name, value in _threads(step).items())
            said.append(f"{variables} python -m syrfa {shlex.join(self._arguments(number, last))}")
        return said

    def prepare(self) -> None:
        """Writes the options of every step.

        Raises:
            ConfigError: the folder holds something else.
        """
        whose = self.folder / _WHOSE
        ours = {"steps": sha256_json([step["id"] for step in self.steps])}
        if whose.is_file():
            if _read(whose) != ours:
                raise ConfigError(f"{self.folder}: holds the rerun of another result; choose another --out")
        elif self.folder.is_dir() and any(self.folder.iterdir()):
            raise ConfigError(f"{self.folder}: holds other files; choose an empty folder with --out")
        write_json(whose, ours)
        for number, step in enumerate(self.steps):
            with atomic_write(self.folder / f"{self._name(number)}.yaml") as file:
                file.write(yaml.safe_dump(_without_references(step["options"]), sort_keys=True).encode())

    def run(self) -> dict[str, Any]:
        """Runs what is not done yet.

        Returns:
            the result of the test.

        Raises:
            UserError: a step could not be run, or leaves no checkpoint like that of the run record.
        """
        self.prepare()
        for number, step in enumerate(self.steps):
            done = self.folder / self._name(number) / _DONE
            if done.is_file():
                print(f"{self._name(number)}: done before")
                continue
            checkpoints = {text: str(self._checkpoint(*found)) for text, found in self._referred(number)}
            arguments = self._arguments(number, checkpoints)
            if step["verb"] == "fit":
                arguments += self._start(number)
            print(f"{self._name(number)}: python -m syrfa {shlex.join(arguments)}", flush=True)
            run_verb(arguments, _threads(step))
            write_json(done, {"id": step["id"]})
        file = self._run_folder(len(self.steps) - 1) / RESULT
        if not file.is_file():
            raise UserError(f"{file}: the test left no result; the run record is that of a part of a test")
        result: dict[str, Any] = json.loads(file.read_text())
        return result

    def _wrong(self, number: int) -> str | None:
        """What no run writes: a run record may come from anybody, and may only fit and test in its folder."""
        step, place = self.steps[number], f"step {number + 1}"
        if wrong := wrong_shape(step, place):
            return wrong
        if step["verb"] not in ("fit", "test"):
            return f"{place}: a run record does not {step['verb']}"
        if step["verb"] == "fit" and number == len(self.steps) - 1:
            return "its last step is no test"
        if sha256_json(step["options"]) != step["options_sha256"]:
            return f"the options of {place} are not those of their hash"
        if any(isinstance(value, list) and not all(map(referred, value)) for _, value in _references(step["options"])):
            return f"{place} names checkpoints of which not all are those of other steps"
        if not {found[0] for _, found in self._referred(number)} <= {known["id"] for known in self.steps[:number]}:
            return f"{place} refers to a step that is not before it"
        if self.folder / self._name(number) not in Path(os.path.normpath(self._run_folder(number))).parents:
            return f"{place} would leave its folder"
        if reached := overreach(step["options"]):
            return f"{place} would do more than {step['verb']} in its folder: {reached}"
        return None

    def _name(self, number: int) -> str:
        return f"{number + 1}_{self.steps[number]['verb']}"

    def _run_folder(self, number: int) -> Path:
        run, seed = self.steps[number]["options"].get("run") or {}, self.steps[number]["seed"]
        experiment, name = run.get("experiment") or "experiment", run.get("id") or f"seed{seed}"
        return self.folder / self._name(number) / experiment / name

    def _start(self, number: int) -> list[str]:
        """A fit that was stopped here goes on."""
        last = self._run_folder(number) / CHECKPOINTS / _LAST
        return ["--ckpt_path", str(last)] if last.is_file() else ["--run.overwrite", "true"]

    def _arguments(self, number: int, checkpoints: dict[str, str]) -> list[str]:
        """After `python -m syrfa`; `checkpoints` are those of the steps before, by their references."""
        step, name = self.steps[number], self._name(number)
        arguments = [step["verb"], "--config", str(self.folder / f"{name}.yaml")]
        arguments += ["--run.root", str(self.folder / name)]
        if step["environment"]["device"] == "cpu" or not torch.cuda.is_available():
            arguments += ["--trainer.accelerator", "cpu"]
        for key, value in _references(step["options"]):
            paths = [checkpoints[text] for text in _listed(value)]
            arguments += [f"--{key}", json.dumps(paths) if isinstance(value, list) else paths[0]]
        return arguments

    def _referred(self, number: int) -> list[tuple[str, tuple[str, int]]]:
        """Every reference in a step's options with what it refers to."""
        texts = [text for _, value in _references(self.steps[number]["options"]) for text in _listed(value)]
        return [(text, found) for text in texts if (found := referred(text))]

    def _checkpoints_of(self, step_id: str) -> Path:
        number = next(number for number, step in enumerate(self.steps) if step["id"] == step_id)
        return self._run_folder(number) / CHECKPOINTS

    def _checkpoint(self, step_id: str, batches: int) -> Path:
        """The checkpoint of a step with so many batches behind it."""
        folder = self._checkpoints_of(step_id)
        for path in sorted(folder.glob("*.ckpt"), key=lambda path: (path.name != _LAST, path.name)):
            if trained_batches(read_checkpoint(path)) == batches:
                return path
        raise UserError(
            f"{folder}: the fit left no checkpoint of {batches} batches; that of the result was written when its fit "
            "was stopped, or chosen by a number that came out differently"
        )


def run_verb(arguments: Sequence[str], variables: dict[str, str]) -> None:
    """Runs `python -m syrfa` in another process, which ends when this one is told to.

    Raises:
        UserError: it refused its input; it has said why.
        KeyboardInterrupt: it was interrupted.
        RuntimeError: it failed.
    """
    command = [sys.executable, "-m", "syrfa", *arguments]
    with subprocess.Popen(command, env={**os.environ, **variables}) as process:
        try:
            code = process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
    if code in (INTERRUPTED, TERMINATED):
        raise KeyboardInterrupt
    if code == 2:
        raise UserError(f"`syrfa {arguments[0]}` of the run record was refused, for the reason above")
    if code:
        raise RuntimeError(f"`syrfa {arguments[0]}` of the run record failed with exit code {code}")


def device_note(steps: Sequence[Step]) -> str | None:
    """Says so where a step ran on a device that is not here."""
    wanted = sorted({step["environment"]["device"] for step in steps} - {"cpu"})
    if wanted and not torch.cuda.is_available():
        return f"the result was made on {', '.join(wanted)}; here is none, so that the rerun is made on the processor"
    return None


def _read(file: Path) -> object:
    try:
        return json.loads(file.read_bytes())
    except ValueError:
        return None


def _threads(step: Step) -> dict[str, str]:
    return {"OMP_NUM_THREADS": str(step["environment"]["threads"])}


def _references(options: dict[str, Any]) -> list[tuple[str, Any]]:
    """The options that name a checkpoint of another step, or several, as the command line calls them."""
    model = options["model"]["init_args"]
    named = [("ckpt_path", options.get("ckpt_path")), *((f"model.init_args.{k}", v) for k, v in model.items())]
    return [(key, value) for key, value in named if any(referred(text) for text in _listed(value))]


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - an option's value
    return value if isinstance(value, list) else [value]


def _without_references(options: dict[str, Any]) -> dict[str, Any]:
    names = {key.rpartition(".")[2] for key, _ in _references(options)}
    model = options["model"]
    arguments = {key: value for key, value in model["init_args"].items() if key not in names}
    kept = {key: value for key, value in options.items() if key not in names}
    return {**kept, "model": {**model, "init_args": arguments}}
