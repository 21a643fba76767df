"""A small tables.yaml of two tables that share a run, and a stand-in that runs it in milliseconds."""

import sys
from pathlib import Path
from typing import Any

from syrfa.reporting.spec import read_spec
from syrfa.reporting.table_runner import Runner
from syrfa.reporting.table_runs import Plan, make_plan

FAKE = Path(__file__).parent / "fake_syrfa.py"
SMALL: dict[str, Any] = {
    "readings": [{"protocol": "strict", "smoothing": "centred"}, {"protocol": "paper", "smoothing": "gaussian"}],
    "datasets": {
        "demo": {
            "title": "the demo",
            "data": ["data.yaml"],
            "stages": {"knowledge": ["knowledge.yaml"], "adapt": ["adapt.yaml"]},
            "worlds": {"world": "tiny"},
            "sizes": {"small": {"all": ["small.yaml"]}, "medium": {}},
        }
    },
    "runs": {
        "plain": {"stage": "knowledge", "options": {"model.init_args.lambda_cont": 0.0}},
        "full": {"stage": "knowledge"},
        "full_rap": {"stage": "adapt", "start": "full"},
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


def small_plan(folder: Path, tables: tuple[str, ...] = ("table1", "table2"), **options: object) -> Plan:
    spec = read_spec(folder / "experiments" / "tables.yaml")
    settings: dict[str, object] = {"seeds": [1], "size": "small", "out": folder / "runs", **options}
    return make_plan(spec, folder, "demo", tables, **settings)  # type: ignore[arg-type]


def fake_runner(jobs: int = 1) -> Runner:
    return Runner(jobs, [sys.executable, str(FAKE)])
