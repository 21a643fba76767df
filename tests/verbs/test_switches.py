"""`data.transductive` and `data.oracle`: off unless asked for, and then named with every number that they touch."""

import csv
import json

import pytest
from jsonargparse import Namespace
from small_run import ADAPT, KNOWLEDGE, SMALL

from syrfa.__main__ import main
from syrfa.training.options import settle_switches

pytestmark = pytest.mark.usefixtures("data_environment")
QUICK = [*SMALL, "--evaluation.pictures=false"]


def result_in(root, experiment="demo_adapt"):
    return json.loads((root / experiment / "seed1" / "result.json").read_text())


def scored(checkpoint, root, *options):
    assert main(["test", *ADAPT, *QUICK, f"--run.root={root}", f"--ckpt_path={checkpoint}", *options]) == 0
    return result_in(root)


@pytest.fixture(scope="module")
def transductive(knowledge_ckpt, tmp_path_factory):
    root = tmp_path_factory.mktemp("transductive")
    start = [f"--run.root={root}", f"--model.init_args.knowledge_ckpt={knowledge_ckpt}"]
    assert main(["fit", *ADAPT, *QUICK, *start, "--data.transductive=true"]) == 0
    return root / "demo_adapt" / "seed1" / "checkpoints" / "last.ckpt"


@pytest.fixture(scope="module")
def oracle(knowledge_ckpt, tmp_path_factory):
    """The folder of a fit of two epochs, at a rate at which each scores otherwise, with a test at its end."""
    root = tmp_path_factory.mktemp("oracle")
    start = [
        f"--run.root={root}",
        f"--model.init_args.knowledge_ckpt={knowledge_ckpt}",
        "--trainer.max_epochs=2",
        "--run.test=true",
    ]
    assert main(["fit", *ADAPT, *QUICK, *start, "--model.init_args.lr_adapter=0.3", "--data.oracle=true"]) == 0
    return root / "demo_adapt" / "seed1"


def test_weights_adapted_on_test_frames_say_so_whatever_the_options(transductive, tmp_path, capsys):
    capsys.readouterr()
    result = scored(transductive, tmp_path)
    captured = capsys.readouterr()
    assert (result["transductive"], result["oracle"]) == (True, False)
    assert [(part["domain"], part["split"]) for part in result["trained_on"]][-1] == ("target", "test")
    assert all(reading["audit"]["test_information"] for reading in result["evaluations"])
    assert result["audit"]["line"] in captured.err
    assert "test/transductive" in captured.out
    assert main(["summary", str(tmp_path / "demo_adapt" / "seed1")]) == 0
    assert " (transductive) " in capsys.readouterr().out


def test_the_best_checkpoint_on_the_test_split_is_kept_and_known_for_it(oracle, tmp_path):
    """Its number is the largest that validation saw, and no option of a later test hides how it was chosen."""
    with (oracle / "metrics.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["val/micro_auroc"]]
    seen = [float(row["val/micro_auroc"]) for row in rows]
    assert len(seen) == 2
    assert seen[-1] < max(seen)  # so that the last weights are others
    assert {float(row["val/oracle"]) for row in rows} == {1.0}
    behind_the_fit = json.loads((oracle / "result.json").read_text())
    result = scored(oracle / "checkpoints" / "oracle.ckpt", tmp_path, "--data.validate_on=source")
    assert behind_the_fit["metrics"] == result["metrics"]
    assert result["metrics"]["micro_auroc"]["value"] == pytest.approx(max(seen), abs=1e-6)
    assert (result["transductive"], result["oracle"]) == (False, True)
    assert result["trained_on"][-1]["monitor"] == "val/micro_auroc"
    assert result["trained_on"][-1]["monitored_sha256"] == result["manifest_sha256"]
    assert result["audit"]["test_information"] == [
        "oracle: the checkpoint was chosen by val/micro_auroc on the tested split, with its labels"
    ]


def test_adaptation_does_not_wash_the_choice_of_phase_one_off(tmp_path):
    options = [*QUICK, "--model.init_args.width=2", f"--run.root={tmp_path}"]
    assert main(["fit", *KNOWLEDGE, *options, "--data.oracle=true"]) == 0
    chosen = tmp_path / "demo_knowledge" / "seed1" / "checkpoints" / "oracle.ckpt"
    run = [*ADAPT, *QUICK, f"--run.root={tmp_path}"]
    assert main(["fit", *run, f"--model.init_args.knowledge_ckpt={chosen}"]) == 0
    result = scored(tmp_path / "demo_adapt" / "seed1" / "checkpoints" / "last.ckpt", tmp_path)
    assert (result["transductive"], result["oracle"]) == (False, True)


def test_validation_says_what_the_weights_bring(oracle, knowledge_ckpt, tmp_path, capsys):
    def printed(config, checkpoint, *options):
        capsys.readouterr()
        split = ["--data.validate_on=target", "--data.target.validation_split=test", "--trainer.limit_val_batches=1.0"]
        arguments = [*config, *QUICK, *split, f"--run.root={tmp_path}", f"--ckpt_path={checkpoint}"]
        assert main(["validate", *arguments, *options]) == 0
        out = capsys.readouterr().out
        assert "val/micro_auroc" in out
        return out

    assert "val/oracle" in printed(ADAPT, oracle / "checkpoints" / "oracle.ckpt")
    assert "val/oracle" not in printed(KNOWLEDGE, knowledge_ckpt, "--data.oracle=true")


@pytest.mark.parametrize(
    ("options", "filename", "said"),
    [
        ({}, "oracle", "checkpoints/oracle.ckpt is the one with the best AUROC on the target's test split"),
        ({"filename": "mine"}, "oracle", "checkpoints/oracle.ckpt is the one with the best AUROC"),
        ({"save_top_k": 3}, "{epoch}-{step}", "the best of checkpoints/*.ckpt are kept, by AUROC on the target's"),
        ({"save_top_k": -1}, "{epoch}-{step}", "the best of checkpoints/*.ckpt are kept, by AUROC on the target's"),
    ],
)
def test_the_file_that_is_announced_is_the_one_that_is_kept(options, filename, said):
    checkpoint = Namespace(monitor=None, mode="min", save_top_k=1, filename="{epoch}-{step}")
    for name, value in options.items():
        checkpoint[name] = value
    trainer = Namespace(
        limit_val_batches=0, check_val_every_n_epoch=1, max_epochs=5, val_check_interval=None, max_steps=-1
    )
    data = Namespace(transductive=True, oracle=True)
    first, line = settle_switches(Namespace(data=data, trainer=trainer, checkpoint=checkpoint), "fit")
    assert first.startswith("data.transductive is on: frames of the target's test split")
    assert line.startswith(f"data.oracle is on: {said}")
    assert checkpoint.filename == filename


def test_pictures_carry_the_switch(oracle, tmp_path, monkeypatch):
    from syrfa.evaluation import pictures

    titles = []
    monkeypatch.setattr(pictures, "plot_score_curves", lambda *_, title, caption: titles.extend([title, caption]))
    monkeypatch.setattr(pictures, "plot_anomaly_map", lambda *_, note: titles.append(note))
    result = scored(oracle / "checkpoints" / "oracle.ckpt", tmp_path, "--evaluation.pictures=true")
    expected = "anomaly score, protocol strict, smoothing centred, oracle"
    assert titles == [expected, result["audit"]["line"], "oracle"]


@pytest.mark.parametrize("switch", ["transductive", "oracle"])
def test_a_switch_that_the_weights_know_nothing_of_is_refused(switch, knowledge_ckpt, tmp_path, refusal):
    arguments = ["test", *KNOWLEDGE, *QUICK, f"--run.root={tmp_path}", f"--ckpt_path={knowledge_ckpt}"]
    line = refusal([*arguments, f"--data.{switch}=true"])
    assert f"data.{switch}: these weights were fitted without it" in line
    assert not list(tmp_path.rglob("result.json"))


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--data.transductive=true"], "data.transductive: data.train_on=source trains on nothing of the target"),
        (
            ["--data.transductive=true", "--data.test_on=source"],
            "data.transductive: it is about the target's test split",
        ),
        (["--data.oracle=true", "--data.test_on=source"], "and data.test_on=source; leave it off"),
        (["--data.oracle=true", "--data.target=null"], "and there is no data.target; leave it off"),
        (
            ["--data.oracle=true", "--checkpoint.monitor=train/cls"],
            "and checkpoint.monitor is train/cls; leave one out",
        ),
        (["--data.oracle=true", "--checkpoint.save_top_k=0"], "checkpoint.save_top_k=0 keeps no checkpoint to choose"),
        (["--data.oracle=true", "--trainer.limit_val_batches=0.5"], "limit_val_batches=0.5 scores a part of the test"),
        (["--data.oracle=true", "--trainer.limit_val_batches=3"], "limit_val_batches=3 scores a part of the test"),
    ],
)
def test_combinations_that_make_no_sense_are_refused(options, named, tmp_path, refusal):
    assert named in refusal(["fit", *KNOWLEDGE, *QUICK, f"--run.root={tmp_path}", *options])
    assert not list(tmp_path.rglob("*.ckpt"))
