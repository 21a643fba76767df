"""How far a run is, on disk: `table_run.json` beside its result says by which arguments that result was made."""

import hashlib
import json
import shlex
from pathlib import Path
from typing import Any

from syrfa.reporting.table_runs import Run
from syrfa.training.run_folder import CHECKPOINTS, RESULT
from syrfa.utils.files import sha256_file, write_json

STATE = "table_run.json"


def is_done(run: Run) -> bool:
    """Whether nothing is left to do: there is a result, or, of a run that no row shows, a checkpoint."""
    state = _read(run.folder / STATE)
    if not run.shown and state.get("fitted") and run.checkpoint.is_file() and _is_of(run, state, b""):
        return True
    return finished(run) is not None


def finished(run: Run) -> bytes | None:
    """The bytes of the run's result; None where it has none, or one of other arguments or data than the plan's."""
    state = _read(run.folder / STATE)
    content = _result_by(run, state)
    return content if content and _is_of(run, state, content) else None


def begin(run: Run) -> str:
    """Makes the folder ready for the run.

    What another configuration left is removed before the new state is written, so that it can never be taken for a part
    of this run.

    Returns:
        what is left to do: `fit` from the start, `resume` it from its last checkpoint, or `test`.
    """
    state = _read(run.folder / STATE)
    same = _is_of(run, state, _result_by(run, state))
    (run.folder / RESULT).unlink(missing_ok=True)
    if same and run.checkpoint.is_file():
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


def _result_by(run: Run, state: dict[str, Any]) -> bytes:
    """The bytes of the result that the state is of; empty where another stands in its place, or none."""
    content = _bytes(run.folder / RESULT)
    return content if state.get("result_sha256") == hashlib.sha256(content).hexdigest() else b""


def _is_of(run: Run, state: dict[str, Any], content: bytes) -> bool:
    """Whether a state is that of the run: the same arguments and, as far as both are known, the same tested data.

    Args:
        run: as planned.
        state: what stands in its folder.
        content: of the result there, which tells the data where the state was written before they were there.
    """
    if state.get("hash") != run.hash:
        return False
    if run.tested is None:
        return True
    result = _json(content)
    known = state.get("tested") or [result.get("manifest_sha256"), result.get("cache_key")]
    return not all(known) or tuple(known) == run.tested


def _write(run: Run, **more: Any) -> None:  # noqa: ANN401 - anything that json can write
    commands = [shlex.join(["python", "-m", "syrfa", *command]) for command in (run.fit, run.test)]
    entry = {"hash": run.hash, "recipe": run.recipe, "seed": run.seed, "commands": commands, "tested": run.tested}
    write_json(run.folder / STATE, {**entry, **more})


def _read(file: Path) -> dict[str, Any]:
    """The content of a JSON file; empty where it is missing or damaged."""
    return _json(_bytes(file))


def _bytes(file: Path) -> bytes:
    """Empty where the file cannot be read."""
    try:
        return file.read_bytes()
    except OSError:
        return b""


def _json(content: bytes) -> dict[str, Any]:
    """Empty where it is none."""
    try:
        parsed = json.loads(content)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
