"""`syrfa sweep`: runs a W&B sweep file without W&B's server."""

import sys
from pathlib import Path

from syrfa.errors import ConfigError
from syrfa.reporting.sweep import expand, read_sweep
from syrfa.reporting.sweep_runs import RECORD, Outcome, finished, outcome_table, run_points, write_record


def sweep(config: Path, jobs: int = 1, seed: int = 0, root: Path = Path("runs"), dry_run: bool = False) -> int:
    """Runs the points of a sweep file, each a `syrfa fit`, and prints a table of them; exit code 1 when one failed.

    A point is done when its `result.json` is there, so the same command goes on where it was stopped; one that failed
    is tried again. A point is known by its arguments, the config files they name, and the checkpoints that either
    names: after a change of any of them it is new.

    Args:
        config: a sweep in W&B's own schema, as `wandb sweep` takes it; methods grid and random.
        jobs: points at a time; give each its share of the cores with OMP_NUM_THREADS.
        seed: of a random search.
        root: the sweep's folder is `<root>/<name of the sweep>`, a point's run a folder in it.
        dry_run: list the points, and run none.
    """
    if jobs < 1 or seed < 0:
        raise ConfigError(f"jobs={jobs}, seed={seed}: give at least 1 and 0")
    definition = read_sweep(Path(config))
    points, folder = expand(definition, seed), Path(root) / definition.name
    done = {point.id: outcome for point in points if (outcome := finished(point, folder / point.id)) is not None}
    print(f"{definition.name}: {len(points)} points, {len(done)} of them done: {folder}", flush=True)
    if dry_run:
        for point in points:
            print(f"  {point.id} {'done' if point.id in done else 'to do'} {point}")
        return 0
    for outcome in run_points(definition, [point for point in points if point.id not in done], folder, jobs):
        done[outcome.point.id] = outcome
        write_record(folder, definition, [done[point.id] for point in points if point.id in done])
        print(f"[{len(done)}/{len(points)}] {outcome.point.id} {outcome.state} {outcome.point}", flush=True)
        if outcome.state == "failed":
            print(f"syrfa sweep: {outcome.point.id} failed, {outcome.reason}", file=sys.stderr, flush=True)
    outcomes = [done[point.id] for point in points]
    write_record(folder, definition, outcomes)
    print(f"\n{outcome_table(definition, outcomes)}\n\n{folder / RECORD}")
    if definition.metric is not None:
        _print_best(definition.metric["name"], definition.metric["goal"], outcomes)
    return int(any(outcome.state == "failed" for outcome in outcomes))


def _print_best(name: str, goal: str, outcomes: list[Outcome]) -> None:
    sign = 1 if goal == "maximize" else -1
    found = [(sign * value, outcome) for outcome in outcomes if (value := outcome.metrics.get(name)) is not None]
    if not found:
        logged = ", ".join(sorted({key for one in outcomes for key, value in one.metrics.items() if value is not None}))
        print(f"syrfa sweep: no point has logged {name}{logged and f'; they have {logged}'}", file=sys.stderr)
        return
    point = max(found, key=lambda pair: pair[0])[1].point  # the first of equal ones
    print(f"best by {name} ({goal}): {point}, run {point.id}")
    oracle = name.startswith("val/") and any(outcome.metrics.get("val/oracle") for outcome in outcomes)
    if oracle or name.startswith("test/"):
        where = "data.oracle validates on the test split; " if oracle else ""
        print(f"  oracle: {where}the test split chose this point, so its number shows nothing about new data")
