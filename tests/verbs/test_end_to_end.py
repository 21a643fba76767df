"""The main job on tiny generated worlds: both phases, validate, test, predict, and what they leave on disk."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from small_run import ADAPT, DEMO, EXPERIMENTS, KNOWLEDGE, SMALL

from syrfa.__main__ import main

pytestmark = pytest.mark.usefixtures("data_environment")


@pytest.fixture(scope="module")
def tested(knowledge_ckpt, tmp_path_factory):
    """Run folders of phase 1 and phase 2, both tested on the target."""
    root = tmp_path_factory.mktemp("tested")
    run = [*SMALL, f"--run.root={root}"]
    assert main(["test", *KNOWLEDGE, *run, f"--ckpt_path={knowledge_ckpt}"]) == 0
    assert main(["fit", *ADAPT, *run, f"--model.init_args.knowledge_ckpt={knowledge_ckpt}"]) == 0
    adapted = root / "demo_adapt" / "seed1"
    assert main(["test", *ADAPT, *run, f"--ckpt_path={adapted / 'checkpoints' / 'last.ckpt'}"]) == 0
    return {"knowledge": root / "demo_knowledge" / "seed1", "adapt": adapted}


def test_result_holds_what_it_takes_to_judge_the_number(tested):
    result = json.loads((tested["knowledge"] / "result.json").read_text())
    assert result["schema"] == 2
    assert (result["experiment"], result["run_id"], result["seed"]) == ("demo_knowledge", "seed1", 1)
    assert (result["protocol"], result["smoothing"]) == ("strict", "centred")
    assert result["transductive"] is False
    assert result["oracle"] is False
    assert result["steps"] == 2
    assert len(result["manifest_sha256"]) == 64
    assert 0 <= result["metrics"]["micro_auroc"]["value"] <= 1
    assert result["metrics"]["micro_auroc"]["chance"] == 0.5
    assert 0 <= result["baselines"]["box_width"]["micro_auroc"]["value"] <= 1
    assert 0 <= result["metrics"]["eer"]["value"] <= 1
    assert 0 <= result["baselines"]["random_smoothed"]["micro_auroc"]["value"] <= 1
    regions = result["regions"]
    assert regions["ground_truth"].startswith("derived, not published")
    assert 0 <= regions["rbdc"]["ci_low"] <= regions["rbdc"]["value"] <= regions["rbdc"]["ci_high"] <= 1
    assert 0 <= regions["baselines"]["box_width"]["tbdc"]["value"] <= 1
    for each in result["evaluations"]:
        assert (each["alarms"]["recall"], each["alarms"]["fps_from"]) == (0.9, "assumed")
        assert each["alarms"]["false_alarms_per_hour"] >= 0
        assert each["alarms"]["baselines"]["box_width"]["event_recall"] > 0
    found = {(r["protocol"]["protocol"], r["protocol"]["smoothing"]) for r in result["evaluations"]}
    assert found == {("strict", "centred"), ("strict", "none"), ("strict", "causal"), ("paper", "gaussian")}
    assert result["audit"] == result["evaluations"][0]["audit"]
    assert result["audit"]["test_information"] == []
    assert [bool(r["audit"]["test_information"]) for r in result["evaluations"]] == [False, False, False, True]
    assert result["boxes"]["detector"]["detector"] == "file"
    assert result["environment"]["packages"]["torch"]
    assert result["precision"] == "32-true"
    assert "feature_distance" not in result
    assert [part["precision"] for part in result["trained_on"]] == ["32-true"]


def test_phase_one_in_the_frame_of_phase_two_scores_as_phase_one(tested, knowledge_ckpt, tmp_path):
    """Without an adapter the weights of phase 1 are all that is needed; with one a --ckpt_path is too."""
    options = [*ADAPT, *SMALL, f"--run.root={tmp_path}", f"--model.init_args.knowledge_ckpt={knowledge_ckpt}"]
    assert main(["test", *options]) == 2
    assert main(["test", *options, "--model.init_args.adapter=none"]) == 0
    result = json.loads((tmp_path / "demo_adapt" / "seed1" / "result.json").read_text())
    expected = json.loads((tested["knowledge"] / "result.json").read_text())
    assert result["adapter"]["name"] == "none"
    assert result["metrics"]["micro_auroc"] == expected["metrics"]["micro_auroc"]
    assert result["trained_on"] == expected["trained_on"]


def test_what_the_adapters_did_is_next_to_the_number(tested):
    adapted, plain = (json.loads((tested[name] / "result.json").read_text()) for name in ("adapt", "knowledge"))
    assert plain["adapter"] == {"name": "none", "lr": None, "mean_abs": 0.0, "max_abs": 0.0}
    assert adapted["adapter"]["max_abs"] > 0
    assert (adapted["adapter"]["name"], adapted["adapter"]["lr"]) == ("rap", 1e-3)
    for each, phase1 in zip(adapted["evaluations"], plain["evaluations"], strict=True):
        assert each["baselines"]["unadapted"] == phase1["metrics"]
        change = each["metrics"]["micro_auroc"]["value"] - phase1["metrics"]["micro_auroc"]["value"]
        assert each["lead_over_unadapted"]["value"] == pytest.approx(change, abs=1e-6)
    assert "unadapted" not in plain["baselines"]


def test_a_checkpoint_is_scored_without_its_adapters(tested, tmp_path, capsys):
    checkpoint = tested["adapt"] / "checkpoints" / "last.ckpt"
    options = [*ADAPT, *SMALL, f"--run.root={tmp_path}", f"--ckpt_path={checkpoint}", "--evaluation.regions=false"]
    assert main(["test", *options, "--model.init_args.score_with_adapters=false"]) == 0
    assert "score_with_adapters" not in capsys.readouterr().err
    result = json.loads((tmp_path / "demo_adapt" / "seed1" / "result.json").read_text())
    plain = json.loads((tested["knowledge"] / "result.json").read_text())
    assert result["settings"]["score_with_adapters"] is False
    assert result["regions"] == {"value": None, "reason": "evaluation.regions is false"}
    assert result["metrics"] == plain["metrics"]
    assert "unadapted" not in result["baselines"]


def test_stored_scores_are_evaluated_again_to_the_same_digits(tested, tmp_path, capsys):
    """Of a copy that holds neither network nor checkpoint."""
    result = json.loads((tested["adapt"] / "result.json").read_text())
    shutil.copytree(tested["adapt"] / "scores", tmp_path / "run" / "scores")
    for name in ("curves.npz", "result.json"):
        shutil.copy(tested["adapt"] / name, tmp_path / "run")
    out = tmp_path / "again.json"
    capsys.readouterr()
    assert main(["evaluate", str(tmp_path / "run"), "--bootstrap=20", f"--out={out}"]) == 0
    assert json.loads(out.read_text()) == result
    assert capsys.readouterr().out.count("demo_adapt/seed1") >= len(result["evaluations"])
    options = ["--protocol=paper", "--window=5", "--constants.of=avenue", "--tracks=true", "--bootstrap=0"]
    assert main(["evaluate", str(tmp_path / "run"), *options, f"--out={out}"]) == 0
    other = json.loads(out.read_text())
    first, *rest = (each["protocol"] for each in other["evaluations"])
    assert (first["constants"], other["protocol"], {each.get("window") for each in rest}) == ("avenue", "paper", {1, 5})
    assert other["audit"]["line"].startswith("test information: scaling")
    assert other["baselines"].keys() == result["baselines"].keys()  # with `unadapted`
    assert main(["evaluate", str(tmp_path / "run"), "--reference=fused"]) == 2
    assert "the training normals were not scored; run `syrfa test` with" in capsys.readouterr().err
    (tmp_path / "run" / "curves.npz").unlink()
    assert main(["evaluate", str(tmp_path / "run")]) == 2
    assert "has no curves.npz" in capsys.readouterr().err


def test_extensions_follow_the_standard_evaluations_and_leave_them_alone(tested, tmp_path, capsys):
    """The numbers with a reference follow from the scores that predict writes of the target's training split."""
    from syrfa.datasets import UCSDPed2
    from syrfa.evaluation import Reference, StrictProtocol, read_scores
    from syrfa.evaluation.evaluate import evaluate
    from syrfa.evaluation.metrics.frame_level import micro_auroc
    from syrfa.evaluation.scores import read_curves

    run = [*ADAPT, *SMALL, f"--ckpt_path={tested['adapt'] / 'checkpoints' / 'last.ckpt'}"]
    extensions = ["--evaluation.tracks=true", "--evaluation.reference=[local]", "--evaluation.reference_neighbours=20"]
    assert main(["test", *run, *extensions, "--evaluation.pictures=false", f"--run.root={tmp_path / 'test'}"]) == 0
    train = tmp_path / "train"
    assert main(["predict", *run, "--data.predict_split=train", f"--out={train}"]) == 0
    folder = tmp_path / "test" / "demo_adapt" / "seed1"
    result = json.loads((folder / "result.json").read_text())
    assert result["evaluations"][:4] == json.loads((tested["adapt"] / "result.json").read_text())["evaluations"]
    extensions = [each["protocol"] for each in result["evaluations"][4:]]
    strict = [("strict", smoothing, "local") for smoothing in ("centred", "none", "causal")]
    tracked = [("tracked", smoothing, None) for smoothing in ("none", "centred", "causal")]
    tracked_local = [("tracked", smoothing, "local") for smoothing in ("none", "centred", "causal")]
    named = [(said["protocol"], said["smoothing"], said.get("reference")) for said in extensions]
    assert named == [*tracked, *strict, *tracked_local]
    assert not any(said["test_statistics"] for said in extensions)
    assert all(said["training_normals"] and said["normal_split"] == "train" for said in extensions[3:])
    kept = read_curves(folder / "curves.npz")
    for scores, each in zip(kept.scores, result["evaluations"], strict=True):
        expected = each["metrics"]["micro_auroc"]["value"]
        assert micro_auroc(scores, kept.labels).value == pytest.approx(expected, abs=1e-6)

    videos, normals = ([read_scores(path) for path in sorted((run / "scores").glob("*"))] for run in (folder, train))
    reference = Reference(normals, "local", 20)
    assert extensions[3]["normal_objects"] == sum(len(video.object_score) for video in normals)
    alarms = result["normals"]
    assert (alarms["split"], alarms["every_frame"]) == ("train", 1)
    assert alarms["objects"] == extensions[3]["normal_objects"] > alarms["wide"]["objects"]
    assert json.loads((tested["adapt"] / "result.json").read_text())["normals"] is None
    dataset = UCSDPed2(Path(os.environ["SYRFA_DATA"]) / "demo-target")
    labels = [label for label in map(dataset.frame_labels, dataset.videos("test")) if label is not None]
    again = evaluate([reference.apply(video) for video in videos], labels, StrictProtocol(3, "none"), bootstrap=0)
    value = result["evaluations"][8]["metrics"]["micro_auroc"]["value"]
    assert again["metrics"]["micro_auroc"]["value"] == pytest.approx(value, abs=1e-3)
    plain = next(r for r in result["evaluations"][:4] if r["protocol"] == StrictProtocol(3, "none").describe())
    assert result["evaluations"][8]["baselines"]["without_reference"] == plain["metrics"]

    again_file, options = tmp_path / "again.json", ["--tracks=true", "--reference=local", "--reference_neighbours=20"]
    assert main(["evaluate", str(folder), *options, "--bootstrap=20", f"--out={again_file}"]) == 0
    assert json.loads(again_file.read_text()) == result
    capsys.readouterr()
    assert main(["summary", str(folder), "--all_evaluations=true", "--over_seeds=true"]) == 0
    printed = capsys.readouterr().out
    assert "strict local" in printed
    assert "tracked local" in printed


def test_normals_that_are_the_test_split_are_called_test_statistics(knowledge_ckpt, tmp_path):
    run = [*KNOWLEDGE, *SMALL, f"--ckpt_path={knowledge_ckpt}", f"--run.root={tmp_path}"]
    run.append("--data.target.train_split=test")
    assert main(["test", *run, "--evaluation.reference=[local]", "--evaluation.pictures=false"]) == 0
    result = json.loads((tmp_path / "demo_knowledge" / "seed1" / "result.json").read_text())
    found = [(each["protocol"].get("reference"), each["protocol"]["test_statistics"]) for each in result["evaluations"]]
    assert found == [*[(None, False)] * 3, (None, True), *[("local", True)] * 3]
    assert "reference: scores were compared with frames" in result["evaluations"][-1]["audit"]["line"]


def test_a_reference_needs_the_target(knowledge_ckpt, tmp_path, capsys):
    run = [*KNOWLEDGE, *SMALL, f"--ckpt_path={knowledge_ckpt}", f"--run.root={tmp_path}", "--data.test_on=source"]
    assert main(["test", *run, "--evaluation.reference=[fused]"]) == 2
    assert "set data.test_on to target" in capsys.readouterr().err


def test_run_folder_is_complete(tested):
    names = {path.name for path in tested["adapt"].iterdir()}
    assert {"config_fit.yaml", "config_test.yaml", "metrics.csv", "checkpoints", "scores", "result.json"} <= names
    assert {"provenance_fit.json", "provenance_test.json", "score_curves.png", "anomaly_map.png"} <= names
    assert "curves.npz" in names
    provenance = json.loads((tested["adapt"] / "provenance_fit.json").read_text())
    assert any(name.startswith("ped2-train-") for name in provenance["caches"])


def test_a_page_shows_a_tested_run_with_curves_and_alarms(tested, tmp_path, capsys):
    page = tmp_path / "report.html"
    assert main(["report", str(tested["adapt"]), "--out", str(page)]) == 0
    assert capsys.readouterr().out.startswith(f"{page}: 1 runs of 1 experiments")
    content = page.read_text()
    assert "as in the result" in content
    for chart in ("ROC", "Test001", "train/cont"):
        assert f"<figcaption>{chart}</figcaption>" in content
    assert "data:image/jpeg" in content


def test_a_target_is_scored_where_the_source_is_not(knowledge_ckpt, tmp_path):
    run = [*KNOWLEDGE, *SMALL, f"--ckpt_path={knowledge_ckpt}", f"--run.root={tmp_path}"]
    assert main(["test", *run, f"--data.source.dataset.init_args.root={tmp_path / 'absent'}"]) == 0
    provenance = json.loads((tmp_path / "demo_knowledge" / "seed1" / "provenance_test.json").read_text())
    assert [name.rsplit("-", 1)[0] for name in provenance["caches"]] == ["ped2-test"]


def test_an_ensemble_of_both_phases_is_tested_and_never_fitted(tested, knowledge_ckpt, tmp_path, capsys):
    members = [str(knowledge_ckpt), str(tested["adapt"] / "checkpoints" / "last.ckpt")]
    options = [*DEMO, f"--config={EXPERIMENTS / 'ensemble.yaml'}", *SMALL, f"--run.root={tmp_path}"]
    options.append(f"--model.init_args.members={json.dumps(members)}")
    assert main(["test", *options]) == 0
    folder = tmp_path / "ensemble" / "seed1"
    result = json.loads((folder / "result.json").read_text())
    assert (result["module"], len(result["settings"]["members"])) == ("EnsembleModule", 2)
    for file in sorted((folder / "scores").glob("*.npz")):
        each = [np.load(tested[name] / "scores" / file.name)["object_score"] for name in ("knowledge", "adapt")]
        np.testing.assert_allclose(np.load(file)["object_score"], np.mean(each, axis=0), atol=1e-6)
    capsys.readouterr()
    assert main(["fit", *options]) == 2
    assert "learns nothing" in capsys.readouterr().err
