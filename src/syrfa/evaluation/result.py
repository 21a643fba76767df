"""Reading a `result.json`, and the names of what it holds."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from syrfa.errors import DataNotFoundError, UserError
from syrfa.evaluation.audit import Audit, audit, is_tested
from syrfa.training.run_folder import RESULT, RESULT_SCHEMA

Result = dict[str, Any]
Evaluation = dict[str, Any]

METRICS = {
    "micro_auroc": "micro AUROC",
    "macro_auroc": "macro AUROC",
    "auprc": "AUPRC",
    "max_f1": "max F1",
    "eer": "EER",
}
"""What people call the metrics of an evaluation, in the order of a table."""

_NUMBERS = ("value", "ci_low", "ci_high", "chance")
_TERMS = {"lambda_cont": "no consistency", "align_every": "no alignment", "lambda_aux": "no L_aux"}


def read_result(path: Path) -> Result:
    """The result.json of a run's folder, or the file itself; UserError where there is none, or it is damaged."""
    file = path if path.suffix == ".json" else path / RESULT
    if not file.is_file():
        raise DataNotFoundError(f"no result at {file}: the run has not finished; run `syrfa test` for it")
    return parse_result(file.read_bytes(), file)


def parse_result(content: bytes, file: Path) -> Result:
    """A result from the bytes of its file; errors as `read_result`, with `file` in the message."""
    try:
        result: Result = json.loads(content)
        evaluations = result["evaluations"]
        known = result["schema"] == RESULT_SCHEMA and isinstance(evaluations, list) and len(evaluations) > 0
    except (ValueError, KeyError, TypeError):
        known = False
    if not known:
        raise UserError(f"{file}: damaged, or not a result of this version of syrfa; run `syrfa test` again")
    for key in ("seed", "steps"):
        if key in result and type(result[key]) is not int:  # a bool is none
            raise UserError(f"{file}: {key} {_shown(result[key])} is no integer; run `syrfa test` again")
    for place, value in _numbers({"evaluations": result["evaluations"], "regions": result.get("regions")}):
        if not (value is None or (isinstance(value, int | float) and type(value) is not bool and math.isfinite(value))):
            raise UserError(f"{file}: {place} {_shown(value)} is no number and not null; run `syrfa test` again")
    return result


def run_name(result: Result) -> str:
    """Experiment and id."""
    return f"{result['experiment']}/{result['run_id']}"


def value_of(metrics: dict[str, Any] | None, name: str = "micro_auroc") -> float | None:
    """A metric's value; None where it is undefined or was not measured."""
    return ((metrics or {}).get(name) or {}).get("value")


def audit_of(result: Result, evaluation: Evaluation) -> Audit:
    """The audit of an evaluation; made anew where the result is of before there were audits."""
    stored = evaluation.get("audit")
    return Audit(stored["line"], stored["test_information"]) if stored else audit(result, evaluation)


def with_evaluations(result: Result, evaluations: list[Evaluation]) -> Result:
    """The result with these evaluations, each with its audit; the first one's numbers are those of the result."""
    audited = [{**each, "audit": audit(result, each)._asdict()} for each in evaluations]
    first = audited[0]
    top = {key: first["protocol"][key] for key in ("protocol", "smoothing")}
    top |= {key: first[key] for key in ("metrics", "baselines", "audit")}
    return {**result, **top, "evaluations": audited}


def selection(result: Result) -> str:
    """How the weights that were tested were chosen: `fixed, 500 steps`, or what they were the best by, and where."""
    # of published weights nothing is on record, which the audit says
    parts = [part for part in result.get("trained_on") or [] if part.get("monitor") and not part.get("weights")]
    chosen = []
    for part in parts:
        where = "the test split (oracle)" if is_tested(part, "monitored_sha256", result) else "validation"
        # without a split it is a training loss
        chosen.append(f"best {part['monitor']} on {where if part.get('monitored_sha256') else 'the training batches'}")
    if chosen:
        return "; ".join(dict.fromkeys(chosen))
    if result.get("oracle"):
        return "best test AUC (oracle)"
    # an ensemble has no steps of its own
    return f"fixed, {result['steps']} steps" if result.get("steps") else "fixed"


def _numbers(content: object, place: str = "") -> Iterator[tuple[str, object]]:
    """Every metric of nested JSON, with its place, as `evaluations.0.metrics.auprc.value`."""
    items = dict(enumerate(content)) if isinstance(content, list) else content
    for key, part in items.items() if isinstance(items, dict) else ():
        where = f"{place}.{key}" if place else str(key)
        if key in _NUMBERS:
            yield where, part
        else:
            yield from _numbers(part, where)


def _shown(value: object) -> str:
    """As the file has it, as far as it fits into a message."""
    text = ascii(value)
    return text if len(text) <= 40 else f"{text[:40]}..."


def training_name(result: Result) -> str:
    """What was trained, as `clean_only (no consistency, no alignment)`; the module's name where it is neither phase."""
    settings = result.get("settings") or {}
    first = settings.get("knowledge") or settings
    left_out = [words for key, words in _TERMS.items() if key in first and not first[key]]
    start = f"clean_only ({', '.join(left_out)})" if first.get("clean_only") else ", ".join(("phase 1", *left_out))
    if result["module"] == "SynthKnowledgeModule":
        return start
    if result["module"] != "RealAdaptModule":
        return str(result["module"])
    return ", ".join(filter(None, ("phase 2", settings.get("adapter"), f"from {start}" if left_out else "")))


def is_clean_only(result: Result) -> bool:
    """Whether what is called phase 1 was L_cls on the clean stream alone: no consistency, no alignment."""
    settings = result["settings"]
    return bool(settings.get("clean_only") or settings.get("knowledge", {}).get("clean_only"))
