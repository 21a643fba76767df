"""`syrfa reproduce`: what it takes to make a result again, and the comparison with a rerun."""

import contextlib
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from syrfa.errors import DataNotFoundError, UserError
from syrfa.evaluation.result import Result, read_result
from syrfa.reporting.comparison import Row, changed_conditions, compare, differences
from syrfa.reporting.inputs import Input, generate_arguments, inputs_of, missing_worlds
from syrfa.reporting.reproduce import contradictions
from syrfa.reporting.rerun import Rerun, device_note, run_verb
from syrfa.reporting.shape import check_result
from syrfa.reporting.spread import Allowance, allowance
from syrfa.training.provenance import environment
from syrfa.training.run_record import Step
from syrfa.utils.files import write_json
from syrfa.utils.text_table import text_table

DIFFERS = 3
"""The exit code where a number lies outside its tolerance."""
_SAID = {
    "equal": "equal",
    "within": "within the tolerance",
    "not judged": "not judged, since no spread was measured",
    "not reproduced": "not reproduced",
}
EXACT = "device, processor, threads and packages are as they were: every number has to be equal"
_COLUMNS = ("number", "committed", "rerun", "difference", "tolerance", "verdict")


def reproduce(
    result: Path, check: bool = False, out: Path | None = None, generate: bool = False, all_numbers: bool = False
) -> int:
    """Print what it takes to make a result again; with --check make it again and compare it.

    Exit codes: 0, no number lies outside its tolerance, and the last line says how many were not judged; 3, one does,
    or the rerun says another thing of its data, switches, protocols or audits; 2, it cannot be run again: data are
    absent or others, or the result holds no run record.

    Args:
        result: a result.json, or the folder of a run.
        check: run every fit and the test behind it again, and compare.
        out: keep the rerun in this folder; a rerun that was stopped goes on there. A temporary folder by default.
        generate: make generated worlds that are absent, where the run record had them.
        all_numbers: print every number, not only values and what differs.

    Raises:
        UserError: it cannot be run again; the message says what is missing.
    """
    committed = read_result(result)
    check_result(committed, result)
    steps = steps_of(committed, result)
    rerun = Rerun(steps, out or Path("OUT"))
    inputs = inputs_of(steps)
    print_plan(committed, steps, inputs, rerun.commands())
    if out is not None:
        rerun.prepare()
    if generate and missing_worlds(inputs):
        for world in missing_worlds(inputs):
            run_verb(["generate", *generate_arguments(world)], {})
        inputs = inputs_of(steps)
        _print_inputs(inputs)
    if not check:
        return 0
    check_inputs(inputs)
    with contextlib.ExitStack() as stack:
        folder = out or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="syrfa-reproduce-")))
        again = Rerun(steps, folder).run()
        conditions = changed_conditions(steps, steps_of(again, folder))
        allowed = allowance(committed) if conditions else None
        rows, contradicted = compare(committed, again, allowed), contradictions(committed, again)
        if out is not None:
            said = {"changed_conditions": conditions, "tolerance": allowed.line if allowed else "exact"}
            content = {**said, "contradictions": contradicted, "rows": [_plain(row) for row in rows]}
            write_json(out / "comparison.json", content)
    print("\n" + (_conditions(conditions, allowed) if allowed else EXACT))
    print(text_table([_cells(row) for row in rows if all_numbers or is_shown(row)], _COLUMNS))
    print("".join(f"\n{line}" for line in contradicted))
    print(summary_line(rows, contradicted))
    return DIFFERS if contradicted or any(row.failed for row in rows) else 0


def steps_of(result: Result, path: Path) -> list[Step]:
    """The steps of a result's run record.

    Raises:
        UserError: it has none.
    """
    record = result.get("run_record")
    if record is None:
        reason = result.get("run_record_reason") or "it was written by a version of syrfa that kept none"
        raise UserError(f"{path}: holds no run record, so that it cannot be run again: {reason}")
    if not isinstance(record, dict) or not isinstance(record.get("steps"), list):
        raise UserError(f"{path}: its run record is damaged: it has no list of steps; take another copy of the result")
    steps: list[Step] = record["steps"]
    return steps


def check_inputs(inputs: list[Input]) -> None:
    """Refuses a rerun on other data.

    Raises:
        DataNotFoundError: with everything that is absent or differs, and what would help.
    """
    wrong = [one for one in inputs if one.verdict != "equal"]
    if not wrong:
        return
    advice = "; add --generate true to make what is generated" if missing_worlds(inputs) else ""
    said = "; ".join(f"{one.name} {one.verdict}: {one.said}" for one in wrong)
    raise DataNotFoundError(f"it cannot be run again: {said}{advice}")


def print_plan(committed: Result, steps: list[Step], inputs: list[Input], commands: list[str]) -> None:
    """Prints what it takes: data, commands, commit and packages."""
    print(f"{committed['experiment']}/{committed['run_id']}: {committed['dataset']} {committed['split']}")
    _print_inputs(inputs)
    print("\ncommands, in order (--out FOLDER writes their option files there):")
    for command in commands:
        print(f"  {command}")
    for number, step in enumerate(steps, start=1):
        if changed := step.get("changed_on_resume"):
            print(f"  {number}_{step['verb']} was resumed with other {', '.join(changed)}: a rerun may differ")
    here = environment()
    said = [
        difference
        for step in steps
        for key in ("git_commit", "python", "packages")
        for difference in differences(key, step["environment"].get(key), here[key])
    ]
    print("\ncommit and packages: " + ("as here" if not said else ""))
    for line in dict.fromkeys(said):
        print(f"  {line}")
    if note := device_note(steps):
        print(note)


def _print_inputs(inputs: list[Input]) -> None:
    print("\ndata:")
    for one in inputs:
        print(f"  {one.verdict:<8} {one.name}: {one.said}")
    for world in missing_worlds(inputs):
        try:
            print(f"  to make it: python -m syrfa generate {' '.join(generate_arguments(world))}")
        except UserError as error:
            print(f"  {error}")


def _conditions(conditions: list[str], allowed: Allowance) -> str:
    return "\n".join(["not as it was:", *(f"  {condition}" for condition in conditions), allowed.line])


def is_shown(row: Row) -> bool:
    """What failed or was not judged, and of the rest values, regions and alarms of the result and of every reading.

    The result's own metrics and baselines are those of its first reading.
    """
    if row.failed or row.verdict == "not judged":
        return True
    if row.path[1] in ("regions", "alarms"):
        return "baselines" not in row.path
    return bool(row.path[0]) and row.path[-1] == "value"


def summary_line(rows: list[Row], contradicted: list[str]) -> str:
    """The last line of a check."""
    counts = Counter("not reproduced" if row.failed else row.verdict for row in rows)
    said = f"{len(rows)} numbers: " + ", ".join(f"{counts[verdict]} {words}" for verdict, words in _SAID.items())
    if contradicted:
        return f"{said}; said otherwise by the rerun: {len(contradicted)}"
    return said if counts["not judged"] or counts["not reproduced"] else f"{said}: every number agrees"


def _cells(row: Row) -> list[str]:
    numbers = (row.committed, row.rerun, row.difference, row.tolerance)
    return [row.name, *("-" if number is None else f"{number:.6g}" for number in numbers), row.verdict]


def _plain(row: Row) -> dict[str, Any]:
    return {
        "number": row.name,
        "committed": row.committed,
        "rerun": row.rerun,
        "difference": row.difference,
        "tolerance": row.tolerance,
        "verdict": row.verdict,
    }
