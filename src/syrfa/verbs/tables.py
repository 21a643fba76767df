"""`syrfa tables`: the paper's tables 1 to 5 and figures 3 and 4, run, and printed next to the paper's numbers."""

import os
import shlex
import sys
from pathlib import Path

from syrfa.engine import folder_lock
from syrfa.errors import ConfigError
from syrfa.reporting.archive import archived_tables, write_archive
from syrfa.reporting.figures import draw_figures
from syrfa.reporting.table_plan import THREADS, make_plan, read_overrides, read_seeds
from syrfa.reporting.table_runs import Outcome, TableRuns
from syrfa.reporting.table_spec import DEFAULT_SIZE, read_spec
from syrfa.reporting.tables import as_markdown, build_tables, write_tables


def tables(
    names: list[str],
    dataset: str = "demo",
    seeds: str = "1",
    jobs: int | None = None,
    size: str = DEFAULT_SIZE,
    overrides: str = "",
    out: Path | None = None,
    archive: Path | None = None,
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
        archive: also write the tables, and the results they are made of, into this folder, to be kept.
        results: run nothing, and make the tables again from such an archive; of the other options `out` alone counts.
        spec: the file that says what the tables are.
        dry_run: print every run, its hash, whether it is there, and its commands; do nothing.

    Raises:
        UserError: a name is unknown, or a file is missing.
    """
    content, root = read_spec(spec), spec.parent.parent
    if results is not None:
        print("\n".join(map(str, write_tables(archived_tables(results, content, root), out or results))))
        return 0
    jobs = jobs if jobs is not None else os.cpu_count() or 1
    if jobs < 1:
        raise ConfigError(f"jobs {jobs}: must be at least 1")
    out = out or Path("runs/tables") / (dataset if size == DEFAULT_SIZE else f"{dataset}-{size}")
    numbers, options = read_seeds(seeds), read_overrides(overrides)
    plan = make_plan(content, root, dataset, names or [*content.tables, *content.figures], numbers, size, out, options)
    runs = TableRuns(plan, jobs)
    if dry_run:
        program = f"{THREADS}={plan.threads} python -m syrfa"
        print("\n".join(f"{program} {shlex.join(command)}" for command in plan.preparation))
        for run in plan.runs:
            print(f"# {run.experiment} seed {run.seed}, {run.hash[:12]}, {'done' if runs.is_done(run) else 'to do'}")
            print("\n".join(f"{program} {shlex.join(each)}" for each in (run.fit, run.test)[: 1 + run.shown]))
        return 0
    outcomes = runs.make(out)
    command = f"--dataset {dataset} --seeds {','.join(map(str, numbers))} --size {size}"
    command += f" --overrides {shlex.quote(' '.join(option[2:] for option in options))}" if options else ""
    with folder_lock(out, wait=True):
        by_run: dict[str, dict[int, Outcome]] = {}
        for run, outcome in outcomes.items():
            by_run.setdefault(run.name, {})[run.seed] = outcome
        configurations = {run.name: run.configuration for run in plan.runs}
        built = build_tables(content, plan.tables, dataset, by_run, configurations, command)
        print("\n\n".join(map(as_markdown, built)))
        files = write_tables(built, out)
        pictures, lines = draw_figures(content, plan, outcomes, out)
        files += pictures
        if archive is not None:
            write_archive(plan, outcomes, command, archive)
            files += write_tables(archived_tables(archive, content, root), archive)
    print("\n".join([*lines, *map(str, files)]))
    failed = [f"{run.experiment} seed {run.seed} {one.reason}" for run, one in outcomes.items() if one.failed]
    print("".join(f"{line}\n" for line in failed), end="", file=sys.stderr)
    return int(bool(failed))
