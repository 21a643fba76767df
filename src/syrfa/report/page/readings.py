"""What a reading is called, what test information entered it, and how its numbers are written."""

import statistics
from collections.abc import Sequence
from typing import Any

from syrfa.commands.summary import Reading, Result
from syrfa.scoring.audit import is_tested
from syrfa.tables.cells import audit_of

METRICS = {
    "micro_auroc": "micro AUROC",
    "macro_auroc": "macro AUROC",
    "auprc": "AUPRC",
    "max_f1": "max F1",
    "eer": "EER",
}

_CLEAN = "no test information"


def reading_name(reading: Reading) -> str:
    """Protocol, calibration, smoothing and its window: `strict + fused, centred over 25 frames`."""
    protocol = reading["protocol"]
    parts = [str(protocol["protocol"])]
    if protocol.get("recipe"):
        parts[0] += f" ({protocol['recipe']})"
    if protocol.get("calibration"):
        parts[0] += f" + {protocol['calibration']}"
    smoothing = str(protocol.get("smoothing", "none"))
    if smoothing == "none":
        parts.append("no smoothing")
    elif protocol.get("window"):
        parts.append(f"{smoothing} over {protocol['window']} frames")
    else:
        parts.append(f"{smoothing} smoothing")
    return ", ".join(parts)


def audit_line(result: Result, reading: Reading) -> str:
    """Which test information entered the number."""
    return audit_of(result, reading).line


def audit_in_short(result: Result, reading: Reading) -> str:
    """The same in a few words, for the row of a table: `test information: transductive, scaling`."""
    entered = audit_of(result, reading).test_information
    return f"test information: {', '.join(each.partition(':')[0] for each in entered)}" if entered else _CLEAN


def is_clean(result: Result, reading: Reading) -> bool:
    """Whether no test information entered."""
    return not audit_of(result, reading).test_information


def selection(result: Result) -> str:
    """How the weights were chosen: the last of the training, or the best by what was monitored."""
    monitors = []
    for part in result.get("trained_on", []):
        if part.get("monitor"):
            monitors.append(f"best {part['monitor']} on {_measured_on(part, result)}")
    return "; ".join(monitors) or "last"


def _measured_on(part: dict[str, Any], result: Result) -> str:
    if is_tested(part, "monitored_sha256", result):
        return "the test split"
    return "validation" if part.get("monitored_sha256") else "the training batches"


def flags(result: Result) -> str:
    """`transductive`, `oracle`, both, or `none`."""
    return ", ".join(name for name in ("transductive", "oracle") if result[name]) or "none"


def same_reading(run: Result, reading: Reading) -> Reading | None:
    """The reading of another run that was made the same way; None where it has none."""
    return next((other for other in run["readings"] if reading_name(other) == reading_name(reading)), None)


def value_of(metrics: dict[str, Any], name: str) -> float | None:
    """A metric's value; None where it is undefined or was not measured."""
    found = metrics.get(name)
    return found.get("value") if isinstance(found, dict) else None


def percent(value: float | None) -> str:
    """In per cent with one digit after the point."""
    return "-" if value is None else f"{100 * value:.1f}"


def signed(value: float | None) -> str:
    """A difference in points, with its sign."""
    return "-" if value is None else f"{100 * value:+.1f}"


def interval(metric: dict[str, Any] | None, write: Any = percent) -> str:  # noqa: ANN401 - one of the two above
    """`87.2 to 97.4`, or a dash."""
    low, high = ((metric or {}).get(end) for end in ("ci_low", "ci_high"))
    return "-" if low is None or high is None else f"{write(low)} to {write(high)}"


def mean_and_deviation(values: Sequence[float | None]) -> str:
    """`92.0 ± 2.0` in per cent: mean and sample standard deviation over runs; without ± for one run."""
    known = [100 * value for value in values if value is not None]
    if not known:
        return "-"
    spread = f" ± {statistics.stdev(known):.1f}" if len(known) > 1 else ""
    return f"{statistics.mean(known):.1f}{spread}"
