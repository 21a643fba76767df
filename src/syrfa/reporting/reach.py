"""What the options of a run record may reach: it may come from anybody, and only fits and tests in its folder."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from syrfa.training.paths import ELSEWHERE, ROOTS
from syrfa.training.run_record import OWN_PLACES, RUN, referred

_WRITABLE = [*(f"${{oc.env:{name},{ROOTS[name]}}}" for name in ("SYRFA_CACHE", "SYRFA_DATA"))]
_WRITABLE.append(f"${{oc.env:{ELSEWHERE}}}")
_CLASS = re.compile(r"syrfa(\.[A-Za-z]\w*)+")
# a dotted key reaches into another section, `key+` appends to it, `__path__` moves what is relative
_KEY = re.compile(r"(?!__)\w+")
_WORD = re.compile(r"[\w:,\- ]*")  # 16-mixed, ddp, 00:12:00:00; neither a class nor a path
_NO_OPTION = {"trainer": ("callbacks", "plugins", "profiler", "model_registry")}
# of a checkpoint's name: a format with fill characters or attributes could write dots and slashes
_FILE_NAME = re.compile(r"(?!.*\.\.)([\w=+. -]|\{\w[\w/]*(:\d*(\.\d+)?[dfeg]?)?\})+")
_ONLY_OBJECTS = ("dataset", "detector", "spec", "train_spec", "filter")  # a text would be read as a config file


def overreach(options: dict[str, Any]) -> str | None:
    """The first option with which a run would do more than fit or test in its folder; None where there is none.

    Args:
        options: of a step, of the shape that `wrong_shape` checks.
    """
    return next(_found(options), None)


def is_writable(place: str) -> bool:
    """Whether a run record may name this place to write to: in the data, the cache or SYRFA_ELSEWHERE, or relative."""
    for root in _WRITABLE:
        if place == root or place.startswith(f"{root}/"):
            place = place.removeprefix(root).lstrip("/")
            break
    outside = "$" in place or place.startswith(("/", "~")) or ".." in Path(place).parts
    return place.isprintable() and not outside


def _found(options: dict[str, Any]) -> Iterator[str]:
    for section, names in OWN_PLACES.items():
        within = options.get(section) or {} if section else options
        prefix = f"{section}." if section else ""
        yield from (f"{prefix}{name} is set" for name in names if name in within and (section or name != "ckpt_path"))
    if options.get("ckpt_path") is not None and referred(options["ckpt_path"]) is None:
        yield "ckpt_path is not that of another step"
    run = options.get("run") or {}
    yield from (f"run.{name} is set" for name in run if name not in RUN)
    if not all(str(value).isprintable() for value in run.values()):
        yield "run names a folder that cannot be"
    for section, names in _NO_OPTION.items():
        yield from (f"{section}.{name} is set" for name in names if options[section].get(name) is not None)
    for name, value in options["trainer"].items():
        if not all(_is_plain(part) for part in (value if isinstance(value, list) else [value])):
            yield f"trainer.{name} is {_short(value)}"
    name = (options.get("checkpoint") or {}).get("filename")
    if name is not None and not (isinstance(name, str) and _FILE_NAME.fullmatch(name)):
        yield f"checkpoint.filename is {_short(name)}"
    cache = options["data"].get("cache_root")
    if cache is not None and not (isinstance(cache, str) and is_writable(cache)):
        yield f"data.cache_root is {_short(cache)}"
    yield from _in_tree(options)


def _in_tree(value: object, name: str = "") -> Iterator[str]:
    """Classes from elsewhere, keys that reach out of their section, and texts in place of objects."""
    if isinstance(value, list):
        for part in value:
            yield from _in_tree(part, name)
    if not isinstance(value, dict):
        return
    for key, part in value.items():
        below = f"{name}.{key}" if name else str(key)
        if not _KEY.fullmatch(str(key)):
            yield f"{_short(below)} is no option"
        if key == "class_path" and not (isinstance(part, str) and _CLASS.fullmatch(part)):
            yield f"{below} is {_short(part)}, no class of syrfa"
        if key == "adapter" and "." in str(part) and not _CLASS.fullmatch(str(part)):
            yield f"{below} is {_short(part)}, no class of syrfa"
        if name.startswith("data") and key in _ONLY_OBJECTS and isinstance(part, str):
            yield f"{below} is {_short(part)}"
        yield from _in_tree(part, below)


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, int | float) or (isinstance(value, str) and bool(_WORD.fullmatch(value)))


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
