"""Argument parsers whose errors are one line of ours instead of a page of usage."""

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any, NoReturn

import jsonargparse
import yaml
from omegaconf.errors import OmegaConfBaseException

from syrfa.errors import ConfigError

# jsonargparse's lines about the ways it tried and its own types; nothing a user could act on
_NOISE = re.compile(
    r"Does not validate against any of the Union subtypes|Subtypes: |Errors:$|Expected a <class 'NoneType'>$|"
    r"Given value type: |Given value: (NestedArg|Namespace)?[({]|Expected a path but |Problem with given class_path"
)
_KEY = re.compile(r'Parser key "([^"]+)":\s*')
_INNER_KEY = re.compile(r"([a-z_][\w.]*): ")  # of an inner parser's error, which is one of our lines already
_WORDING = (
    (r"typing\.Literal\[(.*?)\]", r"one of \1"),
    (r"<class '([\w.]+)'>", r"\1"),
    (r"Expected an? ", "expected "),
    (r"\. Got value: ", ", got "),
    (r"^Given value: ", "got "),
    (r"^Option '(.+)' is not accepted$", r"there is no option '\1'; see --help"),
    (r"^unrecognized arguments: (.+)$", r"there is no option '\1'; see --help"),
    (r"^expected dot import path string: (.+)$", r"there is no class '\1'"),
    (r"^the following arguments are required: (?:\w+\.)?model$", "no model; add --config with a file of experiments"),
    (r"^the following arguments are required: data$", "no data; add --config with a file of lightning_config/data"),
    (r"^the following arguments are required: ", "not given: "),
)


class OneLineErrors:
    """Mixin for an argument parser: every parse error becomes a `ConfigError`."""

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Raises a ConfigError of one line instead of printing usage and leaving the process."""
        raise ConfigError(one_line(message)) from ex

    def parse_args(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - jsonargparse's own signature
        """As jsonargparse, which lets the errors of `${...}` through."""
        try:
            return super().parse_args(*args, **kwargs)  # type: ignore[misc]  # of the class this is mixed into
        except OmegaConfBaseException as error:
            place = f"{error.full_key}: " if error.full_key else ""
            reason = re.sub("^.* raised while resolving interpolation: ", "", str(error).splitlines()[0])
            raise ConfigError(place + reason) from error


class ArgumentParser(OneLineErrors, jsonargparse.ArgumentParser):
    """The parser of the verbs that are not the Trainer's."""


def one_line(message: str) -> str:
    """The parser's message, which may be a page, as `data.target.spec.frames: expected int, got many`."""
    keys: list[str] = []
    parts: list[str] = []
    for line in message.splitlines():
        text = line.strip().removeprefix("- ")
        while match := _KEY.match(text) or (keys and _INNER_KEY.match(text)):
            keys.append(match[1])
            text = text[match.end() :]
        if not text or _NOISE.match(text):
            continue
        for pattern, words in _WORDING:
            text = re.sub(pattern, words, text)
        parts.append(text)
    place = f"{'.'.join(keys)}: " if keys else ""
    return place + "; ".join(parts) if parts else " ".join(message.split())


def check_configs(arguments: Sequence[str]) -> None:
    """Reads every `--config` once, so that an error names the file, which jsonargparse's do not.

    Raises:
        ConfigError: a file is missing, empty, no YAML, or holds no keys.
    """
    for name in config_names(arguments):
        if not name:
            raise ConfigError("--config: give it a YAML file")
        path = Path(name)
        if path.is_dir():
            raise ConfigError(f"{path}: is a folder; give --config a YAML file")
        if not path.is_file():
            raise ConfigError(f"{path}: there is no such config file")
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except yaml.MarkedYAMLError as error:
            place = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
            raise ConfigError(f"{path}{place}: not YAML: {error.problem}") from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: not a YAML text file") from error
        if not isinstance(content, dict):
            found = "is empty" if content is None else f"holds a {type(content).__name__}"
            raise ConfigError(f"{path}: {found}; a config holds keys such as `data:` and `model:`")


def config_names(arguments: Sequence[str]) -> Iterator[str]:
    """What follows every `--config`, in order; empty where nothing does."""
    for option, value in zip_longest(arguments, arguments[1:], fillvalue=""):
        if option in ("-c", "--config"):
            yield value
        elif option.startswith("--config="):
            yield option.removeprefix("--config=")
