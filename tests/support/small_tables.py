"""A small tables.yaml of two tables that share a run, and a stand-in that runs it in milliseconds."""

import sys
from pathlib import Path
from typing import Any

from syrfa.reporting.table_plan import Plan, make_plan
from syrfa.reporting.table_runs import TableRuns
from syrfa.reporting.table_spec import read_spec

FAKE = Path(__file__).parent / "fake_syrfa.py"
SMALL: dict[str, Any] = {
    "evaluations": [{"protocol": "strict", "smoothing": "centred"}, {"protocol": "paper", "smoothing": "gaussian"}],
    "datasets": {
        "demo": {
            "title": "the demo",
            "data": ["data.yaml"],
            "configs": {"knowledge": ["knowledge.yaml"], "adapt": ["adapt.yaml"]},
            "worlds": {"world": "tiny"},
            "sizes": {"small": {"configs": {"all": ["small.yaml"]}}, "medium": {}},
        }
    },
    "runs": {
        "plain": {"phase": "knowledge", "options": {"model.init_args.lambda_cont": 0.0}},
        "full": {"phase": "knowledge"},
        "full_rap": {"phase": "adapt", "start": "full"},
    },
    "tables": {
        "table1": {
            "title": "Table 1",
            "metrics": ["micro_auroc"],
            "rows": [
                {"name": "Others & Co. [1]", "paper": {"demo": {"micro_auroc": 92.2}}},
                {"name": "Ours", "run": "full_rap", "paper": {"demo": {"micro_auroc": 96.9}}},
            ],
        },
        "table2": {
            "title": "Table 2",
            "metrics": ["micro_auroc"],
            "notes": ["A note of 100 %."],
            "rows": [
                {"name": "1", "run": "plain"},
                {"name": "2", "run": "full"},
                {"name": "3", "run": "full_rap", "extension": True},
            ],
        },
    },
}


def small_plan(folder: Path, tables: tuple[str, ...] = ("table1", "table2"), **options: Any) -> Plan:
    spec = read_spec(folder / "experiments" / "tables.yaml")
    return make_plan(spec, folder, "demo", tables, **{"seeds": [1], "out": folder / "runs", **options})


def fake_runs(plan: Plan, jobs: int = 1) -> TableRuns:
    return TableRuns(plan, jobs, [sys.executable, str(FAKE)])
