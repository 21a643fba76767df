"""What a run record may hold: it may come from anybody, and a rerun only fits and tests in its folder."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from syrfa.training.paths import ELSEWHERE, ROOTS
from syrfa.training.run_record import OWN_PLACES, RUN, referred
from syrfa.tubes.datamodule import Stage
from syrfa.utils.files import sha256_json

Shape = Any
"""A type or several, a dict of shapes by key (`key?` may be absent or null), or a list of the shape of its items."""

_SOURCE: Shape = {"dataset": {"class_path": str}, "detector": {"class_path": str}}
_WORLD: Shape = {"preset?": str, "seed?": int, "grey?": bool, "version?": int, "settings?": str, "out": str}
_PART: Shape = dict.fromkeys(("stage", "dataset", "split", "root", "manifest_sha256", "cache"), str)
_STEP: Shape = {
    "id": str,
    "verb": str,
    "seed": int,
    "options": {
        "seed_everything": (int, bool),
        "trainer": dict,
        "model": {"class_path": str, "init_args": dict},
        "data": {"source?": _SOURCE, "target?": _SOURCE},
        "evaluation?": dict,
        "checkpoint?": dict,
        "run?": {"experiment?": str, "id?": str},
        "ckpt_path?": str,
    },
    "options_sha256": str,
    "data": [{**_PART, "detector": dict, "world?": _WORLD}],
    "files": [{"place": str, "sha256": str}],
    "environment": {"device": str, "threads": int, "packages": dict},
    "changed_on_resume?": [str],
}
RESULT: Shape = {
    **dict.fromkeys(("experiment", "run_id", "dataset", "split"), str),
    "evaluations": [{"protocol": dict}],
    "run_record?": {"steps": [_STEP]},
}
_MOST_THREADS = 4096

_WRITABLE = [f"${{oc.env:{name},{ROOTS[name]}}}" for name in ("SYRFA_CACHE", "SYRFA_DATA")]
_WRITABLE.append(f"${{oc.env:{ELSEWHERE}}}")
_CLASS = re.compile(r"syrfa(\.[A-Za-z]\w*)+")
# a dotted key reaches into another section, `key+` appends to it, `__path__` moves what is relative
_KEY = re.compile(r"(?!__)\w+")
_WORD = re.compile(r"[\w:,\- ]*")  # 16-mixed, ddp, 00:12:00:00; neither a class nor a path
_NO_OPTION = ("callbacks", "plugins", "profiler", "model_registry")  # of the trainer
# of a checkpoint's name: a format with fill characters or attributes could write dots and slashes
_FILE_NAME = re.compile(r"(?!.*\.\.)([\w=+. -]|\{\w[\w/]*(:\d*(\.\d+)?[dfeg]?)?\})+")
_ONLY_OBJECTS = ("dataset", "detector", "spec", "train_spec", "filter")  # a text would be read as a config file


def wrong_shape(value: object, shape: Shape, name: str = "") -> Iterator[str]:
    """Where a value is not of a shape, e.g. `run_record.steps[0].seed is no int but str`."""
    if isinstance(shape, dict | list) and not isinstance(value, type(shape)):
        yield f"{name or 'it'} is no {type(shape).__name__} but {type(value).__name__}"
    elif isinstance(shape, dict) and isinstance(value, dict):
        for key, inner in shape.items():
            plain = key.removesuffix("?")
            below = f"{name}.{plain}" if name else plain
            if value.get(plain) is not None:
                yield from wrong_shape(value[plain], inner, below)
            elif plain == key:
                yield f"{below} is missing"
    elif isinstance(shape, list) and isinstance(value, list):
        for number, part in enumerate(value):
            yield from wrong_shape(part, shape[0], f"{name}[{number}]")
    elif not isinstance(value, shape) or (isinstance(value, bool) and shape is int):
        wanted = shape if isinstance(shape, type) else shape[0]
        yield f"{name} is no {wanted.__name__} but {type(value).__name__}"


def wrong_step(step: dict[str, Any], is_last: bool) -> Iterator[str]:
    """What no run writes into a step of the right shape, or what would do more than fit or test in its folder."""
    options, threads = step["options"], step["environment"]["threads"]
    if step["verb"] != "test" and (step["verb"] != "fit" or is_last):
        yield f"its verb is {step['verb']}"
    if sha256_json(options) != step["options_sha256"]:
        yield "its options are not those of their hash"
    if not 1 <= threads <= _MOST_THREADS:
        yield f"environment.threads is {threads}"
    if step["seed"] != int(options["seed_everything"]):
        yield "its seed is not that of its options"
    yield from (f"there is no stage {p['stage']}" for p in step["data"] if p["stage"] not in get_args(Stage))
    for reached in overreach(options):
        yield f"it would do more than {step['verb']} in its folder: {reached}"


def is_writable(place: str) -> bool:
    """Whether a run record may name this place to write to: in the data, the cache or SYRFA_ELSEWHERE, or relative."""
    for root in _WRITABLE:
        if place == root or place.startswith(f"{root}/"):
            place = place.removeprefix(root).lstrip("/")
            break
    outside = "$" in place or place.startswith(("/", "~")) or ".." in Path(place).parts
    return place.isprintable() and not outside


def overreach(options: dict[str, Any]) -> Iterator[str]:
    """The options with which a run would do more than fit or test in its folder."""
    for section, names in OWN_PLACES.items():
        within = options.get(section) or {} if section else options
        prefix = f"{section}." if section else ""
        yield from (f"{prefix}{name} is set" for name in names if name in within and (section or name != "ckpt_path"))
    if options.get("ckpt_path") is not None and referred(options["ckpt_path"]) is None:
        yield "ckpt_path is not that of another step"
    run, trainer = options.get("run") or {}, options["trainer"]
    yield from (f"run.{name} is set" for name in run if name not in RUN)
    if not all(str(value).isprintable() for value in run.values()):
        yield "run names a folder that cannot be"
    yield from (f"trainer.{name} is set" for name in _NO_OPTION if trainer.get(name) is not None)
    for name, value in trainer.items():
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
