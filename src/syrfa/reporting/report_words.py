"""What the templates of the report say of results: names of evaluations, audits in short, means over runs."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from syrfa.evaluation.audit import flags_of
from syrfa.evaluation.result import METRICS, Evaluation, Result, audit_of, selection, value_of
from syrfa.reporting.runs import Run
from syrfa.utils.text_table import mean_and_deviation, percent


def evaluation_name(evaluation: Evaluation) -> str:
    """Protocol, method of reference scores, smoothing and window: `strict + fused, centred over 25 frames`."""
    protocol = evaluation["protocol"]
    name = str(protocol["protocol"])
    if protocol.get("constants"):
        name += f" ({protocol['constants']})"
    if protocol.get("reference"):
        name += f" + {protocol['reference']}"
    smoothing = str(protocol.get("smoothing", "none"))
    if smoothing == "none":
        return f"{name}, no smoothing"
    return f"{name}, {smoothing} " + (f"over {protocol['window']} frames" if protocol.get("window") else "smoothing")


def flags(runs: Iterable[Run]) -> str:
    """`transductive`, `oracle`, both, or `none`; where runs differ in them, all that there are."""
    return " / ".join(dict.fromkeys(flags_of(run.result) or "none" for run in runs))


def selections(runs: Iterable[Run]) -> str:
    """How the weights of runs were chosen."""
    return " / ".join(dict.fromkeys(selection(run.result) for run in runs))


def same(runs: Iterable[Run], evaluation: Evaluation) -> list[tuple[Result, Evaluation]]:
    """The evaluation of each run that was made the same way, with its result; runs that have none are left out."""
    name = evaluation_name(evaluation)
    found = [(run.result, [e for e in run.result["evaluations"] if evaluation_name(e) == name]) for run in runs]
    return [(result, made[0]) for result, made in found if made]


def audits(runs: Iterable[Run], evaluation: Evaluation) -> dict[str, bool]:
    """The audit lines of an evaluation, and of each whether no test information entered."""
    found = [audit_of(*pair) for pair in same(runs, evaluation)]
    return {audit.line: not audit.test_information for audit in found}


def audit_in_short(runs: Iterable[Run], evaluation: Evaluation) -> str:
    """The same in a few words: `test information: transductive, scaling`; of several runs all that there are."""
    short = []
    for pair in same(runs, evaluation):
        entered = [each.partition(":")[0] for each in audit_of(*pair).test_information]
        short.append(f"test information: {', '.join(entered)}" if entered else "no test information")
    return " / ".join(dict.fromkeys(short))


def metric_names(runs: Iterable[Run]) -> dict[str, str]:
    """The metrics that some run has, as people call them; a column of dashes says nothing."""
    found = {name for run in runs for each in run.result["evaluations"] for name in each["metrics"]}
    return {name: words for name, words in METRICS.items() if name in found}


def over_runs(runs: Sequence[Run], evaluation: Evaluation, name: str = "micro_auroc", baseline: str = "") -> str:
    """Mean ± sample standard deviation over runs of a metric, or of a baseline's, in per cent."""
    found = [each["baselines"].get(baseline) if baseline else each["metrics"] for _, each in same(runs, evaluation)]
    return mean_and_deviation([value_of(metrics, name) for metrics in found])


def single_runs(runs: Sequence[Run], evaluation: Evaluation) -> str:
    """The micro AUROC of each run, in per cent."""
    return " ".join(percent(value_of(each["metrics"])) for _, each in same(runs, evaluation))


def interval(metric: dict[str, Any] | None, form: str = "{:.1f}", scale: float = 100) -> str:
    """`87.2 to 97.4`, or a dash."""
    ends = [(metric or {}).get(end) for end in ("ci_low", "ci_high")]
    return "-" if None in ends else " to ".join(form.format(scale * float(end or 0)) for end in ends)


def lead(runs: Sequence[Run], evaluation: Evaluation) -> str:
    """The mean difference to box_width in points, with its sign."""
    found = [value_of(each, "lead_over_box_width") for _, each in same(runs, evaluation)]
    known = [value for value in found if value is not None]
    return ("+" if sum(known) > 0 else "") + mean_and_deviation(known)


def number(value: float | None, form: str = ".4g") -> str:
    """A number in a format, or a dash."""
    return "-" if value is None else format(value, form)


HELPERS: tuple[Callable[..., object], ...] = (
    *(evaluation_name, flags, selections, audits, audit_in_short, metric_names, value_of, over_runs, single_runs),
    *(interval, lead, number, percent, selection),
)
"""What templates call."""
