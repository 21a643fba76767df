"""The steps of a run record as commands, each run in a process of its own with the threads that it had."""

import json
import math
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import yaml

from syrfa.engine import JobStore
from syrfa.errors import ConfigError, UserError
from syrfa.evaluation.result import Result, read_result
from syrfa.modules.checkpoint import read_checkpoint
from syrfa.reporting.reproduce import numbers
from syrfa.reporting.run_record_check import RESULT as RESULT_SHAPE
from syrfa.reporting.run_record_check import wrong_shape, wrong_step
from syrfa.training.run_folder import CHECKPOINTS, RESULT
from syrfa.training.run_record import Step, referred, trained_batches
from syrfa.utils.files import atomic_write
from syrfa.utils.signals import INTERRUPTED, TERMINATED

_LAST = "last.ckpt"
_DAMAGED = "the run record is damaged: {}; take another copy of the result"


class Rerun:
    """Runs the run record of a result that was read at `path` into a folder; what is done there is not done again.

    The folder gets `<number>_<verb>.yaml`, a step's options, and `<number>_<verb>/`, its runs. `steps` are those of
    the run record, the test last. UserError where the result holds no run record, or one that no run writes.
    """

    def __init__(self, result: Result, path: Path, folder: Path) -> None:
        self.folder = Path(os.path.normpath(folder))
        _check_result(result, path)
        self.steps: list[Step] = result["run_record"]["steps"]
        if not self.steps:
            raise ConfigError(_DAMAGED.format("it has no steps"))
        self._names = [f"{number}_{step['verb']}" for number, step in enumerate(self.steps, start=1)]
        self._runs = [self._run_folder(number) for number in range(len(self.steps))]
        self._store = JobStore(self.folder, {"rerun of": [step["id"] for step in self.steps]})
        for number in range(len(self.steps)):
            if wrong := self._wrong(number):
                raise ConfigError(_DAMAGED.format(f"step {number + 1}: {wrong}"))
        used = {step_id for step in self.steps for step_id, _ in _referred(step).values()}
        if sorted(used) != sorted(step["id"] for step in self.steps[:-1]):
            raise ConfigError(_DAMAGED.format("its steps do not lead to its test"))

    def commands(self) -> list[str]:
        """The commands as they would be typed, in order."""
        lines = []
        for number, step in enumerate(self.steps):
            last = {text: str(self._checkpoints_of(step_id) / _LAST) for text, (step_id, _) in _referred(step).items()}
            words = shlex.join(self._arguments(number, last))
            lines.append(f"OMP_NUM_THREADS={step['environment']['threads']} python -m syrfa {words}")
        return lines

    def prepare(self) -> None:
        """Claims the folder, where it holds nothing else, and writes the options of every step."""
        self._store.claim()
        for name, step in zip(self._names, self.steps, strict=True):
            options, names = step["options"], {key.rpartition(".")[2] for key, _ in _references(step["options"])}
            content = {key: value for key, value in options.items() if key not in names}
            arguments = {key: value for key, value in options["model"]["init_args"].items() if key not in names}
            content["model"] = {**options["model"], "init_args": arguments}
            with atomic_write(self.folder / f"{name}.yaml") as file:
                file.write(yaml.safe_dump(content, sort_keys=True).encode())

    def run(self) -> Result:
        """Runs what is not done yet, and returns the result of the test; UserError where a step could not be run."""
        self.prepare()
        with self._store.lock():
            left = self._store.left(self._names)
            for number, (name, step) in enumerate(zip(self._names, self.steps, strict=True)):
                if name not in left:
                    print(f"{name}: done before")
                    continue
                checkpoints = {text: str(self._checkpoint(*found)) for text, found in _referred(step).items()}
                arguments = self._arguments(number, checkpoints)
                last = self._runs[number] / CHECKPOINTS / _LAST
                if step["verb"] == "fit":  # which goes on where it was stopped here
                    arguments += ["--ckpt_path", str(last)] if last.is_file() else ["--run.overwrite", "true"]
                print(f"{name}: python -m syrfa {shlex.join(arguments)}", flush=True)
                _run_verb(arguments, step["environment"]["threads"])
                self._store.finish(name, {"id": step["id"]})
        if not (self._runs[-1] / RESULT).is_file():
            raise UserError(f"{self._runs[-1]}: the test left no result; the run record is that of a part of a test")
        return read_result(self._runs[-1])

    def _wrong(self, number: int) -> str | None:
        """What no run writes: a run record may come from anybody, and may only fit and test in its folder."""
        step, earlier = self.steps[number], {known["id"] for known in self.steps[:number]}
        if wrong := next(wrong_step(step, is_last=number == len(self.steps) - 1), None):
            return wrong
        if any(isinstance(value, list) and not all(map(referred, value)) for _, value in _references(step["options"])):
            return "it names checkpoints of which not all are those of other steps"
        if not {step_id for step_id, _ in _referred(step).values()} <= earlier:
            return "it refers to a step that is not before it"
        if self.folder / self._names[number] not in Path(os.path.normpath(self._runs[number])).parents:
            return "it would leave its folder"
        return None

    def _run_folder(self, number: int) -> Path:
        run, seed = self.steps[number]["options"].get("run") or {}, self.steps[number]["seed"]
        experiment, name = run.get("experiment") or "experiment", run.get("id") or f"seed{seed}"
        return self.folder / self._names[number] / experiment / name

    def _arguments(self, number: int, checkpoints: dict[str, str]) -> list[str]:
        """After `python -m syrfa`; `checkpoints` are those of the steps before, by their references."""
        step, name = self.steps[number], self._names[number]
        arguments = [step["verb"], "--config", str(self.folder / f"{name}.yaml")]
        arguments += ["--run.root", str(self.folder / name)]
        if step["environment"]["device"] == "cpu" or not torch.cuda.is_available():
            arguments += ["--trainer.accelerator", "cpu"]
        for key, value in _references(step["options"]):
            paths = [checkpoints[text] for text in _listed(value)]
            arguments += [f"--{key}", json.dumps(paths) if isinstance(value, list) else paths[0]]
        return arguments

    def _checkpoints_of(self, step_id: str) -> Path:
        number = next(number for number, step in enumerate(self.steps) if step["id"] == step_id)
        return self._runs[number] / CHECKPOINTS

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


def _run_verb(arguments: Sequence[str], threads: int) -> None:
    """Runs `python -m syrfa` in another process, which ends when this one is asked to."""
    command = [sys.executable, "-m", "syrfa", *arguments]
    with subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": str(threads)}) as process:
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


def _check_result(result: Result, path: Path) -> None:
    """Refuses a result without a run record, and one that lacks what a rerun or a comparison reads."""
    if result.get("run_record") is None:
        reason = result.get("run_record_reason") or "it was written by a version of syrfa that kept none"
        raise UserError(f"{path}: holds no run record, so that it cannot be run again: {reason}")
    if wrong := next(wrong_shape(result, RESULT_SHAPE), None):
        what = "the run record" if wrong.startswith("run_record") else "the file"
        raise UserError(f"{path}: {what} is damaged: {wrong}; take another copy of it")
    for place, value in numbers(result).items():
        if value is not None and not math.isfinite(value):
            raise UserError(f"{path}: the file is damaged: {'.'.join(place).lstrip('.')} is no finite number")


def _references(options: dict[str, Any]) -> list[tuple[str, Any]]:
    """The options that name a checkpoint of another step, or several, as the command line calls them."""
    model = options["model"]["init_args"]
    named = [("ckpt_path", options.get("ckpt_path")), *((f"model.init_args.{k}", v) for k, v in model.items())]
    return [(key, value) for key, value in named if any(referred(text) for text in _listed(value))]


def _referred(step: Step) -> dict[str, tuple[str, int]]:
    """Every reference in a step's options with the step and the batches that it refers to."""
    texts = [text for _, value in _references(step["options"]) for text in _listed(value)]
    return {text: found for text in texts if (found := referred(text))}


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - an option's value
    return value if isinstance(value, list) else [value]
