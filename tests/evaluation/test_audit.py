"""The audit says what entered a number: on canned records whose answer is known, and on every committed result."""

import json

import pytest
from small_run import ROOT

from syrfa.evaluation.audit import audit, audit_lines, flags_of, record_flags

STRICT = {"protocol": "strict", "smoothing": "centred", "window": 25, "test_statistics": False}
PAPER = {"protocol": "paper", "smoothing": "gaussian", "constants": "ped2", "test_statistics": True}


def trained(domain="target", split="train", monitor="", **hashes):
    return {"domain": domain, "split": split, "manifest_sha256": f"{domain}-{split}", "monitor": monitor, **hashes}


def canned(*parts, boxes=None):
    tested = {"dataset": "street", "split": "test", "manifest_sha256": "target-test"}
    return {**tested, "trained_on": list(parts), "boxes": boxes, **record_flags(parts, tested)}


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
        ([trained()], {**STRICT, "reference": "local", "test_statistics": True}, ["reference"]),
        ([trained()], {**STRICT, "reference": "local", "normal_split": "train"}, []),
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
    line = audit(masks, {"protocol": STRICT}).line
    assert line.startswith("test information: boxes: object masks of the tested split as boxes. ")
    assert "Test labels: in the boxes and in the metrics" in line


def named(split, files="changed", monitor="", validated=("world", "validation"), **more):
    """A part of a record that names its splits, as data of other label files have it."""
    part = {**trained("target", split, monitor), "dataset": "street", "manifest_sha256": files, **more}
    return {**part, "validated_sha256": files, "validated_dataset": validated[0], "validated_split": validated[1]}


def test_new_labels_of_the_split_do_not_wash_a_switch_off():
    seen = canned(named("test"))
    assert (seen["transductive"], seen["oracle"]) == (True, False)
    assert "frames of the tested split (known by its name, street test: its files or labels differ), without" in (
        audit(seen, {"protocol": STRICT}).line
    )
    chosen = canned(named("train", monitor="val/micro_auroc", validated=("street", "test"), monitored_sha256="changed"))
    assert (chosen["transductive"], chosen["oracle"]) == (False, True)
    assert "oracle: the checkpoint was chosen by val/micro_auroc on the tested split (known by its name" in (
        audit(chosen, {"protocol": STRICT}).line
    )
    assert entered(canned(named("train", validated=("street", "test"), monitored_sha256="")), STRICT) == ["seen"]


def test_a_split_of_the_same_data_set_or_of_the_same_name_is_not_the_tested_one():
    for part in (
        named("train", monitored_sha256=""),
        named("test", monitored_sha256="", dataset="world", validated=("world", "test")),
        named("train", monitored_sha256="changed", monitor="val/micro_auroc", validated=("street", "validation")),
        {**trained(split="test"), "manifest_sha256": "other"},  # before names were recorded
    ):
        assert entered(canned(part), STRICT) == []


def test_what_chose_the_checkpoint_and_what_is_not_on_record():
    def origin(*parts):
        return audit(canned(*parts), {"protocol": STRICT}).line.partition("; no scaling")[0].partition("; ")[2]

    assert origin(trained(monitored_sha256="", validated_sha256="")) == "no checkpoint chosen by a metric"
    unsaid = "not recorded: whether validation saw the tested split"
    assert origin(trained(monitored_sha256="")) == f"no checkpoint chosen by a metric; {unsaid}"
    loss = {"monitor": "train/cls", "monitored_sha256": "", "validated_sha256": "source-validation"}
    assert origin(trained(**loss)) == "checkpoint chosen by its training loss (train/cls)"
    both = {"monitor": "train/cls, val/micro_auroc", "monitored_sha256": "v", "validated_sha256": "v"}
    assert origin(trained(**both)) == (
        "checkpoint chosen by val/micro_auroc on another split; checkpoint chosen by its training loss (train/cls)"
    )
    both = {**both, "monitored_sha256": "target-test"}
    assert (
        "was chosen by val/micro_auroc on the tested split" in audit(canned(trained(**both)), {"protocol": STRICT}).line
    )


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


def test_every_committed_result_is_audited():
    """None of them was adapted to or chosen on its test split, so that scaling alone can have used it."""
    results = [json.loads(path.read_text()) for path in (ROOT / "experiments" / "results").rglob("*_seed?.json")]
    results = [result for result in results if result.keys() >= {"schema", "evaluations"}]
    assert len(results) > 50
    for result, evaluation in ((one, each) for one in results for each in one["evaluations"]):
        line, found = audit(result, evaluation)
        paper = evaluation["protocol"]["protocol"] == "paper"
        assert [item.split(":")[0] for item in found] == (["scaling"] if paper else [])
        assert line.startswith("test information" if paper else "no test information")
        assert "None" not in line
