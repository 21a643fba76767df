"""A sweep file: W&B's schema, and which part of it runs without W&B's server."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from syrfa.errors import ConfigError
from syrfa.reporting.parameter import Parameter, read_parameter

Goal = Literal["minimize", "maximize"]
Method = Literal["grid", "random"]
# what the file may hold besides; it changes nothing here
_READ_BY_WANDB_ALONE = {"description", "entity"}
_KEYS = {"name", "project", "method", "metric", "program", "command", "parameters", "run_cap"}
_DEFAULT_COMMAND = ("${env}", "${interpreter}", "${program}", "${args}")


@dataclass(frozen=True)
class Metric:
    """What the best point is chosen by.

    Attributes:
        name: a metric that `fit` logs, such as `val/micro_auroc`, `train/cls` or `test/micro_auroc`.
        goal: whether large or small is good.
    """

    name: str
    goal: Goal


@dataclass(frozen=True)
class Sweep:
    """A sweep.

    Attributes:
        name: also that of its folder.
        project: W&B's, or None for ours.
        method: how points are chosen.
        metric: what the best is chosen by; None when the file does not say.
        command: with W&B's macros such as `${args}`.
        program: what the macro `${program}` stands for.
        parameters: by name, in the order of the file.
        run_cap: how many points at most; None for all of a grid.
    """

    name: str
    project: str | None
    method: Method
    metric: Metric | None
    command: tuple[str, ...]
    program: str
    parameters: dict[str, Parameter]
    run_cap: int | None


def read_sweep(path: Path) -> Sweep:
    """The sweep of a file.

    Args:
        path: a YAML file that holds a mapping.

    Raises:
        ConfigError: W&B's schema does not allow it, or it takes W&B's server.
    """
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        return _sweep(content, path)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _sweep(content: dict[str, Any], path: Path) -> Sweep:
    for key in content.keys() - _KEYS - _READ_BY_WANDB_ALONE:
        raise ConfigError(f"{key}: `syrfa sweep` does not know this key; take it out, or use `wandb sweep`")
    method = content.get("method")
    if method not in ("grid", "random"):
        raise ConfigError(f"method={method}: `syrfa sweep` knows grid and random; others take `wandb sweep`")
    parameters = content.get("parameters")
    if not isinstance(parameters, dict) or not parameters:
        raise ConfigError("parameters: name at least one, with `values` or `value`")
    cap = content.get("run_cap")
    if cap is not None and (not isinstance(cap, int) or isinstance(cap, bool) or cap < 1):
        raise ConfigError(f"run_cap={cap}: give a number of at least 1")
    if method == "random" and cap is None:
        raise ConfigError("run_cap: a random search goes on for ever; say how many points")
    name = str(content.get("name", path.stem))
    if not re.fullmatch(r"[\w.-]*\w", name):
        raise ConfigError(f"name={name}: it names a folder; use letters, digits, `_`, `-` and `.`")
    return Sweep(
        name=name,
        project=content.get("project"),
        method=method,
        metric=_metric(content.get("metric")),
        command=_command(content),
        program=str(content.get("program", "")),
        parameters={str(key): read_parameter(str(key), value, method) for key, value in parameters.items()},
        run_cap=cap,
    )


def _metric(content: object) -> Metric | None:
    if content is None:
        return None
    if not isinstance(content, dict) or not content.get("name"):
        raise ConfigError("metric: give it a `name`, and a `goal`")
    goal = content.get("goal", "minimize")  # W&B's default
    if goal not in ("minimize", "maximize"):
        raise ConfigError(f"metric.goal={goal}: give minimize or maximize")
    return Metric(str(content["name"]), goal)


def _command(content: dict[str, Any]) -> tuple[str, ...]:
    command = content.get("command", list(_DEFAULT_COMMAND))
    if not isinstance(command, list) or not command:
        raise ConfigError("command: give a list")
    if "${program}" in command and not content.get("program"):
        raise ConfigError("program: the command names it; say what it is")
    words = [str(word) for word in command]
    if "fit" not in words:
        raise ConfigError("command: `syrfa sweep` runs points of `syrfa fit`; name the verb in the list, as `fit`")
    return tuple(words)
