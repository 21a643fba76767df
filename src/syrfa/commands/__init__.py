"""The verbs that are not the Trainer's: each is a function, its signature and docstring are its options and help."""

import importlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

# what stands without a name before it: of each verb, the parameter and how argparse is to read it
POSITIONAL: dict[str, dict[str, dict[str, Any]]] = {
    "summary": {"runs": {"nargs": "+", "type": Path, "help": "folders of runs"}},
    "report": {"runs": {"type": Path, "help": "a run's folder, a result file, or a folder of runs"}},
    "doctor": {
        "dataset": {"choices": ["ped1", "ped2", "shanghaitech", "avenue", "ubnormal", "folder"], "help": "which it is"},
        "path": {"type": Path, "help": "the folder it was unpacked into"},
    },
    "data": {
        "action": {"choices": ["list", "fetch"], "help": "show the data sets, or download one"},
        "dataset": {"nargs": "?", "help": "what to fetch, a name of the list"},
    },
}


def run_command(verb: str, arguments: list[str]) -> int:
    """Parses `arguments` against the verb's function and calls it.

    Returns:
        0; errors are raised.

    Raises:
        ConfigError: the options do not parse.
    """
    from syrfa.parser import ArgumentParser, check_configs

    function: Callable[..., None] = getattr(importlib.import_module(f"syrfa.commands.{verb}"), verb)
    parser = ArgumentParser(prog=f"syrfa {verb}", description=(function.__doc__ or "").split("\n")[0])
    parser.parser_mode = "omegaconf"
    parser.add_argument("-c", "--config", action="config", help="a YAML file with options")
    positional = POSITIONAL.get(verb, {})
    for name, reading in positional.items():
        parser.add_argument(name, **reading)
    parser.add_function_arguments(function, as_group=False, skip=set(positional))
    arguments = [re.sub(r"^--[a-z][a-z-]*[a-z]", _underscored, argument) for argument in arguments]
    check_configs(arguments)
    options = parser.instantiate(parser.parse_args(arguments))
    options.pop("config", None)
    function(**options)
    return 0


def _underscored(option: re.Match[str]) -> str:
    """`--contact-sheet` is `--contact_sheet`: people write both."""
    return "--" + option[0][2:].replace("-", "_")
