"""The verbs that are not the Trainer's: each is a function, its signature and docstring are its options and help."""

import importlib
import inspect
import re
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path
from typing import Any

# of each verb, the parameters that are given without `--name`, and how argparse is to read them
POSITIONAL: dict[str, dict[str, dict[str, Any]]] = {
    "tables": {"names": {"nargs": "*", "help": "tables and figures, as table2 fig4; all where none is given"}},
    "evaluate": {"run": {"type": Path, "help": "the folder of a tested run"}},
    "summary": {"runs": {"nargs": "+", "type": Path, "help": "folders of runs"}},
    "report": {"runs": {"type": Path, "help": "a run's folder, a result file, or a folder of runs"}},
    "figure": {
        "which": {"choices": ["fig3", "fig4"], "help": "score curves and anomaly maps, or the feature distance"},
        "runs": {"nargs": "+", "type": Path, "help": "folders of tested runs"},
    },
    "data": {
        "action": {"choices": ["list", "fetch", "check"], "help": "show the data sets, download one, or check a copy"},
        "dataset": {"nargs": "?", "help": "a name of the list"},
        "path": {"nargs": "?", "type": Path, "help": "of check: the folder it was unpacked into"},
    },
    "reproduce": {"result": {"type": Path, "help": "a result.json, or the folder of a run"}},
}
_VALUES = ("true", "false", "yes", "no")


def run_command(verb: str, arguments: list[str]) -> int:
    """Parses `arguments` against the verb's function and calls it.

    Returns:
        what the verb's function returns, 0 where that is nothing; errors are raised.

    Raises:
        ConfigError: the options do not parse.
    """
    from syrfa.utils.parser import ArgumentParser, check_configs

    function: Callable[..., int | None] = getattr(importlib.import_module(f"syrfa.verbs.{verb}"), verb)
    parser = ArgumentParser(prog=f"syrfa {verb}", description=(function.__doc__ or "").split("\n")[0])
    parser.parser_mode = "omegaconf"
    parameters = inspect.signature(function).parameters
    own_config = "config" in parameters  # the verb reads it itself: it holds no options
    if not own_config:
        parser.add_argument("-c", "--config", action="config", help="a YAML file with options")
    positional = POSITIONAL.get(verb, {})
    for name, reading in positional.items():
        parser.add_argument(name, **reading)
    parser.add_function_arguments(function, as_group=False, skip=set(positional))
    arguments = [re.sub(r"^--[a-z][a-z-]*[a-z]", _underscored, argument) for argument in arguments]
    # options that need no `true` behind them, also before a parameter without a name
    flags = {f"--{name}" for name, parameter in parameters.items() if parameter.annotation is bool}
    arguments = [text for pair in zip_longest(arguments, arguments[1:]) for text in _flag(*pair, flags)]
    check_configs(arguments)
    options = parser.instantiate(parser.parse_args(arguments))
    if not own_config:
        options.pop("config", None)
    return function(**options) or 0


def _underscored(option: re.Match[str]) -> str:
    """`--contact-sheet` is `--contact_sheet`: people write both."""
    return "--" + option[0][2:].replace("-", "_")


def _flag(argument: str, following: str | None, flags: set[str]) -> list[str]:
    """A flag without a value of its own gets one."""
    return [argument, "true"] if argument in flags and (following or "").lower() not in _VALUES else [argument]
