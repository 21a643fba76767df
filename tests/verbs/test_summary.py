"""The summary table, on canned results whose means and deviations are known."""

import json
import subprocess
import sys

import pytest

from syrfa.__main__ import main
from syrfa.errors import DataNotFoundError
from syrfa.verbs.summary import summary


def canned(folder, seed, value, transductive=False):
    run = folder / f"seed{seed}"
    run.mkdir(parents=True)
    metric = (
        {"value": value, "ci_low": 0.8, "ci_high": 0.95, "chance": 0.5} if value else {"value": None, "reason": "x"}
    )
    readings = [
        {
            "protocol": {"protocol": "strict", "smoothing": smoothing},
            "metrics": {"micro_auroc": metric},
            "baselines": {"box_width": {"micro_auroc": {"value": 0.904}}},
            **({"lead_over_box_width": {"value": value - 0.904, "ci_low": -0.02, "ci_high": 0.01}} if value else {}),
        }
        for smoothing in ("centred", "none")
    ]
    result = {
        **{"schema": 2, "experiment": "canned", "run_id": run.name, "module": "RealAdaptModule", "dataset": "ped2"},
        **{"split": "test", "seed": seed, "steps": 7, "transductive": transductive, "oracle": False},
        "evaluations": readings,
    }
    (run / "result.json").write_text(json.dumps(result))
    return run


def test_one_row_a_run(tmp_path, capsys):
    summary([canned(tmp_path, 1, 0.9), canned(tmp_path, 2, None) / "result.json"])
    lines = capsys.readouterr().out.splitlines()
    assert (
        " ".join(lines[2].split())
        == "canned/seed1 phase 2 strict centred 90.0 80.0 to 95.0 -0.4 (-2.0 to +1.0) 90.4 50.0 -"
    )
    assert " ".join(lines[3].split()) == "canned/seed2 phase 2 strict centred - - to - - 90.4 - -"


def test_a_reader_that_leaves_early_is_no_error(tmp_path):
    run = canned(tmp_path, 1, 0.9)
    arguments = ["summary", "--markdown", *[str(run)] * 500]
    code = f"import sys; from syrfa.__main__ import main; sys.exit(main({arguments!r}))"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(600) == 141


def test_what_was_trained_is_named_truly(tmp_path, capsys):
    run = canned(tmp_path, 1, 0.9)
    result = json.loads((run / "result.json").read_text())
    clean = {"lambda_cont": 0.0, "align_every": 0, "lambda_aux": 0.05, "clean_only": True}
    for module, settings, name in (
        ("SynthKnowledgeModule", clean, "clean_only (no consistency, no alignment)"),
        ("SynthKnowledgeModule", {**clean, "clean_only": False}, "phase 1, no consistency, no alignment"),
        ("SynthKnowledgeModule", {"lambda_cont": 1.0, "align_every": 1, "lambda_aux": 0.05}, "phase 1"),
        ("RealAdaptModule", {"adapter": "rap", "knowledge": clean}, "phase 2, rap, from clean_only"),
        ("EnsembleModule", {"members": []}, "EnsembleModule"),
    ):
        (run / "result.json").write_text(json.dumps({**result, "module": module, "settings": settings}))
        summary([run], markdown=True)
        assert f"| canned/seed1 | {name}" in capsys.readouterr().out


@pytest.mark.parametrize("value", [[], ["true"], ["True"]])
def test_a_flag_needs_no_value(tmp_path, capsys, value):
    run = str(canned(tmp_path, 1, 0.9))
    for arguments in (["--markdown", *value, run], [run, "--over_seeds", *value, "--markdown", *value]):
        assert main(["summary", *arguments]) == 0
        assert capsys.readouterr().out.startswith("| ")
    assert main(["summary", run, "--markdown", "false"]) == 0
    assert not capsys.readouterr().out.startswith("| ")


def test_mean_and_deviation_over_seeds(tmp_path, capsys):
    runs = [canned(tmp_path, seed, value) for seed, value in ((1, 0.9), (2, 0.92), (3, 0.94))]
    summary(runs, all_evaluations=True, over_seeds=True, markdown=True)
    lines = capsys.readouterr().out.splitlines()
    assert [line[:2] for line in lines] == ["| "] * 4 + ["", "- "]  # heading, rule, two readings; one audit for all
    assert "| 92.0 ± 2.0 | 90.0 92.0 94.0 |" in lines[2]
    assert lines[5].startswith("- canned/seed1, canned/seed2, canned/seed3 (strict centred, strict none): ")


def test_how_far_the_adapters_moved_is_next_to_the_number(tmp_path, capsys):
    runs = [canned(tmp_path, seed, 0.9) for seed in (1, 2)]
    for run, (mean, largest) in zip(runs, ((0.02, 0.3), (0.04, 0.5)), strict=True):
        result = json.loads((run / "result.json").read_text())
        result["adapter"] = {"name": "rap", "lr": 0.01, "mean_abs": mean, "max_abs": largest}
        result["evaluations"][0]["baselines"]["unadapted"] = {"micro_auroc": {"value": 0.94 - mean}}
        (run / "result.json").write_text(json.dumps(result))
    summary(runs, over_seeds=True, markdown=True)
    assert "| rap, lr 0.01: mean 0.03, max 0.5, AUROC -1.0 |" in capsys.readouterr().out
    summary(runs, all_evaluations=True, over_seeds=True, markdown=True)
    assert "| rap, lr 0.01: mean 0.03, max 0.5 |" in capsys.readouterr().out  # the other reading has no such number


def test_a_transductive_number_says_so(tmp_path, capsys):
    summary([canned(tmp_path, 1, 0.9, transductive=True)])
    printed = capsys.readouterr().out
    assert " 90.0 (transductive) " in printed
    assert "canned/seed1 (strict centred): test information: transductive: " in printed


def test_runs_with_and_without_test_data_are_never_averaged(tmp_path, capsys):
    runs = [canned(tmp_path, 1, 0.9), canned(tmp_path, 2, 0.8), canned(tmp_path, 3, 1.0, transductive=True)]
    summary(runs, over_seeds=True, markdown=True)
    rows = capsys.readouterr().out.splitlines()[2:4]
    assert "| 85.0 ± 7.1 |" in rows[0]
    assert "| 1 | 100.0 (transductive) |" in rows[1]


def test_an_unfinished_run_is_named(tmp_path):
    with pytest.raises(DataNotFoundError, match="has not finished"):
        summary([tmp_path])


@pytest.mark.parametrize(("videos", "said"), [(2, True), (107, False)])
def test_a_number_of_a_part_of_the_split_says_so(tmp_path, capsys, videos, said):
    run = canned(tmp_path, 1, 0.9)
    result = json.loads((run / "result.json").read_text())
    (run / "result.json").write_text(json.dumps({**result, "videos": videos, "videos_released": 107}))
    summary([run])
    assert ("2 of 107 videos" in capsys.readouterr().out) == said
