"""The gradient reversal baseline on tiny generated worlds: fit, test, and what a result says of its training."""

import json

import pytest
from small_run import ADAPT, DEMO, EXPERIMENTS, SMALL

from syrfa.__main__ import main

REVERSAL = [*DEMO, f"--config={EXPERIMENTS / 'demo_grl.yaml'}", *SMALL]
REVERSAL += ["--model.init_args.width=2", "--data.steps_per_epoch=3"]

pytestmark = pytest.mark.usefixtures("data_environment")


def test_fit_and_test(tmp_path):
    """Natural classes and the target's test split, which makes it transductive."""
    options = ["--data.class_balance=natural", "--data.target.train_split=test", "--run.test=true"]
    assert main(["fit", *REVERSAL, *options, f"--run.root={tmp_path}"]) == 0
    result = json.loads((tmp_path / "demo_grl" / "seed1" / "result.json").read_text())
    assert result["module"] == "GradientReversalModule"
    assert result["steps"] == 3
    assert result["settings"]["alpha"] == 10
    assert 0 <= result["metrics"]["micro_auroc"]["value"] <= 1
    trained_on = [(part["domain"], part["split"]) for part in result["trained_on"]]
    assert trained_on == [("source", "train"), ("target", "test")]
    assert (result["transductive"], result["oracle"]) == (True, False)
    header = (tmp_path / "demo_grl" / "seed1" / "metrics.csv").read_text().splitlines()[0].split(",")
    assert {"train/cls", "train/domain", "train/reversal", "train/domain_accuracy"} <= set(header)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--data.train_on=source"], "data.train_on=source: gradient reversal compares the domains; set data.train_on"),
        (["--data.target=null"], "data.train_on=both: the config describes no data.target; add --config"),
        (["--data.source=null"], "data.train_on=both: the config describes no data.source; add --config"),
        (["--trainer.precision=16-true"], "trainer.precision=16-true: float16 needs scaled losses"),
        (["--model.init_args.domain_hidden=0"], "the domain classifier has 1 hidden layers of 0"),
        (
            ["--data.class_balance=natural", "--data.puzzle_from=batch"],
            "data.puzzle_from=batch: with data.class_balance=natural",
        ),
    ],
    ids=["one-domain", "no-target", "no-source", "float16", "no-units", "puzzle"],
)
def test_refused_in_one_line(options, named, tmp_path, refusal):
    assert named in refusal(["fit", *REVERSAL, *options, f"--run.root={tmp_path}"])
    assert not list(tmp_path.rglob("*.ckpt"))


def test_phase_two_does_not_adapt_to_a_batch_of_both_domains(knowledge_ckpt, tmp_path, refusal):
    options = [*ADAPT, *SMALL, f"--model.init_args.knowledge_ckpt={knowledge_ckpt}", f"--run.root={tmp_path}"]
    assert "data.train_on=both: phase 2 adapts to the target" in refusal(["fit", *options, "--data.train_on=both"])
