"""A sweep: a file in W&B's schema, the values of its parameters, and its points, each a `syrfa fit`."""

import itertools
import math
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import yaml

from syrfa.errors import ConfigError
from syrfa.utils.files import sha256_file, sha256_json
from syrfa.utils.parser import check_configs, config_names

Value = str | int | float | bool | None
Draw = Callable[[np.random.Generator], Value]
_KEYS = {"name", "project", "method", "metric", "program", "command", "parameters", "run_cap", "description", "entity"}
_PARAMETER = {"value", "values", "probabilities", "min", "max", "distribution"}
_WEIGHTS = (".ckpt", ".pt", ".pth")


@dataclass(frozen=True)
class Metric:
    """What the best point is chosen by: a metric that `fit` logs, as `val/micro_auroc`, and whether large is good."""

    name: str
    goal: Literal["minimize", "maximize"]


@dataclass(frozen=True)
class Parameter:
    """A list of values for a grid, and how a random search draws one."""

    values: tuple[Value, ...]
    draw: Draw


@dataclass(frozen=True)
class Sweep:
    """A sweep.

    Attributes:
        name: also that of its folder.
        project: W&B's, or None for ours.
        method: how points are chosen.
        metric: what the best is chosen by; None when the file does not name it.
        command: with W&B's macros such as `${args}`.
        program: what the macro `${program}` is replaced by.
        parameters: by name, in the order of the file.
        run_cap: how many points at most; None for all of a grid.
    """

    name: str
    project: str | None
    method: Literal["grid", "random"]
    metric: Metric | None
    command: tuple[str, ...]
    program: str
    parameters: dict[str, Parameter]
    run_cap: int | None


@dataclass(frozen=True)
class Point:
    """One fit of a sweep.

    Attributes:
        parameters: by name.
        command: what is run, without the options for its folder.
        id: 12 hexadecimal digits that change with an argument, with a config file that the command names, and with a
            checkpoint that either names.
        checkpoints: SHA-256 of these by their names; None for one that is not there.
    """

    parameters: dict[str, Value]
    command: tuple[str, ...]
    id: str
    checkpoints: dict[str, str | None] = field(default_factory=dict)

    def __str__(self) -> str:
        """Its parameters in a few words."""
        return " ".join(f"{name.removeprefix('model.init_args.')}={value}" for name, value in self.parameters.items())


def read_sweep(path: Path) -> Sweep:
    """The sweep of a YAML file.

    Raises:
        ConfigError: W&B's schema does not allow it, or it takes W&B's server.
    """
    try:
        return _sweep(yaml.safe_load(path.read_text(encoding="utf-8")), path)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def expand(sweep: Sweep, seed: int = 0) -> list[Point]:
    """The points of a sweep, each once.

    A grid is the product of the values, the last parameter changing fastest; a random search draws `run_cap` times, and
    with a larger `run_cap` draws the same points first.

    Raises:
        ConfigError: a config file that the command names cannot be read, or a macro of it is not known.
    """
    names, parameters = list(sweep.parameters), list(sweep.parameters.values())
    rng = np.random.default_rng(seed)
    settings: Iterator[tuple[Value, ...]] = itertools.product(*(parameter.values for parameter in parameters))
    if sweep.method == "random":
        settings = (tuple(parameter.draw(rng) for parameter in parameters) for _ in itertools.count())
    digests: dict[str, str | None] = {}
    points = [
        _point(sweep, dict(zip(names, s, strict=True)), digests) for s in itertools.islice(settings, sweep.run_cap)
    ]
    return list({point.id: point for point in points}.values())


def _sweep(content: dict[str, Any], path: Path) -> Sweep:
    for key in content.keys() - _KEYS:
        raise ConfigError(f"{key}: `syrfa sweep` does not know this key; take it out, or use `wandb sweep`")
    method, parameters, cap = content.get("method"), content.get("parameters"), content.get("run_cap")
    if method not in ("grid", "random"):
        raise ConfigError(f"method={method}: `syrfa sweep` knows grid and random; others take `wandb sweep`")
    if not isinstance(parameters, dict) or not parameters:
        raise ConfigError("parameters: name at least one, with `values` or `value`")
    if cap is not None and (type(cap) is not int or cap < 1):
        raise ConfigError(f"run_cap={cap}: give a number of at least 1")
    if method == "random" and cap is None:
        raise ConfigError("run_cap: a random search has no end; give the number of points")
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
        parameters={str(key): _parameter(f"parameters.{key}", value, method) for key, value in parameters.items()},
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
    command = content.get("command", ["${env}", "${interpreter}", "${program}", "${args}"])
    if not isinstance(command, list) or "fit" not in command:
        raise ConfigError("command: `syrfa sweep` runs points of `syrfa fit`; name the verb in the list")
    if "${program}" in command and not content.get("program"):
        raise ConfigError("program: the command names it; say what it is")
    return tuple(str(word) for word in command)


def _parameter(place: str, content: Any, method: str) -> Parameter:  # noqa: ANN401 - whatever the file holds
    """A parameter: `value`, `values` with `probabilities`, or `min` and `max` with a `distribution`."""
    if not isinstance(content, dict):
        raise ConfigError(f"{place}: give it `values: [...]` or `value: ...`")
    for key in content.keys() - _PARAMETER:
        raise ConfigError(f"{place}.{key}: `syrfa sweep` does not know it; it knows {', '.join(sorted(_PARAMETER))}")
    if "value" not in content and "values" not in content:
        if method == "grid":
            raise ConfigError(f"{place}: a grid takes `values` or `value`; a range takes method: random")
        return Parameter((), _range(place, content))
    values = content.get("values", [content.get("value")])
    if not isinstance(values, list) or not values:
        raise ConfigError(f"{place}.values: give a list of at least one value")
    for value in values:
        if value is not None and not isinstance(value, str | int | float):
            raise ConfigError(f"{place}: {value} is no plain value; an argument cannot hold it")
    shares = content.get("probabilities")
    if shares is not None and method == "grid":
        raise ConfigError(f"{place}.probabilities: a grid takes every value once; they are for method: random")
    try:
        np.random.default_rng(0).choice(len(values), p=shares)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{place}.probabilities: give one for each value, together 1: {error}") from error
    return Parameter(tuple(values), lambda rng: values[int(rng.choice(len(values), p=shares))])


def _range(place: str, content: dict[str, Any]) -> Draw:
    """A range: by W&B's rules `int_uniform` for two integers and `uniform` for two floats where no other is named."""
    low: Any = content.get("min")
    high: Any = content.get("max")
    if type(low) not in (int, float) or type(high) not in (int, float):
        raise ConfigError(f"{place}: give it `values`, `value`, or numbers as `min` and `max`")
    distribution = content.get("distribution")
    if distribution is None and type(low) is not type(high):
        raise ConfigError(f"{place}: min={low} and max={high} are an integer and a float; write both alike")
    distribution = distribution or ("int_uniform" if type(low) is int else "uniform")
    draws: dict[str, Draw] = {
        "int_uniform": lambda rng: int(rng.integers(low, high, endpoint=True)),
        "uniform": lambda rng: float(rng.uniform(low, high)),
        "log_uniform_values": lambda rng: float(math.exp(rng.uniform(math.log(low), math.log(high)))),
    }
    if distribution not in draws:
        raise ConfigError(f"{place}.distribution={distribution}: `syrfa sweep` knows {', '.join(draws)}")
    wrong = {"int_uniform": type(low) is float or type(high) is float, "log_uniform_values": low <= 0}
    if low >= high or wrong.get(distribution):
        raise ConfigError(f"{place}: {distribution} cannot be drawn from min={low} to max={high}")
    return draws[distribution]


def _point(sweep: Sweep, parameters: dict[str, Value], digests: dict[str, str | None]) -> Point:
    command = _fill_in(sweep, parameters)
    arguments = command[command.index("fit") :]
    configs = {name: "" for name in config_names(arguments)}
    named = set(_checkpoints([_value(argument) for argument in arguments]))
    for name in configs:
        if name not in digests:
            check_configs(["--config", name])
        configs[name] = _digest(name, digests) or ""
        named.update(_checkpoints(yaml.safe_load(Path(name).read_text(encoding="utf-8"))))
    checkpoints = {name: _digest(name, digests) for name in sorted(named)}
    identity = {"arguments": arguments, "configs": configs, "checkpoints": checkpoints}
    return Point(parameters, tuple(command), sha256_json(identity)[:12], checkpoints)


def _digest(name: str, digests: dict[str, str | None]) -> str | None:
    """A file's hash, computed once; None where there is no such file."""
    if name not in digests:
        digests[name] = sha256_file(Path(name)) if Path(name).is_file() else None
    return digests[name]


def _value(argument: str) -> object:
    """What an argument sets, which may be a list."""
    try:
        return yaml.safe_load(argument.partition("=")[2] if argument.startswith("--") else argument)
    except (yaml.YAMLError, ValueError):  # a date that is none is a ValueError
        return argument


def _checkpoints(content: object) -> Iterator[str]:
    """The names of checkpoints anywhere in a value."""
    if isinstance(content, dict | list):
        for part in content.values() if isinstance(content, dict) else content:
            yield from _checkpoints(part)
    elif isinstance(content, str) and content.endswith(_WEIGHTS):
        yield content


def _fill_in(sweep: Sweep, parameters: dict[str, Value]) -> list[str]:
    """The command with W&B's macros replaced as its agent does, by the agent's own functions.

    `${interpreter}` is the Python that runs this, where the agent takes the first one on the PATH.
    """
    from wandb.sdk.launch.sweeps.utils import create_sweep_command, create_sweep_command_args

    macros = create_sweep_command_args({"args": {name: {"value": value} for name, value in parameters.items()}})
    macros |= {"env": ["/usr/bin/env"], "interpreter": [sys.executable], "program": [sweep.program]}
    words: list[str] = []
    for word in create_sweep_command(list(sweep.command)):
        macro = word[2:-1] if word.startswith("${") and word.endswith("}") else None
        if macro is not None and macro not in macros:
            raise ConfigError(f"command: `syrfa sweep` cannot fill in {word}")
        words += [word] if macro is None else macros[macro]
    return words
