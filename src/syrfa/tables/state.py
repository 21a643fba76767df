"""How far a run is, on disk: `table_run.json` beside its result says by which arguments that result was made."""

import json
import shlex
from pathlib import Path
from typing import Any

from syrfa.errors import UserError
from syrfa.files import sha256_file, write_json
from syrfa.run_folder import CHECKPOINTS, RESULT, RESULT_SCHEMA
from syrfa.tables.plan import Run

STATE = "table_run.json"
Result = dict[str, Any]


def is_done(run: Run) -> bool:
    """Whether nothing is left to do: there is a result, or, of a run that no row shows, a checkpoint."""
    fitted = _read(run.folder / STATE)
    if not run.shown and fitted.get("hash") == run.hash and fitted.get("fitted") and run.checkpoint.is_file():
        return True
    return finished(run) is not None


def finished(run: Run) -> Result | None:
    """The run's result; None where it has none, or one of other arguments than the plan's."""
    state = _read(run.folder / STATE)
    file = run.folder / RESULT
    if state.get("hash") != run.hash or not file.is_file() or state.get("result_sha256") != sha256_file(file):
        return None
    return read_result(file)


def read_result(file: Path) -> Result:
    """A result.json.

    Raises:
        UserError: it is damaged, or of another version.
    """
    content = _read(file)
    if content.get("schema") != RESULT_SCHEMA or not content.get("readings"):
        raise UserError(f"{file}: damaged, or not a result of this version of syrfa; remove it and run again")
    return content


def begin(run: Run) -> str:
    """Makes the folder ready for the run.

    What another configuration left is removed before the new state is written, so that it can never be taken for a part
    of this run.

    Returns:
        what is left to do: `fit` from the start, `resume` it from its last checkpoint, or `test`.
    """
    state = _read(run.folder / STATE)
    (run.folder / RESULT).unlink(missing_ok=True)
    if state.get("hash") == run.hash and run.checkpoint.is_file():
        return "test" if state.get("fitted") else "resume"
    for checkpoint in (run.folder / CHECKPOINTS).glob("*.ckpt"):
        checkpoint.unlink()
    _write(run)
    return "fit"


def mark_fitted(run: Run) -> None:
    """Says that the fit is done."""
    _write(run, fitted=True)


def mark_finished(run: Run) -> None:
    """Says that the result that is there now is this run's."""
    _write(run, fitted=True, result_sha256=sha256_file(run.folder / RESULT))


def _write(run: Run, **more: Any) -> None:  # noqa: ANN401 - anything that json can write
    commands = [shlex.join(["python", "-m", "syrfa", *command]) for command in (run.fit, run.test)]
    entry = {"hash": run.hash, "recipe": run.recipe, "seed": run.seed, "commands": commands}
    write_json(run.folder / STATE, {**entry, **more})


def _read(file: Path) -> dict[str, Any]:
    """The content of a JSON file; empty where it is missing or damaged."""
    try:
        content = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
