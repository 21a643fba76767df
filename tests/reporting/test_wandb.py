"""What W&B gets of an evaluation, on canned results."""

from typing import Any

import pytest
from canned_results import canned_result

from syrfa.reporting.wandb import summary_of


def test_every_number_has_next_to_it_what_it_takes_to_judge_it() -> None:
    summary = summary_of(canned_result(1, 0.9))
    named = {name.removeprefix("test/strict.centred/"): value for name, value in summary.items() if "strict" in name}
    assert (named["micro_auroc"], named["micro_auroc_chance"], named["box_width/micro_auroc"]) == (0.9, 0.5, 0.96)
    assert (named["micro_auroc_ci_low"], named["micro_auroc_ci_high"]) == pytest.approx((0.85, 0.92))
    assert named["audit"] == "no test information."
    assert summary["test/paper.gaussian/audit"].startswith("test information: scaling")
    assert not {"transductive", "oracle"} & named.keys()


def test_a_key_names_the_reference_and_the_switches() -> None:
    result: dict[str, Any] = canned_result(1, None, oracle=True)
    result["evaluations"][0]["protocol"]["reference"] = "local"
    summary = summary_of(result)
    assert summary["test/strict.local.centred/micro_auroc"] is None
    assert summary["test/strict.local.centred/oracle"] == summary["test/paper.gaussian/oracle"] == 1.0
    assert "test/strict.local.centred/transductive" not in summary
