"""The audit says what entered a number: on canned records whose answer is known, and on every committed result."""

import json

import pytest
from small_run import ROOT

from syrfa.scoring.audit import audit, audit_lines, flags_of, switches

RESULTS = [
    path
    for path in sorted((ROOT / "experiments" / "results").glob("*.json"))
    if "readings" in json.loads(path.read_text())
]
STRICT = {"protocol": "strict", "smoothing": "centred", "window": 25, "test_statistics": False}
PAPER = {"protocol": "paper", "smoothing": "gaussian", "recipe": "ped2", "test_statistics": True}


def trained(domain="target", split="train", monitor="", **hashes):
    return {"domain": domain, "split": split, "manifest_sha256": f"{domain}-{split}", "monitor": monitor, **hashes}


def canned(*parts, boxes=None):
    found = {"manifest_sha256": "target-test", "trained_on": list(parts), "boxes": boxes}
    return {**found, **switches(parts, "target-test")}


def entered(result, protocol):
    """The kind of each finding: what stands before its colon."""
    return [item.split(":")[0] for item in audit(result, {"protocol": protocol}).test_information]


def test_nothing_entered():
    result = canned(trained("source"), trained("target"))
    line, found = audit(result, {"protocol": STRICT})
    assert found == []
    assert line.startswith("no test information: trained on source train and target train; no checkpoint chosen")
    assert "no scaling; smoothing centred over 25 frames" in line
    assert "Test labels: in the metrics alone" in line
    assert "Boxes: origin not recorded" in line


@pytest.mark.parametrize(
    ("parts", "protocol", "expected"),
    [
        ([trained()], PAPER, ["scaling"]),
        ([trained(split="test")], STRICT, ["transductive"]),
        ([trained(split="test")], PAPER, ["transductive", "scaling"]),
        ([trained(monitor="val/micro_auroc", monitored_sha256="target-test")], STRICT, ["oracle"]),
        (
            [trained("source", monitored_sha256="target-test"), trained(split="test")],
            STRICT,
            ["transductive", "oracle"],
        ),
        ([trained(monitor="val/micro_auroc", monitored_sha256="source-validation")], STRICT, []),
        ([trained(validated_sha256="target-test")], STRICT, ["seen"]),
        ([trained(monitored_sha256="target-test", validated_sha256="target-test")], STRICT, ["oracle"]),
        ([trained()], {**STRICT, "calibration": "local", "test_statistics": True}, ["calibration"]),
        ([trained()], {**STRICT, "calibration": "local", "normal_split": "train"}, []),
        ([trained()], {**STRICT, "test_statistics": True}, ["scaling"]),
        ([trained(), trained(weights="ped2.pth sha256:0")], STRICT, ["not known"]),
        ([], STRICT, ["not known"]),
    ],
)
def test_each_way_in_is_named(parts, protocol, expected):
    result = canned(*parts)
    assert entered(result, protocol) == expected
    line = audit(result, {"protocol": protocol}).line
    assert line.startswith("test information: " if expected else "no test information: ")
    assert "\n" not in line


def test_labels_entered_where_the_tested_split_was_trained_on_as_a_source():
    own = {**canned(trained("source")), "manifest_sha256": "source-train", "transductive": True}
    assert "with their labels" in audit(own, {"protocol": STRICT}).line
    assert "Test labels: there and in the metrics" in audit(own, {"protocol": STRICT}).line
    unlabelled = audit(canned(trained(split="test")), {"protocol": STRICT}).line
    assert "without their labels" in unlabelled
    assert "in the metrics alone" in unlabelled
    chosen = canned(trained(monitor="val/micro_auroc", monitored_sha256="target-test"))
    assert "chosen by val/micro_auroc on the tested split, with its labels" in audit(chosen, {"protocol": STRICT}).line


def test_where_the_boxes_come_from():
    for name, said in (("motion", "without weights"), ("file", "does not say"), ("ultralytics", "Ultralytics")):
        result = canned(trained(), boxes={"detector": {"detector": name}})
        assert said in audit(result, {"protocol": STRICT}).line.partition("Boxes: ")[2]
        assert entered(result, STRICT) == []
    masks = canned(trained(), boxes={"detector": {"detector": "calibrated", "of": {"detector": "annotation"}}})
    assert entered(masks, STRICT) == ["boxes"]


def test_rows_that_agree_share_a_line():
    ours, theirs = canned(trained()), canned(trained(split="test"))
    causal = {**STRICT, "smoothing": "causal"}
    taken = [(ours, STRICT), (ours, causal), (theirs, STRICT)]
    names = [("a", "strict centred"), ("a", "strict causal"), ("b", "strict centred")]
    first, second = audit_lines([(result, {"protocol": protocol}) for result, protocol in taken], names)
    assert first.startswith("a (strict centred, strict causal): no test information: ")
    assert second.startswith("b (strict centred): test information: transductive: ")


def test_switches_stand_beside_a_number():
    assert flags_of({}) == ""
    assert flags_of({"oracle": True, "transductive": True}) == "transductive, oracle"


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_every_committed_result_is_audited(path):
    """None of them was adapted to or chosen on its test split, so that scaling alone can have used it."""
    result = json.loads(path.read_text())
    for reading in result["readings"]:
        line, found = audit(result, reading)
        paper = reading["protocol"]["protocol"] == "paper"
        assert [item.split(":")[0] for item in found] == (["scaling"] if paper else [])
        assert line.startswith("test information" if paper else "no test information")
        assert "None" not in line


def test_there_are_results_to_audit():
    assert len(RESULTS) > 50
