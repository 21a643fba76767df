"""`syrfa summary`: the results of runs as a small table, next to box_width and chance."""

import statistics
from collections import defaultdict
from pathlib import Path

from syrfa.evaluation.audit import audit_lines, flags_of
from syrfa.evaluation.result import Evaluation, Result, read_result, run_name, training_name, value_of
from syrfa.utils.text_table import markdown_table, mean_and_deviation, percent, text_table

_HEAD, _BASELINES = ("trained", "protocol", "smoothing"), ("box_width", "chance", "adapter")
RUN_COLUMNS = ("run", *_HEAD, "micro AUROC", "95 % interval", "lead over box_width", *_BASELINES)
SEED_COLUMNS = ("experiment", *_HEAD, "seeds", "micro AUROC", "single seeds", *_BASELINES)
Taken = list[tuple[Result, Evaluation]]


def summary(runs: list[Path], all_evaluations: bool = False, over_seeds: bool = False, markdown: bool = False) -> None:
    """Print the results of runs next to box_width and chance, and which test information entered each number.

    Args:
        runs: folders of runs, or result files.
        all_evaluations: print every protocol and smoothing of each run, not only the first.
        over_seeds: one row per experiment and evaluation, mean and standard deviation over its runs.
        markdown: print the table as Markdown.
    """
    results = [read_result(Path(run)) for run in runs]
    print_results(results, all_evaluations, over_seeds, markdown)
    if markdown:
        return
    for run, result in zip(runs, results, strict=True):
        print(f"\n{run}: {result['dataset']} {result['split']}, seed {result['seed']}, {result['steps']} steps")
        videos, released = result.get("videos"), result.get("videos_released")
        if videos and released and videos < released:
            print(f"  {videos} of {released} videos: not a number of the whole split")
        for file in sorted([*Path(run).glob("*.png"), *Path(run).glob("*.webm")]):
            print(f"  {file}")


def print_results(
    results: list[Result], all_evaluations: bool = False, over_seeds: bool = False, markdown: bool = False
) -> None:
    """Prints the table, and the audit lines under it; arguments as `summary`."""
    taken = [(r, each) for r in results for each in (r["evaluations"] if all_evaluations else r["evaluations"][:1])]
    rows = _seed_rows(taken) if over_seeds else [_run_row(result, evaluation) for result, evaluation in taken]
    table = markdown_table if markdown else text_table
    print(table(rows, SEED_COLUMNS if over_seeds else RUN_COLUMNS))
    audits = audit_lines(taken, [(run_name(result), " ".join(_protocol(evaluation))) for result, evaluation in taken])
    print("\n" + "\n".join(f"- {line}" if markdown else line for line in audits))


def _run_row(result: Result, evaluation: Evaluation) -> list[str]:
    """One row for one evaluation of one run, numbers in per cent."""
    ours = evaluation["metrics"]["micro_auroc"]
    interval = f"{percent(ours.get('ci_low'))} to {percent(ours.get('ci_high'))}"
    head = [run_name(result), training_name(result), *_protocol(evaluation)]
    baselines = _baselines([(result, evaluation)])
    return [*head, percent(ours["value"]) + _flags(result), interval, _lead(evaluation), *baselines]


def _lead(evaluation: Evaluation) -> str:
    """The paired lead over box_width with its interval, in points; a dash where it was not measured."""
    lead = evaluation.get("lead_over_box_width") or {}
    points = [f"{100 * lead[key]:+.1f}" for key in ("value", "ci_low", "ci_high") if lead.get(key) is not None]
    return f"{points[0]} ({points[1]} to {points[2]})" if len(points) == 3 else "-"


def _seed_rows(taken: Taken) -> list[list[str]]:
    """One row for each experiment, evaluation and switch: mean and deviation over runs, and the single values."""
    groups: dict[tuple[str, ...], Taken] = defaultdict(list)
    for result, evaluation in taken:
        key = (result["experiment"], training_name(result), *_protocol(evaluation), _flags(result))
        groups[key].append((result, evaluation))
    rows = []
    for (*names, flags), group in groups.items():
        found = [value_of(evaluation["metrics"]) for _, evaluation in group]
        single = [percent(value) for value in found if value is not None]
        rows.append([*names, str(len(single)), mean_and_deviation(found) + flags, " ".join(single), *_baselines(group)])
    return rows


def _flags(result: Result) -> str:
    """What is printed behind a number that the tested split entered."""
    return f" ({flags})" if (flags := flags_of(result)) else ""


def _protocol(evaluation: Evaluation) -> tuple[str, str]:
    protocol = evaluation["protocol"]
    return " ".join(filter(None, (protocol["protocol"], protocol.get("reference")))), protocol["smoothing"]


def _baselines(group: Taken) -> list[str]:
    """box_width and chance of the first, and the adapters' learning rate, how far they moved, and what they are worth.

    The mean over runs of mean |w|, the largest |w|, and, where the results have it, the mean over runs of the change of
    the micro AUROC in points.
    """
    first = group[0][1]
    width = value_of(first["baselines"]["box_width"])
    baselines = [percent(width), percent(first["metrics"]["micro_auroc"].get("chance"))]
    moved = [result["adapter"] for result, _ in group if result.get("adapter", {}).get("max_abs")]
    if not moved:
        return [*baselines, "-"]
    mean = statistics.mean(adapter["mean_abs"] for adapter in moved)
    largest = max(adapter["max_abs"] for adapter in moved)
    text = f"{moved[0].get('name', 'adapter')}, lr {moved[0].get('lr', '?')}: mean {mean:.2g}, max {largest:.2g}"
    pairs = [(value_of(each["metrics"]), value_of(each["baselines"].get("unadapted"))) for _, each in group]
    gains = [adapted - plain for adapted, plain in pairs if adapted is not None and plain is not None]
    return [*baselines, f"{text}, AUROC {100 * statistics.mean(gains):+.1f}" if gains else text]
