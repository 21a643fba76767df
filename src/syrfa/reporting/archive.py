"""A folder of archived tables with the results they were made from, from which they can be made again."""

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from syrfa.errors import ConfigError, DataNotFoundError, UserError
from syrfa.evaluation.result import read_result
from syrfa.reporting.table_plan import Plan, Run, make_plan, read_overrides
from syrfa.reporting.table_runs import Outcome
from syrfa.reporting.table_spec import Spec, named
from syrfa.reporting.tables import Table, build_tables
from syrfa.utils.files import atomic_write, write_json

INDEX = "runs.json"
RESULTS = "results"


def write_archive(plan: Plan, outcomes: Mapping[Run, Outcome], command: str, folder: Path) -> None:
    """Copies the results of the runs that rows show, untouched, and writes which runs they are of.

    What the same command archived of other tables stays; ConfigError where results of another one would be lost.
    """
    shown = {f"{run.experiment}_seed{run.seed}": (run, outcome) for run, outcome in outcomes.items() if run.shown}
    entries: dict[str, Any] = {
        name: {
            **{"run": run.name, "seed": run.seed, "configuration": run.configuration, "reason": outcome.reason},
            "file": f"{RESULTS}/{name}.json" if outcome.result is not None else None,
        }
        for name, (run, outcome) in shown.items()
    }
    head = {"dataset": plan.dataset, "command": command, "size": plan.size, "threads": plan.threads}
    tables = set(plan.tables)
    if (folder / INDEX).exists():
        before = _index(folder / INDEX)
        kept = {n: entry for n, entry in before["runs"].items() if entry["file"] and not entries.get(n, {}).get("file")}
        same = {key: before[key] for key in head} == head
        changed = any(entries.get(n, entry)["configuration"] != entry["configuration"] for n, entry in kept.items())
        if kept and (changed or not same):
            raise ConfigError(
                f"{folder / INDEX}: lists {len(kept)} results that this call does not have, as {next(iter(kept))}; "
                "archive into another folder, or remove this one"
            )
        if same:
            tables |= set(before["tables"])
            entries = {**before["runs"], **entries, **kept}
    for name, (_, outcome) in shown.items():
        if outcome.result is not None:
            with atomic_write(folder / RESULTS / f"{name}.json") as opened:
                opened.write(outcome.content)
    write_json(folder / INDEX, {**head, "tables": sorted(tables), "runs": entries})


def archived_tables(folder: Path, spec: Spec, root: Path) -> list[Table]:
    """The tables of an archive, its results compared with the rows that a spec, whose files `root` holds, has now."""
    content = _index(folder / INDEX)
    outcomes: dict[str, dict[int, Outcome]] = {}
    for entry in content["runs"].values():
        result = read_result(folder / entry["file"]) if entry["file"] else None
        outcomes.setdefault(entry["run"], {})[entry["seed"]] = Outcome(result, entry["reason"])
    configurations = {entry["run"]: entry["configuration"] for entry in content["runs"].values()}
    seeds = sorted({seed for by_seed in outcomes.values() for seed in by_seed})
    tables = tuple(content["tables"])
    lacking = Outcome(reason=f"not run: no result in {folder}")
    for run in (row.run for name in tables for row in named(spec.tables, name, "table").rows if row.run is not None):
        outcomes.setdefault(run, dict.fromkeys(seeds, lacking))
    doubt, now = "", configurations
    try:
        words = shlex.split(content["command"])
        options = words[words.index("--overrides") + 1] if "--overrides" in words[:-1] else ""
        settings = {"size": content["size"], "threads": content["threads"], "overrides": read_overrides(options)}
        plan = make_plan(spec, root, content["dataset"], tables, seeds, **settings)
        now = {run.name: run.configuration for run in plan.runs}
    except (UserError, ValueError) as error:
        doubt = f"Whether the results are of the rows' configuration cannot be told: {error}."
    other = {name for name, known in configurations.items() if now.get(name, known) != known}
    return build_tables(spec, tables, content["dataset"], outcomes, configurations, content["command"], other, doubt)


def _index(file: Path) -> dict[str, Any]:
    """The content of runs.json."""
    if not file.is_file():
        raise DataNotFoundError(f"{file}: there is none; name a folder that `syrfa tables --archive` wrote")
    heads = {"dataset": str, "tables": list, "command": str, "size": str, "threads": str, "runs": dict}
    keys = {"run": str, "configuration": str, "seed": int, "reason": str | None, "file": str | None}
    try:
        content: dict[str, Any] = json.loads(file.read_bytes())
        whole = all(isinstance(content[key], kind) for key, kind in heads.items())
        whole = whole and all(isinstance(e[key], kind) for e in content["runs"].values() for key, kind in keys.items())
    except (OSError, ValueError, LookupError, TypeError):
        whole = False
    if not whole:
        raise UserError(f"{file}: damaged, or not written by `syrfa tables --archive`")
    return content
