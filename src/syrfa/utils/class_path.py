"""Classes by their full path; those outside syrfa only on the user's word."""

import importlib
import os
import sys
from typing import TypeVar

from syrfa.errors import ConfigError

ALLOWED = "SYRFA_ALLOW_IMPORT"  # comma-separated modules; an environment variable, so that worker processes have it too
Class = TypeVar("Class")


def allow_import(modules: str) -> None:
    """Imports comma-separated modules of the user's own, so that checkpoints and options may name their classes.

    Raises:
        ConfigError: one cannot be imported.
    """
    names = [name.strip() for name in modules.split(",") if name.strip()]
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise ConfigError(f"module {name} cannot be imported ({error}); is its folder on PYTHONPATH?") from error
    os.environ[ALLOWED] = ",".join(dict.fromkeys([*_allowed(), *names]))


def import_class(path: str, base: type[Class]) -> type[Class]:
    """The class at `package.module.Class`, a subclass of `base`.

    Raises:
        ConfigError: there is no such class, or it lies outside syrfa in a module that nobody has imported.
    """
    module, _, name = path.rpartition(".")
    if module not in sys.modules and module in _allowed():
        allow_import(module)  # in a process that was started anew
    if module not in sys.modules:
        if not module.startswith("syrfa."):
            raise ConfigError(f"{path} lies outside syrfa; if you trust it, add --allow_import {module}")
        allow_import(module)
    found = getattr(sys.modules[module], name, None)
    if not (isinstance(found, type) and issubclass(found, base)):
        raise ConfigError(f"{path} is no {base.__name__}")
    return found


def class_path(kind: type) -> str:
    """The full path of a class; of ours the public one, `syrfa.modules.SynthKnowledgeModule`."""
    public = ".".join(kind.__module__.split(".")[:2])
    if public.startswith("syrfa.") and getattr(sys.modules.get(public), kind.__name__, None) is kind:
        return f"{public}.{kind.__name__}"
    return f"{kind.__module__}.{kind.__qualname__}"


def _allowed() -> list[str]:
    return [name for name in os.environ.get(ALLOWED, "").split(",") if name]
