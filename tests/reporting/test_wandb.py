"""What W&B gets of an evaluation, on canned results."""

from types import SimpleNamespace
from typing import Any

import pytest

from syrfa.reporting.wandb import COLUMNS, _log_result, evaluation_name, table_row


def canned(**protocol: str) -> dict[str, Any]:
    return {
        "protocol": {"protocol": "strict", "smoothing": "causal", **protocol},
        "metrics": {
            "micro_auroc": {"value": 0.9, "ci_low": 0.8, "ci_high": 0.95, "chance": 0.5},
            "auprc": {"value": None, "reason": "one class"},
        },
        "baselines": {"box_width": {"micro_auroc": {"value": 0.7}}},
    }


@pytest.mark.parametrize(("protocol", "name"), [({}, "strict.causal"), ({"reference": "local"}, "strict.local.causal")])
def test_a_key_names_the_protocol(protocol: dict[str, str], name: str) -> None:
    assert evaluation_name(canned(**protocol)) == name


@pytest.mark.parametrize(
    ("flags", "expected"), [((), {}), (("oracle",), {"oracle": 1.0}), (("transductive",), {"transductive": 1.0})]
)
def test_a_flag_stands_beside_the_numbers_of_the_summary(flags: tuple[str, ...], expected: dict[str, float]) -> None:
    run = SimpleNamespace(summary={}, log=lambda values: None)
    result = {name: name in flags for name in ("transductive", "oracle")} | {"evaluations": [canned()]}
    _log_result(run, result, [])
    assert run.summary["test/strict.causal/micro_auroc"] == 0.9
    told = {name: run.summary.get(f"test/strict.causal/{name}") for name in ("transductive", "oracle")}
    assert {name: value for name, value in told.items() if value is not None} == expected


def test_a_row_has_what_it_takes_to_judge_the_number() -> None:
    result = {"transductive": False, "oracle": True}
    row = dict(zip(COLUMNS, table_row(result, canned()), strict=True))
    assert (row["protocol"], row["reference"], row["smoothing"]) == ("strict", None, "causal")
    assert (row["micro_auroc"], row["ci_low"], row["ci_high"], row["chance"]) == (0.9, 0.8, 0.95, 0.5)
    assert (row["box_width"], row["auprc"], row["max_f1"]) == (0.7, None, None)
    assert (row["transductive"], row["oracle"], row["audit"]) == (False, True, "")
    audited = {**canned(), "audit": {"line": "no test information", "test_information": []}}
    assert table_row(result, audited)[-1] == "no test information"
