"""The shape of a recipe's steps, so that a damaged one is refused before anything looks into it."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from syrfa.errors import UserError
from syrfa.reporting.comparison import numbers
from syrfa.tubes.datamodule import Stage

Shape = Any
"""A type or several, a dict of shapes by key (`key?` may be absent or null), or a list of the shape of its items."""

WORLD: Shape = {"preset?": str, "seed?": int, "grey?": bool, "version?": int, "settings?": str, "out": str}
PART: Shape = {"stage": str, "dataset": str, "split": str, "root": str, "manifest_sha256": str, "cache": str}
PART |= {"detector": dict, "world?": WORLD}
STEP: Shape = {
    "id": str,
    "verb": str,
    "seed": int,
    "options": {
        "seed_everything": (int, bool),
        "trainer": dict,
        "model": {"class_path": str, "init_args": dict},
        "data": {"source?": {"dataset": {"class_path": str}, "detector": {"class_path": str}}},
        "evaluation?": dict,
        "checkpoint?": dict,
        "run?": {"experiment?": str, "id?": str},
        "ckpt_path?": str,
    },
    "options_sha256": str,
    "data": [PART],
    "files": [{"place": str, "sha256": str}],
    "environment": {"device": str, "threads": int, "packages": dict},
    "changed_on_resume?": [str],
}
STEP["options"]["data"]["target?"] = STEP["options"]["data"]["source?"]
RESULT: Shape = {"experiment": str, "run_id": str, "dataset": str, "split": str, "evaluations": [{"protocol": dict}]}
MOST_THREADS = 4096


def check_result(result: dict[str, Any], place: Path) -> None:
    """Refuses a result that lacks what a comparison reads.

    Raises:
        UserError: it says what.
    """
    found = next(_wrong(result, RESULT, str(place), ""), None)
    if found is None:
        odd = [path for path, value in numbers(result).items() if value is not None and not math.isfinite(value)]
        found = f"{place}: {'.'.join(odd[0]).lstrip('.')} is no finite number" if odd else None
    if found is not None:
        raise UserError(f"{found}; the file is damaged, take another copy of it")


def wrong_shape(step: object, place: str) -> str | None:
    """The first thing in which a step is not as a run writes it; None where there is none."""
    found = next(_wrong(step, STEP, place, ""), None)
    if found is not None or not isinstance(step, dict):
        return found
    if not 0 < step["environment"]["threads"] <= MOST_THREADS:
        return f"{place}: environment.threads is {step['environment']['threads']}"
    if step["seed"] != int(step["options"]["seed_everything"]):
        return f"{place}: its seed is not that of its options"
    stages = [part["stage"] for part in step["data"] if part["stage"] not in get_args(Stage)]
    return f"{place}: there is no stage {stages[0]}" if stages else None


def _wrong(value: object, shape: Shape, place: str, name: str) -> Iterator[str]:
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            yield _is(value, "dict", place, name)
            return
        for key, inner in shape.items():
            plain = key.removesuffix("?")
            below = f"{name}.{plain}" if name else plain
            if value.get(plain) is None:
                if plain == key:
                    yield f"{place} lacks {below}"
            else:
                yield from _wrong(value[plain], inner, place, below)
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield _is(value, "list", place, name)
            return
        for number, part in enumerate(value):
            yield from _wrong(part, shape[0], place, f"{name}[{number}]")
    elif not isinstance(value, shape) or (isinstance(value, bool) and shape is int):
        wanted = shape if isinstance(shape, type) else shape[0]
        yield _is(value, wanted.__name__, place, name)


def _is(value: object, wanted: str, place: str, name: str) -> str:
    return f"{place}{f': {name}' if name else ''} is no {wanted} but {type(value).__name__}"
