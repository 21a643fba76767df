"""What stands in one line of a table: the mean over seeds of one metric under one protocol, beside its baselines."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from syrfa.evaluation.result import METRICS, Evaluation, Result, audit_of, selection
from syrfa.reporting.spec import ReadingSpec
from syrfa.reporting.table_runner import Outcome
from syrfa.utils.text_table import mean_and_deviation, percent

NONE = "-"


@dataclass(frozen=True)
class Measured:
    """A metric over seeds, every cell as text, numbers in per cent.

    Attributes:
        ours: mean, standard deviation over seeds and their number; or why there is no number.
        difference: ours less the paper's, in points.
        interval: from the lowest lower to the highest upper end of the seeds' bootstrap intervals.
        selection: how the weights that were tested were chosen.
        box_width: the same metric of the widest box a frame.
        random_smoothed: of random object scores under the same protocol, which smooths them as it does ours.
        chance: of scores that know nothing.
        information: what of the test split entered the number.
    """

    ours: str
    difference: str = NONE
    interval: str = NONE
    selection: str = NONE
    box_width: str = NONE
    random_smoothed: str = NONE
    chance: str = NONE
    information: str = NONE


def measure(outcomes: Mapping[int, Outcome], wanted: ReadingSpec, metric: str, paper: float | None) -> Measured:
    """One metric of one run under one reading.

    Args:
        outcomes: of the run, by seed.
        wanted: the reading.
        metric: a name of a result's `metrics`.
        paper: its number in per cent.
    """
    found: dict[int, tuple[Result, Evaluation]] = {}
    reasons: dict[int, str] = {}
    for seed, outcome in sorted(outcomes.items()):
        reading = None if outcome.result is None else reading_of(outcome.result, wanted)
        reason = _reason(outcome, reading, wanted, metric)
        if reason is None and outcome.result is not None and reading is not None:
            found[seed] = (outcome.result, reading)
        else:
            reasons[seed] = str(reason)
    if not found:
        return Measured("; ".join(dict.fromkeys(reasons.values())) or "not run: no seed was asked for")
    readings = [reading for _, reading in found.values()]
    values = [reading["metrics"][metric]["value"] for reading in readings]
    mean = statistics.mean(100 * value for value in values)
    lost = "".join(f"; seed {seed} {reason}" for seed, reason in reasons.items())
    return Measured(
        ours=f"{mean_and_deviation(values)} ({len(values)}){lost}",
        difference=NONE if paper is None else _signed(mean - paper),
        interval=_interval([reading["metrics"][metric] for reading in readings]),
        selection=_joined(selection(result) for result, _ in found.values()),
        box_width=_baseline("box_width", readings, metric),
        random_smoothed=_baseline("random_smoothed", readings, metric),
        chance=_joined(percent(reading["metrics"][metric].get("chance")) for reading in readings),
        information=_joined("; ".join(audit_of(*pair).test_information) or "none" for pair in found.values()),
    )


def reading_of(result: Result, wanted: ReadingSpec) -> Evaluation | None:
    """A result's plain reading under a protocol and smoothing, not one of the calibrated ones."""
    for reading in result["evaluations"]:
        protocol = reading["protocol"]
        named = (protocol["protocol"], protocol["smoothing"]) == (wanted.protocol, wanted.smoothing)
        if named and not protocol.get("reference"):
            plain: Evaluation = reading
            return plain
    return None


def incomplete(result: Result) -> str | None:
    """Why the result is not one of the whole split."""
    videos, released = result.get("videos"), result.get("videos_released")
    if not videos or not released or videos >= released:
        return None
    return f"not run: {released - videos} of {released} {result['split']} videos are missing"


def _reason(outcome: Outcome, reading: Evaluation | None, wanted: ReadingSpec, metric: str) -> str | None:
    """Why there is no number; None where there is one."""
    if outcome.result is None:
        return outcome.reason or "not run: only started from"
    if said := incomplete(outcome.result):
        return said
    if reading is None:
        return f"not run: the result has no reading {wanted.protocol}, {wanted.smoothing}"
    if metric not in reading["metrics"]:
        return f"not run: the result has no {METRICS.get(metric, metric)}"
    value = reading["metrics"][metric]
    return f"undefined: {value['reason']}" if value["value"] is None else None


def _interval(values: Sequence[dict[str, Any]]) -> str:
    """The ends of all seeds; `-` where one has none."""
    if any(value.get(end) is None for value in values for end in ("ci_low", "ci_high")):
        return NONE
    lowest, highest = min(value["ci_low"] for value in values), max(value["ci_high"] for value in values)
    return f"{percent(lowest)} to {percent(highest)}"


def _baseline(name: str, readings: Sequence[Evaluation], metric: str) -> str:
    """A baseline's metric; `-` in results of before it was measured."""
    values = (reading["baselines"].get(name, {}).get(metric, {}).get("value") for reading in readings)
    return _joined(map(percent, values))


def _joined(texts: Iterable[str]) -> str:
    """Different texts, each once, in order."""
    return " / ".join(dict.fromkeys(texts))


def _signed(points: float) -> str:
    """With its sign, which 0.0 has not."""
    rounded = round(points, 1)
    return f"{rounded:+.1f}" if rounded else "0.0"
