"""A folder of finished tables with the results they were made from, from which they can be made again."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from syrfa.errors import DataNotFoundError, UserError
from syrfa.files import atomic_write, write_json
from syrfa.run_folder import RESULT
from syrfa.tables.formats import FORMATS
from syrfa.tables.plan import Plan, Run
from syrfa.tables.runner import Outcome
from syrfa.tables.spec import Spec
from syrfa.tables.state import read_result
from syrfa.tables.table import Outcomes, Table, build_table

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
    """

    dataset: str
    tables: tuple[str, ...]
    outcomes: Outcomes
    recipes: dict[str, str]
    command: str

    def build(self, spec: Spec) -> list[Table]:
        """Every table."""
        return [
            build_table(
                spec, name, self.dataset, self.outcomes, self.recipes, f"python -m syrfa tables {name} {self.command}"
            )
            for name in self.tables
        ]


def evidence_of(plan: Plan, outcomes: dict[Run, Outcome], command: str) -> Evidence:
    """What a plan's runs have come to."""
    by_run: dict[str, dict[int, Outcome]] = {}
    for run, outcome in outcomes.items():
        by_run.setdefault(run.name, {})[run.seed] = outcome
    recipes = {run.name: run.recipe for run in plan.runs}
    return Evidence(plan.dataset, plan.tables, by_run, recipes, command)


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


def publish(evidence: Evidence, plan: Plan, outcomes: dict[Run, Outcome], folder: Path) -> None:
    """Copies the results of the runs that rows show, untouched, and writes which runs they are of."""
    entries: dict[str, Any] = {}
    for run, outcome in outcomes.items():
        if not run.shown:
            continue
        name = f"{run.experiment}_seed{run.seed}"
        entry = {"run": run.name, "seed": run.seed, "recipe": run.recipe, "reason": outcome.reason, "file": None}
        if outcome.result is not None:
            entry["file"] = f"{RESULTS}/{name}.json"
            (folder / RESULTS).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(run.folder / RESULT, folder / RESULTS / f"{name}.json")
        entries[name] = entry
    head = {"dataset": evidence.dataset, "tables": list(evidence.tables), "command": evidence.command}
    write_json(folder / INDEX, {**head, "size": plan.size, "runs": entries})


def read_published(folder: Path) -> Evidence:
    """What `publish` wrote.

    Raises:
        DataNotFoundError: a file is missing.
        UserError: a file is damaged.
    """
    file = folder / INDEX
    if not file.is_file():
        raise DataNotFoundError(f"{file}: there is none; name a folder that `syrfa tables --publish` wrote")
    outcomes: dict[str, dict[int, Outcome]] = {}
    recipes: dict[str, str] = {}
    try:
        content = json.loads(file.read_bytes())
        for entry in content["runs"].values():
            recipes[entry["run"]] = entry["recipe"]
            result = read_result(folder / entry["file"]) if entry["file"] else None
            outcomes.setdefault(entry["run"], {})[entry["seed"]] = Outcome(result, entry["reason"])
        return Evidence(content["dataset"], tuple(content["tables"]), outcomes, recipes, content["command"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"{file}: damaged, or not written by `syrfa tables --publish`") from error
