"""Argument parsers whose errors are one line of ours instead of a page of usage."""

from typing import NoReturn

import jsonargparse

from syrfa.errors import ConfigError


class OneLineErrors:
    """Mixin for an argument parser: every parse error becomes a `ConfigError`."""

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Raises instead of printing usage and leaving the process.

        Raises:
            ConfigError: always, with the parser's message.
        """
        raise ConfigError(message) from ex


class ArgumentParser(OneLineErrors, jsonargparse.ArgumentParser):
    """The parser of the verbs that are not the Trainer's."""
