"""The tolerance of a rerun under other conditions is what the repository's own results differ by."""

import copy
import itertools
import json
import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from syrfa.reporting.reproduce import (
    MEASURED,
    SPREAD,
    THREADS,
    Allowance,
    Row,
    allowance,
    changed_conditions,
    compare,
    contradictions,
    numbers,
    tolerance,
)
from syrfa.reporting.rerun import Rerun
from syrfa.verbs.reproduce import is_shown, summary_line

RESULTS = Path(__file__).resolve().parents[3] / "experiments" / "results"


def read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text())
    return content


def spread(results: list[dict[str, Any]]) -> list[int]:
    """The largest difference between two of them, in whole points: of metrics, and of the ends of their intervals."""
    largest = [0.0, 0.0]
    for one, other in itertools.combinations([numbers(result) for result in results], 2):
        for path in one.keys() & other.keys():
            allowed = tolerance(path, one[path], Allowance((100, 200), "")) if path[0] else None
            if allowed in (1.0, 2.0) and one[path] is not None and other[path] is not None:
                largest[allowed == 2.0] = max(largest[allowed == 2.0], abs(one[path] - other[path]))
    return [math.ceil(100 * points) for points in largest]


def test_seeds_are_what_the_results_on_record_differ_by() -> None:
    """Where this fails since results were added, the left side is what `spread.json` has to say."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for file in RESULTS.rglob("*_seed?.json"):
        result = json.loads(file.read_text())
        if "one thread and two" not in allowance(result).why:
            groups[result["manifest_sha256"], result["experiment"]].append(result)
    found: dict[str, dict[str, list[int]]] = defaultdict(dict)
    for (split, experiment), results in groups.items():
        if len(results) > 1:
            found[split][experiment] = spread(results)
    assert found == {split: known["experiments"] for split, known in json.loads(SPREAD.read_text()).items()}


def test_ped2_is_not_judged_by_the_demo() -> None:
    """A difference of ten points is within the demo's twelve."""
    known = read("ped2_transfer_knowledge_seed1")
    allowed = allowance(known)
    assert allowed.line == (
        "coarse: 7 points, ends of intervals 10, because so far apart lie the seeds of ped2_transfer_knowledge "
        "on UCSD Ped2"
    )
    again = read("ped2_transfer_knowledge_seed1")
    again["evaluations"][0]["metrics"]["micro_auroc"]["value"] -= 0.1
    failed = [row.name for row in compare(known, again, allowed) if row.failed]
    assert failed == ["strict centred metrics.micro_auroc.value"]


def test_what_is_not_on_record_is_judged_by_the_most_unsteady_or_not_at_all() -> None:
    of_ped2 = {**read("ped2_transfer_adapt_seed1"), "experiment": "mine"}
    assert allowance(of_ped2).points == (50, 56)
    assert "mine is not on record" in allowance(of_ped2).line
    assert allowance({**of_ped2, "manifest_sha256": "0" * 64}).points is None
    assert allowance(read("demo_adapt_seed1")).points == THREADS
    large = {**read("demo_adapt_seed1"), "steps": 5000}
    assert "demo_adapt is not on record" in allowance(large).line


def result(value: float, **others: Any) -> dict[str, Any]:
    metric = {"value": value, "ci_low": value - 0.1, "chance": 0.5, "reason": "text"}
    metrics = {"micro_auroc": metric, "eer": {"value": value}}
    reading = {"protocol": {"protocol": "strict", "smoothing": "none"}, "metrics": metrics, **others}
    return {"objects": 7, "metrics": metrics, "evaluations": [reading, reading]}


TWELVE = Allowance((12, 16), "a test says so")


def verdicts(committed: dict[str, Any], rerun: dict[str, Any], exact: bool) -> dict[str, str]:
    return {row.name: row.verdict for row in compare(committed, rerun, None if exact else TWELVE)}


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


def test_an_evaluation_that_is_gone_is_missing_and_a_new_one_is_not_asked_for() -> None:
    more, fewer = result(0.5), result(0.5)
    del fewer["evaluations"][1]
    assert verdicts(more, fewer, exact=False)["strict none (2) metrics.micro_auroc.value"] == "missing"
    assert set(verdicts(fewer, more, exact=False).values()) == {"equal"}


PARTS = {
    "regions": {"rbdc": {"value": 0.57, "chance": 0.01}, "regions": 2410, "tracks": 12, "boxes": 9000},
    "feature_distance": {"tubes": 2000, "seed": 0, "groups": {"all": {"tubes": 2000, "mean": 3.5}}},
    "adapter": {"name": "rap", "lr": 0.001, "max_abs": 0.01},
    "normals": {"objects": 9130, "every_frame": 3, "above": {"0.5": 0.1}},
    "settings": {"lr": 0.002, "width": 16},
    "seed": 1,
}
ALARMS = {"recall": 0.9, "fps": 25.0, "events": 12, "hours": 0.1, "false_alarms_per_hour": 10.0}


@pytest.mark.parametrize(
    ("place", "value", "verdict"),
    [
        (("regions", "regions"), 1, "differs"),
        (("regions", "tracks"), 11, "differs"),
        (("regions", "boxes"), 8999, "differs"),
        (("regions", "rbdc", "value"), 0.0, "not judged"),
        (("feature_distance", "groups", "all", "tubes"), 1999, "differs"),
        (("feature_distance", "groups", "all", "mean"), 9.0, "not judged"),
        (("adapter", "lr"), 0.01, "differs"),
        (("adapter", "max_abs"), 5.0, "not judged"),
        (("normals", "objects"), 9131, "differs"),
        (("normals", "above", "0.5"), 0.9, "not judged"),
        (("settings", "lr"), 0.0021, "differs"),
        (("seed",), 2, "differs"),
        (("objects",), 8, "differs"),
        (("evaluations", 0, "alarms", "events"), 11, "differs"),
        (("evaluations", 0, "alarms", "fps"), 30.0, "differs"),
        (("evaluations", 0, "alarms", "hours"), 0.1001, "differs"),
        (("evaluations", 0, "alarms", "recall"), 0.8, "differs"),
        (("evaluations", 0, "alarms", "false_alarms_per_hour"), 9999.0, "not judged"),
        (("evaluations", 0, "metrics", "eer", "value"), 0.08, "not judged"),
        (("evaluations", 0, "metrics", "micro_auroc", "value"), None, "missing"),
    ],
)
def test_every_number_has_a_row_that_is_shown(place: tuple[Any, ...], value: float | None, verdict: str) -> None:
    known, again = ({**result(0.5, alarms=dict(ALARMS)), **copy.deepcopy(PARTS)} for _ in range(2))
    part: Any = again
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    known["evaluations"] = known["evaluations"][:1]
    changed = [
        row for row in compare(known, again, TWELVE) if row.verdict != "equal" and row.path[:2] != ("", "metrics")
    ]
    assert [row.verdict for row in changed] == [verdict]
    assert is_shown(changed[0])
    assert "every number agrees" not in summary_line(changed, [])
    (back,) = [row for row in compare(again, known, None) if row.path == changed[0].path]
    assert back.failed  # where a rerun is to be exact, whichever of the two has it


def test_a_value_that_was_struck_out_is_found() -> None:
    known = result(0.5)
    known["evaluations"][0]["metrics"] = {"micro_auroc": {"value": None, "reason": "so it is said"}}
    assert verdicts(known, result(0.5), exact=False)["strict none metrics.micro_auroc.value"] == "differs"
    assert verdicts(known, known, exact=True).get("strict none metrics.micro_auroc.value") is None


def test_regions_and_alarms_are_shown_although_they_agree() -> None:
    for path in (("", "regions", "rbdc", "value"), ("strict none", "alarms", "events")):
        assert is_shown(Row(path, 1.0, 1.0, 0.0))
    assert not is_shown(Row(("strict none", "metrics", "micro_auroc", "chance"), 0.5, 0.5, 0.0))


def test_the_last_line_says_how_many_were_not_judged() -> None:
    equal, unknown = Row(("a", "b"), 1.0, 1.0, 0.0), Row(("a", "c"), 1.0, 2.0, None)
    assert summary_line([equal], []).endswith("0 not reproduced: every number agrees")
    line = summary_line([equal, unknown], [])
    assert "1 not judged" in line
    assert "agrees" not in line
    assert summary_line([equal], ["oracle: false"]).endswith("recorded otherwise by the rerun: 1")


def said() -> dict[str, Any]:
    audit = {"line": "test information: oracle", "test_information": ["oracle: the checkpoint was chosen by it"]}
    flags = {"transductive": True, "oracle": True, "dataset": "ped2", "split": "test", "manifest_sha256": "1" * 64}
    known = {**result(0.5, audit=audit), **flags, "audit": audit}
    known["evaluations"] = known["evaluations"][:1]
    apart: dict[str, Any] = json.loads(json.dumps(known))  # one audit twice is two
    return apart


@pytest.mark.parametrize(
    ("place", "value", "line"),
    [
        (("transductive",), False, "transductive: false, of the rerun true"),
        (("oracle",), False, "oracle: false, of the rerun true"),
        (("dataset",), "avenue", 'dataset: "avenue", of the rerun "ped2"'),
        (("split",), "train", 'split: "train", of the rerun "test"'),
        (("manifest_sha256",), "2", f'manifest_sha256: "2", of the rerun "{"1" * 64}"'),
        (("evaluations", 0, "protocol", "window"), 25, "strict none protocol.window: 25, of the rerun null"),
        (("evaluations", 0, "protocol", "protocol"), "paper", "paper none: the rerun has no such evaluation"),
        (
            ("audit", "test_information"),
            [],
            'audit.test_information: [], of the rerun ["oracle: the checkpoint was chosen by it"]',
        ),
        (
            ("evaluations", 0, "audit", "test_information"),
            [],
            'strict none audit.test_information: [], of the rerun ["oracle: the checkpoint was chosen by it"]',
        ),
        (
            ("evaluations", 0, "audit", "line"),
            "no test information: trained on source train",
            "strict none audit.line begins with 'no test information': true, of the rerun false",
        ),
    ],
)
def test_what_a_result_says_of_itself_is_compared(place: tuple[Any, ...], value: object, line: str) -> None:
    known = said()
    part: Any = known
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    assert contradictions(known, said()) == [line]
    assert contradictions(said(), said()) == []


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


def test_every_committed_run_record_can_be_run_again() -> None:
    results = [(file, json.loads(file.read_text())) for file in RESULTS.rglob("*_seed?.json")]
    recorded = [(file, result) for file, result in results if result.get("run_record")]
    assert len(recorded) >= 80
    for file, result in recorded:
        Rerun(result, file, Path("OUT"))
