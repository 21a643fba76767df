"""A folder of finished tables with the results they were made from, from which they can be made again."""

import json
import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from syrfa.errors import ConfigError, DataNotFoundError, UserError
from syrfa.evaluation.result import parse_result
from syrfa.reporting.facts import Outcomes
from syrfa.reporting.formats import FORMATS
from syrfa.reporting.spec import DEFAULT_SIZE, Spec
from syrfa.reporting.table_runner import Outcome
from syrfa.reporting.table_runs import THREADS, Plan, Run, make_plan, read_overrides
from syrfa.reporting.tables import Table, build_table
from syrfa.utils.files import atomic_write, write_json

INDEX = "runs.json"
RESULTS = "results"


@dataclass(frozen=True)
class Evidence:
    """All that tables are built from.

    Attributes:
        dataset: its name.
        tables: names.
        outcomes: run -> seed -> what became of it.
        recipes: run -> hash.
        command: what makes the tables again, all but their names.
        size: name of the size.
        threads: of the processes.
        other: runs whose results are of another configuration than `tables.yaml` gives them now.
        doubt: why that cannot be told; empty where it can.
    """

    dataset: str
    tables: tuple[str, ...]
    outcomes: Outcomes
    recipes: dict[str, str]
    command: str
    size: str
    threads: str
    other: frozenset[str] = frozenset()
    doubt: str = ""

    def build(self, spec: Spec) -> list[Table]:
        """Every table."""
        return [self._table(spec, name) for name in self.tables]

    def _table(self, spec: Spec, name: str) -> Table:
        runs = dict.fromkeys(row.run for row in spec.table(name).rows)
        other = [run for run in runs if run in self.other]
        remarks = [f"Results of another configuration than the rows have now: {', '.join(map(str, other))}."]
        remarks = [*(remarks if other else []), *([self.doubt] if self.doubt else [])]
        command = f"python -m syrfa tables {name} {self.command}"
        return build_table(spec, name, self.dataset, self.outcomes, self.recipes, command, remarks)


def evidence_of(plan: Plan, outcomes: dict[Run, Outcome], command: str) -> Evidence:
    """What a plan's runs have come to."""
    by_run: dict[str, dict[int, Outcome]] = {}
    for run, outcome in outcomes.items():
        by_run.setdefault(run.name, {})[run.seed] = outcome
    recipes = {run.name: run.recipe for run in plan.runs}
    return Evidence(plan.dataset, plan.tables, by_run, recipes, command, plan.size, plan.environment[THREADS])


def write_tables(tables: list[Table], folder: Path) -> list[Path]:
    """Writes every table in every format; returns the files."""
    files = []
    for table in tables:
        for suffix, formatted in FORMATS.items():
            file = folder / f"{table.name}.{suffix}"
            with atomic_write(file) as opened:
                opened.write(formatted(table).encode())
            files.append(file)
    return files


def publish(plan: Plan, outcomes: dict[Run, Outcome], command: str, folder: Path) -> None:
    """Copies the results of the runs that rows show, untouched, and writes which runs they are of.

    What the same command has published of other tables stays.

    Raises:
        ConfigError: results of another command stand there, which would be lost.
    """
    entries: dict[str, Any] = {}
    for run, outcome in outcomes.items():
        if run.shown:
            name = f"{run.experiment}_seed{run.seed}"
            file = f"{RESULTS}/{name}.json" if outcome.result is not None else None
            reason = outcome.reason
            entries[name] = {"run": run.name, "seed": run.seed, "recipe": run.recipe, "reason": reason, "file": file}
    head = {"dataset": plan.dataset, "command": command, "size": plan.size, "threads": plan.environment[THREADS]}
    tables = set(plan.tables)
    if (folder / INDEX).exists():
        before = _index(folder / INDEX)
        kept = {n: entry for n, entry in before["runs"].items() if entry["file"] and not entries.get(n, {}).get("file")}
        same = {key: before.get(key, "1" if key == "threads" else None) for key in head} == head
        changed = any(name in entries and entries[name]["recipe"] != entry["recipe"] for name, entry in kept.items())
        if kept and (changed or not same):
            raise ConfigError(
                f"{folder / INDEX}: lists {len(kept)} results that this call does not have, as {next(iter(kept))}; "
                "publish into another folder, or remove this one"
            )
        if same:
            tables |= set(before["tables"])
            entries = {**before["runs"], **entries, **kept}
    for run, outcome in outcomes.items():
        if run.shown and outcome.result is not None:
            with atomic_write(folder / RESULTS / f"{run.experiment}_seed{run.seed}.json") as opened:
                opened.write(outcome.content)
    write_json(folder / INDEX, {**head, "tables": sorted(tables), "runs": entries})


def read_published(folder: Path, spec: Spec, root: Path) -> Evidence:
    """What `publish` wrote, held against the rows that the tables have now.

    Args:
        folder: that was published into.
        spec: of `tables.yaml`.
        root: the folder that its file names start from.

    Raises:
        DataNotFoundError: a file is missing.
        UserError: a file is damaged.
    """
    file = folder / INDEX
    if not file.is_file():
        raise DataNotFoundError(f"{file}: there is none; name a folder that `syrfa tables --publish` wrote")
    content = _index(file)
    outcomes: dict[str, dict[int, Outcome]] = {}
    recipes: dict[str, str] = {}
    for entry in content["runs"].values():
        recipes[entry["run"]] = entry["recipe"]
        outcome = Outcome(reason=entry["reason"])
        if entry["file"]:
            stored = folder / entry["file"]
            if not stored.is_file():
                raise DataNotFoundError(f"{stored}: there is none, but {file} lists it; publish again")
            outcome = Outcome(parse_result(stored.read_bytes(), stored), entry["reason"])
        outcomes.setdefault(entry["run"], {})[entry["seed"]] = outcome
    size, threads = content.get("size", DEFAULT_SIZE), content.get("threads", "1")
    head = (content["dataset"], tuple(content["tables"]))
    evidence = Evidence(*head, outcomes, recipes, content["command"], size, threads)
    seeds = sorted({seed for by_seed in outcomes.values() for seed in by_seed})
    shown = {row.run for name in evidence.tables for row in spec.table(name).rows if row.run is not None}
    lacking = Outcome(reason=f"not run: no result in {folder}")
    whole = {**outcomes, **{run: dict.fromkeys(seeds, lacking) for run in shown if run not in outcomes}}
    return _compared(replace(evidence, outcomes=whole), spec, root, seeds)


def _compared(evidence: Evidence, spec: Spec, root: Path, seeds: list[int]) -> Evidence:
    """With the runs of another configuration than a plan made now would have."""
    settings = (evidence.dataset, evidence.tables, seeds, evidence.size, Path())
    try:
        overrides = read_overrides(_option(evidence.command, "--overrides"))
        plan = make_plan(spec, root, *settings, overrides, evidence.threads, look_at_data=False)
    except UserError as error:
        return replace(evidence, doubt=f"Whether the results are of the rows' configuration cannot be told: {error}.")
    now = {run.name: run.recipe for run in plan.runs}
    other = {name for name, recipe in evidence.recipes.items() if name in now and now[name] != recipe}
    return replace(evidence, other=frozenset(other))


def _option(command: str, name: str) -> str:
    """What follows an option; empty where it is not given."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ConfigError(f"command '{command}': {error}") from error
    return words[words.index(name) + 1] if name in words[:-1] else ""


def _index(file: Path) -> dict[str, Any]:
    """The content of runs.json.

    Raises:
        UserError: it is damaged.
    """
    try:
        content: dict[str, Any] = json.loads(file.read_bytes())
        whole = all(
            {"run", "seed", "recipe", "reason", "file"} <= set(entry)
            and isinstance(entry["run"], str)
            and isinstance(entry["recipe"], str)
            and isinstance(entry["seed"], int)
            for entry in content["runs"].values()
        )
        heads = {"dataset": str, "tables": list, "command": str}
        whole = whole and all(isinstance(content[key], kind) for key, kind in heads.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        whole = False
    if not whole:
        raise UserError(f"{file}: damaged, or not written by `syrfa tables --publish`")
    return content
