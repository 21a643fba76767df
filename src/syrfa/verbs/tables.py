"""`syrfa tables`: the paper's tables 1 to 5 and figures 3 and 4, run, and printed beside the paper's numbers."""

import os
import shlex
import sys
from pathlib import Path

from syrfa.engine import folder_lock
from syrfa.errors import ConfigError
from syrfa.reporting.figures import draw_figures
from syrfa.reporting.folder import evidence_of, read_published, write_tables
from syrfa.reporting.folder import publish as publish_results
from syrfa.reporting.formats import as_markdown
from syrfa.reporting.missing import missing_data
from syrfa.reporting.spec import DEFAULT_SIZE, read_spec
from syrfa.reporting.state import is_done
from syrfa.reporting.table_runner import Outcome, Runner, kept
from syrfa.reporting.table_runs import Plan, make_plan, read_overrides, read_seeds


def tables(
    names: list[str],
    dataset: str = "demo",
    seeds: str = "1",
    jobs: int | None = None,
    size: str = DEFAULT_SIZE,
    overrides: str = "",
    out: Path | None = None,
    publish: Path | None = None,
    results: Path | None = None,
    spec: Path = Path("experiments/tables.yaml"),
    dry_run: bool = False,
) -> int:
    """Run what tables 1 to 5 and figures 3 and 4 of the paper are made of; exit code 1 where a run failed.

    A run that is there already is not made again unless its arguments or the tested data changed; a call that was
    killed is taken up again by the same call.

    Args:
        names: of tables and figures, as table2 fig4; all where none is given.
        dataset: demo, ped2, shanghaitech or avenue.
        seeds: numbers with commas between.
        jobs: processes at a time; one a processor core by default.
        size: how large the runs are: small, medium or tiny; see the file.
        overrides: options of every fit and test, as `trainer.precision=32-true data.num_workers=2`.
        out: the folder of all files; runs/tables/<dataset> by default, with the size behind it unless small.
        publish: also write the tables, and the results they are made of, into this folder, to be kept.
        results: run nothing, and make the tables again from such a folder; of the other options `out` alone counts.
        spec: the file that says what the tables are.
        dry_run: print every run, its hash, whether it is there, and its commands; do nothing.

    Raises:
        UserError: a name is unknown, or a file is missing.
    """
    content, root = read_spec(spec), spec.parent.parent
    if results is not None:
        files = write_tables(read_published(results, content, root).build(content), out or results)
        print("\n".join(map(str, files)))
        return 0
    jobs = jobs if jobs is not None else os.cpu_count() or 1
    if jobs < 1:
        raise ConfigError(f"jobs {jobs}: must be at least 1")
    out = out or Path("runs/tables") / (dataset if size == DEFAULT_SIZE else f"{dataset}-{size}")
    chosen = names or [*content.tables, *content.figures]
    numbers, options = read_seeds(seeds), read_overrides(overrides)
    plan = make_plan(content, root, dataset, chosen, numbers, size, out, options)
    absent = missing_data(content.dataset(dataset), root)
    if dry_run:
        print(_listed(plan, absent))
        return 0
    outcomes = {run: kept(run) for run in plan.runs} if absent else Runner(jobs).run(plan, out)
    if absent:
        obtain = content.dataset(dataset).obtain
        reason = f"not run: {absent}" + (f"; see {obtain}" if obtain else "")
        outcomes = {run: outcome if outcome.result else Outcome(reason=reason) for run, outcome in outcomes.items()}
    command = f"--dataset {dataset} --seeds {','.join(map(str, numbers))} --size {size}"
    command += f" --overrides {shlex.quote(' '.join(option[2:] for option in options))}" if options else ""
    with folder_lock(out, wait=True):
        built = evidence_of(plan, outcomes, command).build(content)
        print("\n\n".join(as_markdown(table) for table in built))
        files = write_tables(built, out)
        pictures, lines = draw_figures(content, plan, outcomes, out)
        files += pictures
        if publish is not None:
            publish_results(plan, outcomes, command, publish)
            files += write_tables(read_published(publish, content, root).build(content), publish)
    print("\n".join([*lines, *map(str, files)]))
    failed = [f"{run.experiment} seed {run.seed} {o.reason}" for run, o in outcomes.items() if o.failed]
    print("".join(f"{line}\n" for line in failed), end="", file=sys.stderr)
    return int(bool(failed))


def _listed(plan: Plan, absent: str | None) -> str:
    """Every run with its state and commands, as they could be typed."""
    variables = "".join(f"{name}={shlex.quote(value)} " for name, value in plan.environment.items())
    lines = [f"# not run: {absent}"] if absent else []
    lines += [f"{variables}python -m syrfa {shlex.join(command)}" for command in plan.preparation]
    for run in plan.runs:
        state = "done" if is_done(run) else "to do"
        lines.append(f"# {run.experiment} seed {run.seed}, {run.hash[:12]}, {state}")
        commands = (run.fit, run.test) if run.shown else (run.fit,)
        lines += [f"{variables}python -m syrfa {shlex.join(command)}" for command in commands]
    return "\n".join(lines)
