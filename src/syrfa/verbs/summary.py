"""`syrfa summary`: the results of runs as a small table, with box_width and chance."""

import statistics
from collections import defaultdict
from pathlib import Path

from syrfa.evaluation.audit import audit_lines, flags_of
from syrfa.evaluation.result import Evaluation, Result, read_result
from syrfa.utils.text_table import markdown_table, mean_and_deviation, percent, text_table

RUN_COLUMNS = (
    "run",
    "module",
    "protocol",
    "smoothing",
    "micro AUROC",
    "95 % interval",
    "box_width",
    "chance",
    "adapter",
)
SEED_COLUMNS = (
    *("experiment", "protocol", "smoothing", "seeds", "micro AUROC", "single seeds", "box_width", "chance"),
    "adapter",
)


def summary(runs: list[Path], all_evaluations: bool = False, over_seeds: bool = False, markdown: bool = False) -> None:
    """Print the results of runs with box_width and chance, and which test information entered each number.

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
        for flag in ("transductive", "oracle"):
            if result[flag]:
                print(f"  {flag}: the test split entered this number")
        for file in sorted(Path(run).glob("*.png")):
            print(f"  {file}")


def print_results(
    results: list[Result], all_evaluations: bool = False, over_seeds: bool = False, markdown: bool = False
) -> None:
    """Prints the table, and the audit lines under it; arguments as `summary`."""
    taken = [(r, each) for r in results for each in (r["evaluations"] if all_evaluations else r["evaluations"][:1])]
    rows = seed_rows(taken) if over_seeds else [run_row(result, each) for result, each in taken]
    table = markdown_table if markdown else text_table
    print(table(rows, SEED_COLUMNS if over_seeds else RUN_COLUMNS))
    audits = audit_lines(taken, [_name(*pair) for pair in taken])
    print("\n" + "\n".join(f"- {line}" if markdown else line for line in audits))


def run_row(result: Result, evaluation: Evaluation) -> list[str]:
    """One row for one evaluation of one run, numbers in per cent."""
    ours = evaluation["metrics"]["micro_auroc"]
    interval = f"{percent(ours.get('ci_low'))} to {percent(ours.get('ci_high'))}"
    name = f"{result['experiment']}/{result['run_id']}"
    rest = [*_baselines(evaluation), _adapter([result], [evaluation])]
    return [name, result["module"], *_protocol(evaluation), percent(ours["value"]) + _flags(result), interval, *rest]


def seed_rows(taken: list[tuple[Result, Evaluation]]) -> list[list[str]]:
    """One row for each experiment, evaluation and switch: mean, standard deviation, and the single values."""
    groups: dict[tuple[str, ...], list[tuple[Result, Evaluation]]] = defaultdict(list)
    for result, evaluation in taken:
        groups[(result["experiment"], *_protocol(evaluation), _flags(result))].append((result, evaluation))
    rows = []
    for (*key, flags), group in groups.items():
        evaluations = [evaluation for _, evaluation in group]
        found = [evaluation["metrics"]["micro_auroc"]["value"] for evaluation in evaluations]
        values = [100 * value for value in found if value is not None]
        mean = mean_and_deviation(found)
        single = " ".join(f"{value:.1f}" for value in values)
        adapter = _adapter([result for result, _ in group], evaluations)
        rows.append([*key, str(len(values)), mean + flags, single, *_baselines(evaluations[0]), adapter])
    return rows


def _flags(result: Result) -> str:
    """What is printed with a number that the tested split entered."""
    flags = flags_of(result)
    return f" ({flags})" if flags else ""


def _name(result: Result, evaluation: Evaluation) -> tuple[str, str]:
    return f"{result['experiment']}/{result['run_id']}", " ".join(_protocol(evaluation))


def _adapter(results: list[Result], evaluations: list[Evaluation]) -> str:
    """The adapters' learning rate, how far they moved, and what they are worth.

    The mean over runs of mean |w|, the largest |w|, and, where the results have it, the mean over runs of the change of
    the micro AUROC in points.
    """
    adapters = [result.get("adapter", {}) for result in results]
    moved = [adapter for adapter in adapters if adapter.get("max_abs")]
    if not moved:
        return "-"
    mean = statistics.mean(adapter["mean_abs"] for adapter in moved)
    largest = max(adapter["max_abs"] for adapter in moved)
    text = f"{moved[0].get('name', 'adapter')}, lr {moved[0].get('lr', '?')}: mean {mean:.2g}, max {largest:.2g}"
    gains = [gain for gain in map(_gain, evaluations) if gain is not None]
    return f"{text}, AUROC {100 * statistics.mean(gains):+.1f}" if gains else text


def _gain(evaluation: Evaluation) -> float | None:
    """The micro AUROC with adapters less that without."""
    plain = evaluation["baselines"].get("unadapted", {}).get("micro_auroc", {}).get("value")
    ours: float | None = evaluation["metrics"]["micro_auroc"]["value"]
    return None if plain is None or ours is None else ours - plain


def _protocol(evaluation: Evaluation) -> tuple[str, str]:
    protocol = evaluation["protocol"]
    named = (protocol["protocol"], protocol.get("reference"))
    return " ".join(name for name in named if name), protocol["smoothing"]


def _baselines(evaluation: Evaluation) -> list[str]:
    """box_width under the same protocol, and chance."""
    width, ours = (part["micro_auroc"] for part in (evaluation["baselines"]["box_width"], evaluation["metrics"]))
    return [percent(width["value"]), percent(ours.get("chance"))]
