"""A sweep: a file in W&B's schema, and its points, each a `syrfa fit`."""

import functools
import itertools
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import yaml

from syrfa.errors import ConfigError
from syrfa.utils.files import leaves, sha256_file, sha256_json
from syrfa.utils.parser import check_configs, config_names

Value = str | int | float | bool | None
_KEYS = {"name", "project", "method", "metric", "program", "command", "parameters", "run_cap", "description", "entity"}
_WEIGHTS = (".ckpt", ".pt", ".pth")


@dataclass(frozen=True)
class Sweep:
    """A sweep, as its file has it."""

    name: str
    project: str | None
    method: Literal["grid", "random"]
    metric: dict[str, str] | None  # the best point is chosen by: `name` and `goal`
    command: list[str]  # with W&B's macros such as `${args}`
    program: str
    parameters: dict[str, list[Value] | tuple[float, float]]  # the values, or the range as (min, max)
    run_cap: int | None  # how many points at most


@dataclass(frozen=True)
class Point:
    """One fit of a sweep."""

    parameters: dict[str, Value]
    command: list[str]  # without the options for its folder
    id: str  # 12 hexadecimal digits, of the arguments, the config files and the checkpoints that these name
    checkpoints: dict[str, str | None] = field(default_factory=dict)  # the SHA-256; None for one that is not there

    def __str__(self) -> str:
        """Its parameters in a few words."""
        return " ".join(f"{name.removeprefix('model.init_args.')}={value}" for name, value in self.parameters.items())


def read_sweep(path: Path) -> Sweep:
    """The sweep of a YAML file; ConfigError where it is none, or takes W&B's server."""
    try:
        return _sweep(yaml.safe_load(path.read_text(encoding="utf-8")), path)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def expand(sweep: Sweep, seed: int = 0) -> list[Point]:
    """The points of a sweep, each once; ConfigError for a config file that cannot be read, or an unknown macro.

    A grid is the product of the values, the last parameter changing fastest; a random search draws `run_cap` times, and
    with a larger `run_cap` draws the same points first.
    """
    rng = np.random.default_rng(seed)
    ranges = sweep.parameters.values()
    settings: Iterator[tuple[Value, ...]] = itertools.product(*ranges)
    if sweep.method == "random":
        settings = (tuple(_draw(given, rng) for given in ranges) for _ in itertools.count())
    digest = functools.cache(lambda name: sha256_file(Path(name)) if Path(name).is_file() else None)
    chosen = (dict(zip(sweep.parameters, each, strict=True)) for each in itertools.islice(settings, sweep.run_cap))
    return list({point.id: point for point in (_point(sweep, each, digest) for each in chosen)}.values())


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
    metric = content.get("metric")
    if metric is not None:
        if not isinstance(metric, dict) or not metric.get("name"):
            raise ConfigError("metric: give it a `name`, and a `goal`")
        metric = {"name": str(metric["name"]), "goal": metric.get("goal", "minimize")}  # W&B's default
        if metric["goal"] not in ("minimize", "maximize"):
            raise ConfigError(f"metric.goal={metric['goal']}: give minimize or maximize")
    command = content.get("command")
    if not isinstance(command, list) or "fit" not in command:
        raise ConfigError("command: `syrfa sweep` runs points of `syrfa fit`; name the verb in the list")
    program = content.get("program")
    if "${program}" in command and not program:
        raise ConfigError("program: the command names it; say what it is")
    named = {str(key): _parameter(f"parameters.{key}", value, method) for key, value in parameters.items()}
    return Sweep(name, content.get("project"), method, metric, [*map(str, command)], str(program), named, cap)


def _parameter(place: str, content: object, method: str) -> list[Value] | tuple[float, float]:
    """A parameter's `value` or `values`, or for a random search its `min` and `max`, both whole numbers or both not."""
    if not isinstance(content, dict):
        raise ConfigError(f"{place}: give it `values: [...]` or `value: ...`")
    for key in content.keys() - {"value", "values", "min", "max"}:
        raise ConfigError(f"{place}.{key}: `syrfa sweep` does not know it; it knows value, values, min and max")
    if "value" in content or "values" in content:
        values: list[Value] = content.get("values", [content.get("value")])
        if not isinstance(values, list) or not values:
            raise ConfigError(f"{place}.values: give a list of at least one value")
        for value in values:
            if value is not None and not isinstance(value, str | int | float):
                raise ConfigError(f"{place}: {value} is no plain value; an argument cannot hold it")
        return values
    if method == "grid":
        raise ConfigError(f"{place}: a grid takes `values` or `value`; a range takes method: random")
    low: Any = content.get("min")
    high: Any = content.get("max")
    numbers = isinstance(low, int | float) and isinstance(high, int | float)
    if not numbers or type(low) is not type(high) or not low < high:
        raise ConfigError(f"{place}: cannot be drawn from min={low} to max={high}; give two integers or two floats")
    return low, high


def _draw(given: list[Value] | tuple[float, float], rng: np.random.Generator) -> Value:
    """A value of the list, or of the range: by W&B's rules a whole number between two of these, ends included."""
    if isinstance(given, list):
        return given[int(rng.integers(len(given)))]
    low, high = given
    if isinstance(low, int) and isinstance(high, int):
        return int(rng.integers(low, high, endpoint=True))
    return float(rng.uniform(low, high))


def _point(sweep: Sweep, parameters: dict[str, Value], digest: Callable[[str], str | None]) -> Point:
    command = _fill_in(sweep, parameters)
    arguments = command[command.index("fit") :]
    check_configs(arguments)
    configs = list(config_names(arguments))
    contents = [yaml.safe_load(Path(name).read_text(encoding="utf-8")) for name in configs]
    texts = {text for _, text in leaves([*contents, *map(_value, arguments)]) if isinstance(text, str)}
    checkpoints = {name: digest(name) for name in sorted(texts) if name.endswith(_WEIGHTS)}
    identity = {"arguments": arguments, "configs": {name: digest(name) for name in configs}, "checkpoints": checkpoints}
    return Point(parameters, command, sha256_json(identity)[:12], checkpoints)


def _value(argument: str) -> object:
    """What an argument sets, which may be a list."""
    try:
        return yaml.safe_load(argument.partition("=")[2] if argument.startswith("--") else argument)
    except (yaml.YAMLError, ValueError):  # a date that is none is a ValueError
        return argument


def _fill_in(sweep: Sweep, parameters: dict[str, Value]) -> list[str]:
    """The command with W&B's macros replaced by the own functions of its agent, but with the Python that runs this."""
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
