"""`syrfa tables`: the paper's tables 1 to 5, run, and printed beside the paper's numbers."""

import os
import shlex
from pathlib import Path

from syrfa.errors import ConfigError
from syrfa.tables.missing import missing_data
from syrfa.tables.plan import Plan, make_plan, read_overrides, read_seeds
from syrfa.tables.runner import Outcome, Runner
from syrfa.tables.spec import DEFAULT_SIZE, read_spec
from syrfa.tables.state import finished


def tables(
    names: list[str],
    dataset: str = "demo",
    seeds: str = "1",
    jobs: int | None = None,
    size: str = DEFAULT_SIZE,
    overrides: str = "",
    out: Path | None = None,
    spec: Path = Path("experiments/tables.yaml"),
    dry_run: bool = False,
) -> int:
    """Run what tables 1 to 5 of the paper are made of, and print them; exit code 1 where a run failed.

    A run that is there already is not made again unless its arguments changed; a call that was killed is taken up again
    by the same call.

    Args:
        names: of tables, as table2; all where none is given.
        dataset: demo, ped2, shanghaitech or avenue.
        seeds: numbers with commas between.
        jobs: processes at a time; one a processor core by default.
        size: how large the runs are: small, medium or tiny; see the file.
        overrides: options of every fit and test, as `trainer.precision=32-true data.num_workers=2`.
        out: the folder of runs and tables; runs/tables/<dataset> by default, with the size behind it unless small.
        spec: the file that says what the tables are.
        dry_run: print every run, its hash, whether it is there, and its commands; do nothing.

    Raises:
        UserError: a name is unknown, or a file is missing.
    """
    content = read_spec(spec)
    jobs = jobs if jobs is not None else os.cpu_count() or 1
    if jobs < 1:
        raise ConfigError(f"jobs {jobs}: must be at least 1")
    out = out or Path("runs/tables") / (dataset if size == DEFAULT_SIZE else f"{dataset}-{size}")
    root = spec.parent.parent
    chosen = names or list(content.tables)
    plan = make_plan(content, root, dataset, chosen, read_seeds(seeds), size, out, read_overrides(overrides))
    absent = missing_data(content.dataset(dataset), root)
    if dry_run:
        print(_listed(plan, absent))
        return 0
    runner = Runner(jobs)
    outcomes = {r: Outcome(finished(r)) for r in plan.runs} if absent else runner.run(plan, out)
    if absent:
        outcomes = {run: o if o.result else Outcome(reason=f"not run: {absent}") for run, o in outcomes.items()}
    return int(any(outcome.failed for outcome in outcomes.values()))


def _listed(plan: Plan, absent: str | None) -> str:
    """Every run with its state and commands, as they could be typed."""
    variables = "".join(f"{name}={shlex.quote(value)} " for name, value in plan.environment.items())
    lines = [f"# not run: {absent}"] if absent else []
    lines += [f"{variables}python -m syrfa {shlex.join(command)}" for command in plan.preparation]
    for run in plan.runs:
        state = "done" if finished(run) is not None else "to do"
        lines.append(f"# {run.experiment} seed {run.seed}, {run.hash[:12]}, {state}")
        lines += [f"{variables}python -m syrfa {shlex.join(command)}" for command in (run.fit, run.test)]
    return "\n".join(lines)
