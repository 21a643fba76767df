"""What a reading is called, what test information entered it, and how its numbers are written."""

from collections.abc import Iterable
from typing import Any

from syrfa.evaluation.audit import flags_of
from syrfa.evaluation.result import Evaluation, Result, audit_of
from syrfa.reporting.report_runs import Run
from syrfa.utils.text_table import percent

_CLEAN = "no test information"


def reading_name(reading: Evaluation) -> str:
    """Protocol, calibration, smoothing and its window: `strict + fused, centred over 25 frames`."""
    protocol = reading["protocol"]
    parts = [str(protocol["protocol"])]
    if protocol.get("constants"):
        parts[0] += f" ({protocol['constants']})"
    if protocol.get("reference"):
        parts[0] += f" + {protocol['reference']}"
    smoothing = str(protocol.get("smoothing", "none"))
    if smoothing == "none":
        parts.append("no smoothing")
    elif protocol.get("window"):
        parts.append(f"{smoothing} over {protocol['window']} frames")
    else:
        parts.append(f"{smoothing} smoothing")
    return ", ".join(parts)


def audit_line(result: Result, reading: Evaluation) -> str:
    """Which test information entered the number."""
    return audit_of(result, reading).line


def audit_in_short(result: Result, reading: Evaluation) -> str:
    """The same in a few words, for the row of a table: `test information: transductive, scaling`."""
    entered = audit_of(result, reading).test_information
    return f"test information: {', '.join(each.partition(':')[0] for each in entered)}" if entered else _CLEAN


def is_clean(result: Result, reading: Evaluation) -> bool:
    """Whether no test information entered."""
    return not audit_of(result, reading).test_information


def flags(results: Iterable[Result]) -> str:
    """`transductive`, `oracle`, both, or `none`; where results differ in them, all that there are."""
    return " / ".join(dict.fromkeys(flags_of(result) or "none" for result in results))


def same_readings(runs: Iterable[Run], reading: Evaluation) -> list[tuple[Result, Evaluation]]:
    """The reading of each run that was made the same way, with its result; runs that have none are left out."""
    name = reading_name(reading)
    found = [
        (run.result, next((r for r in run.result["evaluations"] if reading_name(r) == name), None)) for run in runs
    ]
    return [(result, same) for result, same in found if same is not None]


def value_of(metrics: dict[str, Any], name: str) -> float | None:
    """A metric's value; None where it is undefined or was not measured."""
    found = metrics.get(name)
    return found.get("value") if isinstance(found, dict) else None


def signed(value: float | None) -> str:
    """A difference in points, with its sign."""
    return "-" if value is None else f"{100 * value:+.1f}"


def interval(metric: dict[str, Any] | None, write: Any = percent) -> str:  # noqa: ANN401 - one of the two above
    """`87.2 to 97.4`, or a dash."""
    low, high = ((metric or {}).get(end) for end in ("ci_low", "ci_high"))
    return "-" if low is None or high is None else f"{write(low)} to {write(high)}"
