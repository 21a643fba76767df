"""A point of a sweep: its parameters, the command that runs it, and the hash that identifies it."""

import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from syrfa.errors import ConfigError
from syrfa.files import sha256_file, sha256_json
from syrfa.parser import check_configs, config_names
from syrfa.sweeps.definition import Sweep
from syrfa.sweeps.parameter import Value


@dataclass(frozen=True)
class Point:
    """One fit of a sweep.

    Attributes:
        parameters: by name.
        command: what is run, without the options that say where.
        id: 12 hexadecimal digits that change with an argument and with a config file that the command names.
    """

    parameters: dict[str, Value]
    command: tuple[str, ...]
    id: str


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
    digests: dict[str, str] = {}
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


def _point(sweep: Sweep, parameters: dict[str, Value], digests: dict[str, str]) -> Point:
    command = fill_in(sweep, parameters)
    arguments = command[command.index("fit") :]
    for name in config_names(arguments):
        if name not in digests:
            check_configs(["--config", name])
            digests[name] = sha256_file(Path(name))
    configs = {name: digests[name] for name in config_names(arguments)}
    return Point(parameters, tuple(command), sha256_json({"arguments": arguments, "configs": configs})[:12])


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
