"""`syrfa reproduce`: what it takes to make a result again, and the comparison with a rerun."""

import contextlib
import tempfile
from collections import Counter
from pathlib import Path

from syrfa.errors import DataNotFoundError, UserError
from syrfa.evaluation.result import Result, read_result
from syrfa.reporting.inputs import Input, generate_arguments, inputs_of
from syrfa.reporting.reproduce import Row, allowance, changed_conditions, compare, contradictions, differences
from syrfa.reporting.rerun import Rerun
from syrfa.training.provenance import environment
from syrfa.utils.files import write_json
from syrfa.utils.text_table import text_table

DIFFERS = 3
"""The exit code where a number lies outside its tolerance."""
EXACT = "device, processor, threads and packages are as they were: every number has to be equal"
_VERDICTS = {
    "equal": "equal",
    "within": "within the tolerance",
    "not judged": "not judged, since no spread was measured",
    "not reproduced": "not reproduced",
}
_COLUMNS = ("number", "committed", "rerun", "difference", "tolerance", "verdict")


def reproduce(result: Path, check: bool = False, out: Path | None = None) -> int:
    """Print what it takes to make a result again; with --check make it again and compare it.

    Exit codes: 0, no number lies outside its tolerance, and the last line gives how many were not judged; 3, one does,
    or the rerun records something else of its data, switches, protocols or audits; 2, it cannot be run again: data are
    absent or others, or the result holds no run record.

    Args:
        result: a result.json, or the folder of a run.
        check: run every fit and the test behind it again, and compare.
        out: keep the rerun, and the comparison of every number, in this folder; a rerun that was stopped goes on there.
            A temporary folder by default.

    Raises:
        UserError: it cannot be run again; the message names what is missing.
    """
    committed = read_result(result)
    rerun = Rerun(committed, result, out or Path("OUT"))
    inputs = inputs_of(rerun.steps)
    print_plan(committed, rerun, inputs)
    if out is not None:
        rerun.prepare()
    if not check:
        return 0
    if wrong := "; ".join(f"{one.name} {one.verdict}: {one.why}" for one in inputs if one.verdict != "equal"):
        raise DataNotFoundError(f"it cannot be run again: {wrong}")
    with contextlib.ExitStack() as stack:
        folder = out or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="syrfa-reproduce-")))
        again = Rerun(committed, result, folder).run()
    conditions = changed_conditions(rerun.steps, (again.get("run_record") or {}).get("steps", []))
    allowed = allowance(committed) if conditions else None
    rows, contradicted = compare(committed, again, allowed), contradictions(committed, again)
    if out is not None:
        content = {"changed_conditions": conditions, "tolerance": allowed.line if allowed else "exact"}
        plain = [{key: getattr(row, key, row.name) for key in _COLUMNS} for row in rows]
        write_json(out / "comparison.json", {**content, "contradictions": contradicted, "rows": plain})
    changed = ["not as it was:", *(f"  {condition}" for condition in conditions), allowed.line] if allowed else [EXACT]
    print("\n" + "\n".join(changed))
    print(text_table([_cells(row) for row in rows if is_shown(row)], _COLUMNS))
    print("".join(f"\n{line}" for line in contradicted))
    print(summary_line(rows, contradicted))
    return DIFFERS if contradicted or any(row.failed for row in rows) else 0


def print_plan(committed: Result, rerun: Rerun, inputs: list[Input]) -> None:
    """Prints what it takes: data, commands, commit and packages."""
    print(f"{committed['experiment']}/{committed['run_id']}: {committed['dataset']} {committed['split']}\n\ndata:")
    for one in inputs:
        print(f"  {one.verdict:<8} {one.name}: {one.why}")
        if one.verdict == "absent" and one.world is not None:
            try:
                print(f"  to make it: python -m syrfa generate {' '.join(generate_arguments(one.world))}")
            except UserError as error:
                print(f"  {error}")
    print("\ncommands, in order (--out FOLDER writes their option files there):")
    print("\n".join(f"  {command}" for command in rerun.commands()))
    for number, step in enumerate(rerun.steps, start=1):
        if changed := step.get("changed_on_resume"):
            print(f"  {number}_{step['verb']} was resumed with other {', '.join(changed)}: a rerun may differ")
    here = environment()
    other = [
        difference
        for step in rerun.steps
        for key in ("git_commit", "python", "packages")
        for difference in differences(key, step["environment"].get(key), here[key])
    ]
    print("\ncommit and packages: " + ("".join(f"\n  {line}" for line in dict.fromkeys(other)) or "as here"))


def is_shown(row: Row) -> bool:
    """What failed or was not judged, and of the rest values, regions and alarms of the result and of every evaluation.

    The result's own metrics and baselines are those of its first evaluation.
    """
    if row.failed or row.verdict == "not judged":
        return True
    if row.path[1] in ("regions", "alarms"):
        return "baselines" not in row.path
    return bool(row.path[0]) and row.path[-1] == "value"


def summary_line(rows: list[Row], contradicted: list[str]) -> str:
    """The last line of a check."""
    counts = Counter("not reproduced" if row.failed else row.verdict for row in rows)
    line = f"{len(rows)} numbers: " + ", ".join(f"{counts[verdict]} {words}" for verdict, words in _VERDICTS.items())
    if contradicted:
        return f"{line}; recorded otherwise by the rerun: {len(contradicted)}"
    return line if counts["not judged"] or counts["not reproduced"] else f"{line}: every number agrees"


def _cells(row: Row) -> list[str]:
    numbers = (row.committed, row.rerun, row.difference, row.tolerance)
    return [row.name, *("-" if number is None else f"{number:.6g}" for number in numbers), row.verdict]
