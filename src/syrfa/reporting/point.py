"""A point of a sweep: its parameters, the command that runs it, and the hash that identifies it."""

import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import yaml

from syrfa.errors import ConfigError
from syrfa.reporting.parameter import Value
from syrfa.reporting.sweep import Sweep
from syrfa.utils.files import sha256_file, sha256_json
from syrfa.utils.parser import check_configs, config_names

_WEIGHTS = (".ckpt", ".pt", ".pth")
Digests = dict[str, str | None]


@dataclass(frozen=True)
class Point:
    """One fit of a sweep.

    Attributes:
        parameters: by name.
        command: what is run, without the options that say where.
        id: 12 hexadecimal digits that change with an argument, with a config file that the command names, and with a
            checkpoint that either names.
        checkpoints: SHA-256 of these by their names; None for one that is not there.
    """

    parameters: dict[str, Value]
    command: tuple[str, ...]
    id: str
    checkpoints: dict[str, str | None] = field(default_factory=dict)


def expand(sweep: Sweep, seed: int = 0) -> list[Point]:
    """The points of a sweep, each once.

    A grid is the product of the values, the last parameter changing fastest; a random search draws `run_cap` times, and
    with a larger `run_cap` draws the same points first.

    Args:
        sweep: what to expand.
        seed: of a random search.

    Raises:
        ConfigError: a config file that the command names cannot be read, or a macro of it is not known.
    """
    points: dict[str, Point] = {}
    digests: Digests = {}
    for parameters in itertools.islice(_settings(sweep, seed), sweep.run_cap):
        point = _point(sweep, parameters, digests)
        points.setdefault(point.id, point)
    return list(points.values())


def _settings(sweep: Sweep, seed: int) -> Iterator[dict[str, Value]]:
    names = list(sweep.parameters)
    if sweep.method == "grid":
        for values in itertools.product(*(parameter.values for parameter in sweep.parameters.values())):
            yield dict(zip(names, values, strict=True))
        return
    rng = np.random.default_rng(seed)
    while True:
        yield {name: sweep.parameters[name].draw(rng) for name in names}


def _point(sweep: Sweep, parameters: dict[str, Value], digests: Digests) -> Point:
    command = fill_in(sweep, parameters)
    arguments = command[command.index("fit") :]
    configs = {name: "" for name in config_names(arguments)}
    named = set(_checkpoints([_value(argument) for argument in arguments]))
    for name in configs:
        if name not in digests:
            check_configs(["--config", name])
        configs[name] = _digest(name, digests) or ""
        named.update(_checkpoints(yaml.safe_load(Path(name).read_text(encoding="utf-8"))))
    checkpoints = {name: _digest(name, digests) for name in sorted(named)}
    identity: dict[str, object] = {"arguments": arguments, "configs": configs}
    if checkpoints:
        identity["checkpoints"] = checkpoints
    return Point(parameters, tuple(command), sha256_json(identity)[:12], checkpoints)


def _digest(name: str, digests: Digests) -> str | None:
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
    if isinstance(content, dict):
        content = list(content.values())
    if isinstance(content, list):
        for part in content:
            yield from _checkpoints(part)
    elif isinstance(content, str) and content.endswith(_WEIGHTS):
        yield content


def fill_in(sweep: Sweep, parameters: dict[str, Value]) -> list[str]:
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
