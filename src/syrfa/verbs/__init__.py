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
# of `evaluate`, options of a test that stored scores cannot follow
_OF_A_TEST = {"pictures", "reference_boxes", "regions", "feature_distance", "feature_distance_tubes"}
_SKIPPED = {"evaluate": _OF_A_TEST | {"feature_distance_seed"}}
# of `predict`, the parts of an experiment's config that it does not use
_UNUSED = {"predict": ("model", "trainer", "run", "evaluation", "checkpoint", "checkpoint_minutes", "seed_everything")}


def run_command(verb: str, arguments: list[str]) -> int:
    """Parses `arguments` against the verb's function (ConfigError), and returns what it returns, 0 for None."""
    from syrfa.utils.parser import ArgumentParser, check_configs

    function: Callable[..., int | None] = getattr(importlib.import_module(f"syrfa.verbs.{verb}"), verb)
    description = (function.__doc__ or "").split("\n")[0]
    parser = ArgumentParser(prog=f"syrfa {verb}", description=description, parser_mode="omegaconf")
    parameters = inspect.signature(function).parameters
    own_config = "config" in parameters  # the verb reads it itself: it holds no options
    if not own_config:
        parser.add_argument("-c", "--config", action="config", help="a YAML file with options")
    positional = POSITIONAL.get(verb, {})
    for name, reading in positional.items():
        parser.add_argument(name, **reading)
    parser.add_function_arguments(function, as_group=False, skip={*positional, *_SKIPPED.get(verb, ())})
    for name in _UNUSED.get(verb, ()):
        parser.add_argument(f"--{name}", type=dict[str, Any] | str | float | None, help="not used; may be in a config")
    # `--dry-run` is `--dry_run`: people write both
    arguments = [
        re.sub(r"(?<=^--)[a-z][a-z-]*[a-z]", lambda name: name[0].replace("-", "_"), argument) for argument in arguments
    ]
    # options that need no `true` behind them, also before a parameter without a name
    flags = {f"--{name}" for name, parameter in parameters.items() if parameter.annotation is bool}
    arguments = [text for pair in zip_longest(arguments, arguments[1:]) for text in _flag(*pair, flags)]
    check_configs(arguments)
    options = parser.instantiate(parser.parse_args(arguments))
    for name in (*_UNUSED.get(verb, ()), *(() if own_config else ("config",))):
        options.pop(name, None)
    return function(**options) or 0


def _flag(argument: str, following: str | None, flags: set[str]) -> list[str]:
    """A flag without a value of its own gets one."""
    given = (following or "").lower() in ("true", "false", "yes", "no")
    return [argument, "true"] if argument in flags and not given else [argument]
