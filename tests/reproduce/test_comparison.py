"""The tolerance of a rerun under other conditions is what the repository's own results differ by."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from syrfa.reproduce.comparison import (
    BOUND,
    MEASURED,
    NETWORK,
    NO_NETWORK,
    changed_conditions,
    compare,
    numbers,
    tolerance,
)

RESULTS = Path(__file__).resolve().parents[2] / "experiments" / "results"


def read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text())
    return content


def test_tolerances_are_the_spread_of_one_and_two_threads_to_the_next_point() -> None:
    largest = {NETWORK: 0.0, BOUND: 0.0, NO_NETWORK: 0.0}
    for name in ("demo_knowledge_seed1", "demo_adapt_seed1"):
        one, two = (numbers(read(file)) for file in (name, f"{name}_threads2"))
        for path in one.keys() & two.keys():
            allowed = tolerance(path, one[path])
            if allowed is not None and path[-1] != "steps":
                largest[min(largest, key=lambda known: abs(known - allowed))] = max(
                    largest[min(largest, key=lambda known: abs(known - allowed))], abs(one[path] - two[path])
                )
    assert math.ceil(100 * largest[NETWORK]) / 100 == NETWORK
    assert math.ceil(100 * largest[BOUND]) / 100 == BOUND
    assert largest[NO_NETWORK] == 0


def result(value: float, **others: Any) -> dict[str, Any]:
    metric = {"value": value, "ci_low": value - 0.1, "chance": 0.5, "reason": "text"}
    metrics = {"micro_auroc": metric, "eer": {"value": value}}
    reading = {"protocol": {"protocol": "strict", "smoothing": "none"}, "metrics": metrics, **others}
    return {"objects": 7, "metrics": metrics, "readings": [reading, reading]}


def verdicts(committed: dict[str, Any], rerun: dict[str, Any], exact: bool) -> dict[str, str]:
    return {row.name: row.verdict for row in compare(committed, rerun, exact)}


def test_every_number_is_judged_where_a_rerun_is_exact() -> None:
    found = verdicts(result(0.5), result(0.5 + 1e-9), exact=True)
    assert found["objects"] == found["metrics.micro_auroc.chance"] == "equal"
    assert found["metrics.micro_auroc.value"] == found["metrics.eer.value"] == "differs"
    assert found["strict none metrics.micro_auroc.ci_low"] == "differs"
    assert found["strict none (2) metrics.micro_auroc.value"] == "differs"
    assert not any("reason" in name for name in found)


@pytest.mark.parametrize(
    ("difference", "value", "bound"),
    [(0.11, "within", "within"), (0.13, "differs", "within"), (0.17, "differs", "differs")],
)
def test_elsewhere_what_was_measured_decides(difference: float, value: str, bound: str) -> None:
    box = {"box_width": {"micro_auroc": {"value": 0.6}, "false_alarms_per_hour": 900.0}}
    other = {"box_width": {"micro_auroc": {"value": 0.6003}, "false_alarms_per_hour": 900.05}}
    alarms = {"recall": 0.9, "false_alarms_per_hour": 100.0}
    committed = result(0.5, baselines=box, alarms=alarms, lead_over_box_width={"value": 0.1})
    again = result(
        0.5 + difference,
        baselines=other,
        alarms={**alarms, "false_alarms_per_hour": 200.0},
        lead_over_box_width={"value": 0.1 + difference},
    )
    found = verdicts(committed, again, exact=False)
    assert found["strict none metrics.micro_auroc.value"] == value
    assert found["strict none metrics.micro_auroc.ci_low"] == bound
    assert found["strict none lead_over_box_width.value"] == value
    assert found["strict none metrics.eer.value"] == "not judged"
    assert found["strict none alarms.false_alarms_per_hour"] == "not judged"
    assert found["strict none baselines.box_width.micro_auroc.value"] == "differs"
    assert found["strict none baselines.box_width.false_alarms_per_hour"] == "within"
    assert "eer" not in MEASURED


def test_a_reading_that_is_gone_is_missing_and_a_new_one_is_not_asked_for() -> None:
    more, fewer = result(0.5), result(0.5)
    del fewer["readings"][1]
    assert verdicts(more, fewer, exact=False)["strict none (2) metrics.micro_auroc.value"] == "missing"
    assert set(verdicts(fewer, more, exact=False).values()) == {"equal"}


def test_counts_are_equal_everywhere() -> None:
    again = result(0.5)
    again["objects"] = 8
    assert verdicts(result(0.5), again, exact=False)["objects"] == "differs"


def step(**environment: Any) -> dict[str, Any]:
    known = {"device": "cpu", "cpu": "x", "threads": 1, "processes": 1, "precision": "32-true", "git_commit": "a"}
    return {"environment": {**known, "packages": {"torch": "2", "numpy": "2"}, **environment}}


def test_conditions_of_an_exact_rerun() -> None:
    assert changed_conditions([step()], [step(git_commit="b")]) == []  # which is what a check is for
    assert changed_conditions([step()], [step(threads=2)]) == ["threads 1, here 2"]
    packages = {"torch": "3", "numpy": "2"}
    assert changed_conditions([step(), step()], [step(packages=packages)] * 2) == ["torch 2, here 3"]
    on_cuda = [step(device="cuda")]
    assert changed_conditions(on_cuda, on_cuda) == ["cuda does not sum in one order"]
