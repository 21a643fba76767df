"""`syrfa summary`: the results of runs as a small table, beside box_width and chance."""

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


def summary(runs: list[Path], all_readings: bool = False, over_seeds: bool = False, markdown: bool = False) -> None:
    """Print the results of runs beside box_width and chance, and which test information entered each number.

    Args:
        runs: folders of runs, or result files.
        all_readings: print every protocol and smoothing of each run, not only the first.
        over_seeds: one row per experiment and reading, mean and standard deviation over its runs.
        markdown: print the table as Markdown.
    """
    results = [read_result(Path(run)) for run in runs]
    taken = [(r, reading) for r in results for reading in (r["evaluations"] if all_readings else r["evaluations"][:1])]
    rows = seed_rows(taken) if over_seeds else [run_row(result, reading) for result, reading in taken]
    table = markdown_table if markdown else text_table
    print(table(rows, SEED_COLUMNS if over_seeds else RUN_COLUMNS))
    audits = audit_lines(taken, [_name(*pair) for pair in taken])
    print("\n" + "\n".join(f"- {line}" if markdown else line for line in audits))
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


def run_row(result: Result, reading: Evaluation) -> list[str]:
    """One row for one reading of one run, numbers in per cent."""
    ours = reading["metrics"]["micro_auroc"]
    interval = f"{percent(ours.get('ci_low'))} to {percent(ours.get('ci_high'))}"
    name = f"{result['experiment']}/{result['run_id']}"
    beside = [*_beside(reading), _adapter([result], [reading])]
    return [name, result["module"], *_protocol(reading), percent(ours["value"]) + _flags(result), interval, *beside]


def seed_rows(taken: list[tuple[Result, Evaluation]]) -> list[list[str]]:
    """One row for each experiment, reading and switch: mean and standard deviation over runs, and the single values."""
    groups: dict[tuple[str, ...], list[tuple[Result, Evaluation]]] = defaultdict(list)
    for result, reading in taken:
        groups[(result["experiment"], *_protocol(reading), _flags(result))].append((result, reading))
    rows = []
    for (*key, flags), group in groups.items():
        readings = [reading for _, reading in group]
        found = [reading["metrics"]["micro_auroc"]["value"] for reading in readings]
        values = [100 * value for value in found if value is not None]
        mean = mean_and_deviation(found)
        single = " ".join(f"{value:.1f}" for value in values)
        adapter = _adapter([result for result, _ in group], readings)
        rows.append([*key, str(len(values)), mean + flags, single, *_beside(readings[0]), adapter])
    return rows


def _flags(result: Result) -> str:
    """What stands beside a number that the tested split entered."""
    flags = flags_of(result)
    return f" ({flags})" if flags else ""


def _name(result: Result, reading: Evaluation) -> tuple[str, str]:
    return f"{result['experiment']}/{result['run_id']}", " ".join(_protocol(reading))


def _adapter(results: list[Result], readings: list[Evaluation]) -> str:
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
    gains = [gain for gain in map(_gain, readings) if gain is not None]
    return f"{text}, AUROC {100 * statistics.mean(gains):+.1f}" if gains else text


def _gain(reading: Evaluation) -> float | None:
    """The micro AUROC with adapters less that without."""
    plain = reading["baselines"].get("unadapted", {}).get("micro_auroc", {}).get("value")
    ours: float | None = reading["metrics"]["micro_auroc"]["value"]
    return None if plain is None or ours is None else ours - plain


def _protocol(reading: Evaluation) -> tuple[str, str]:
    protocol = reading["protocol"]
    named = (protocol["protocol"], protocol.get("reference"))
    return " ".join(name for name in named if name), protocol["smoothing"]


def _beside(reading: Evaluation) -> list[str]:
    """box_width under the same reading, and chance."""
    width, ours = (part["micro_auroc"] for part in (reading["baselines"]["box_width"], reading["metrics"]))
    return [percent(width["value"]), percent(ours.get("chance"))]
