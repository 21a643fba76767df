"""Figures 3 and 4 from the command line: runs tested on a tiny world, the distance against a pass of its own."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from small_run import ADAPT, KNOWLEDGE, SMALL

from syrfa.__main__ import main

pytestmark = pytest.mark.usefixtures("data_environment")
DISTANCE = ["--evaluation.feature_distance=true", "--evaluation.feature_distance_tubes=40"]
DISTANCE.append("--evaluation.pictures=false")


@pytest.fixture(scope="module")
def tested(knowledge_ckpt, tmp_path_factory):
    """Run folders of one phase 1 adapted by RAP and by AP, both tested with the feature distance."""
    root = tmp_path_factory.mktemp("figures")
    folders = {}
    for adapter in ("rap", "ap"):
        run = [*ADAPT, *SMALL, f"--run.root={root}", f"--run.experiment={adapter}"]
        started = [f"--model.init_args.knowledge_ckpt={knowledge_ckpt}", f"--model.init_args.adapter={adapter}"]
        assert main(["fit", *run, *started, "--model.init_args.lr_adapter=0.1"]) == 0
        folders[adapter] = root / adapter / "seed1"
        assert main(["test", *run, *DISTANCE, f"--ckpt_path={folders[adapter] / 'checkpoints' / 'last.ckpt'}"]) == 0
    return folders


def distance_of(folder):
    return json.loads((folder / "result.json").read_text())["feature_distance"]


def test_the_distance_is_that_of_one_pass_over_all_tubes(tested):
    """Without windows and batches: every tube, its style from the next ones of the ring, in one batch."""
    from syrfa.datasets import UCSDPed2
    from syrfa.models import StreamDraw, StyleDraw
    from syrfa.modules.checkpoint import load_module
    from syrfa.tubes.cache import TubeCache
    from syrfa.tubes.spec import TubeFilter

    key = json.loads((tested["rap"] / "result.json").read_text())["cache_key"]
    cache = TubeCache.open(Path(os.environ["SYRFA_CACHE"]) / f"ped2-test-{key}")
    generator = np.random.default_rng([0, 4])
    every = cache.select(TubeFilter())
    rows = np.sort(generator.choice(every, 40, replace=False))
    order = generator.permutation(40)
    module = load_module(tested["rap"] / "checkpoints" / "last.ckpt").eval()
    x = module.to_input(torch.from_numpy(cache.read(rows[order])))
    donors = {block: torch.arange(block, 40 + block) % 40 for block in (1, 2)}
    whole = {block: torch.zeros(40, 1, 1, 1, 1) for block in donors}
    dataset = UCSDPed2(Path(os.environ["SYRFA_DATA"]) / "demo-target")
    labels = {video.name: dataset.frame_labels(video) for video in dataset.videos("test")}
    names = [cache.video_infos[number].name for number in cache.index.video[rows[order]]]
    abnormal = np.array([labels[n][f] == 1 for n, f in zip(names, cache.index.frame[rows[order]], strict=True)])
    said = distance_of(tested["rap"])
    assert (said["adapter"], said["tubes"], said["tubes_of_split"]) == ("rap", 40, len(every))
    for adapted, part in ((True, said), (False, said["unadapted"])):
        style = StyleDraw(donors, whole)  # a draw of its own: it remembers the statistics of its first pass
        with torch.no_grad():
            clean, restyled = module.network(x, StreamDraw(style, None, adapted))
        apart = (clean - restyled).norm(dim=1).numpy()
        for name, values in (("all", apart), ("normal", apart[~abnormal]), ("abnormal", apart[abnormal])):
            assert part["groups"][name]["tubes"] == len(values)
            assert part["groups"][name]["mean"] == pytest.approx(values.mean(), rel=1e-4)
            assert part["groups"][name]["quantiles"][2] == pytest.approx(np.median(values), rel=1e-4)
        between = (clean - clean.roll(-1, 0)).norm(dim=1).numpy()
        assert part["between"]["mean"] == pytest.approx(between.mean(), rel=1e-4)
        for video in part["by_video"]:
            mine = apart[[name == video["video"] for name in names]]
            assert (video["tubes"], video["mean"]) == (len(mine), pytest.approx(mine.mean(), rel=1e-4))
    assert said["groups"]["all"]["mean"] != pytest.approx(said["unadapted"]["groups"]["all"]["mean"], rel=1e-3)


def test_batches_change_nothing_and_a_seed_does(tested, tmp_path):
    checkpoint = f"--ckpt_path={tested['rap'] / 'checkpoints' / 'last.ckpt'}"
    found = {}
    for name, option in (("batches", "--data.eval_batch_size=7"), ("seed", "--evaluation.feature_distance_seed=1")):
        options = [*ADAPT, *SMALL, *DISTANCE, checkpoint, option, f"--run.root={tmp_path / name}"]
        assert main(["test", *options]) == 0
        found[name] = distance_of(tmp_path / name / "demo_adapt" / "seed1")
    expected = distance_of(tested["rap"])
    for ours, theirs in ((expected, found["batches"]), (expected["unadapted"], found["batches"]["unadapted"])):
        assert theirs["groups"]["all"]["quantiles"] == pytest.approx(ours["groups"]["all"]["quantiles"], rel=1e-4)
        assert theirs["between"]["mean"] == pytest.approx(ours["between"]["mean"], rel=1e-4)
    assert found["seed"]["groups"]["all"]["mean"] != expected["groups"]["all"]["mean"]


def test_phase_one_has_one_distance(knowledge_ckpt, tmp_path):
    options = [*KNOWLEDGE, *SMALL, f"--ckpt_path={knowledge_ckpt}", "--evaluation.pictures=false"]
    assert main(["test", *options, *DISTANCE, f"--run.root={tmp_path / 'with'}"]) == 0
    distance = distance_of(tmp_path / "with" / "demo_knowledge" / "seed1")
    assert (distance["adapter"], distance["unadapted"]) == ("none", None)


def test_fig4_compares_both_adapters_and_the_phase_one_that_they_share(tested, tmp_path):
    assert main(["figure", "fig4", *map(str, tested.values()), f"--out={tmp_path / 'fig4.png'}"]) == 0
    (panel,) = json.loads((tmp_path / "fig4.json").read_text())["panels"]
    assert [part["adapter"] for part in panel["measured"]] == ["none", "ap", "rap"]
    assert all(seed["same_phase1"] for pair in panel["differences"] for seed in pair["seeds"])
    rap, ap = (distance_of(tested[name])["groups"]["all"]["mean"] for name in ("rap", "ap"))
    (difference,) = [pair for pair in panel["differences"] if (pair["of"], pair["less"]) == ("rap", "ap")]
    assert difference["mean"] == pytest.approx(rap - ap)
    assert (tmp_path / "fig4.pdf").read_bytes().startswith(b"%PDF")


def test_fig3_of_a_generated_world_shows_its_first_videos(tested, tmp_path):
    assert main(["figure", "fig3", str(tested["rap"]), f"--out={tmp_path / 'fig3.png'}"]) == 0
    content = json.loads((tmp_path / "fig3.json").read_text())
    result = json.loads((tested["rap"] / "result.json").read_text())
    first = sorted(path.stem for path in (tested["rap"] / "scores").glob("*.npz"))[:3]
    assert [panel["video"] for panel in content["panels"]] == first
    assert content["panels"][0]["micro_auroc"] == result["metrics"]["micro_auroc"]
    assert content["runs"][0]["manifest_sha256"] == result["manifest_sha256"]


def test_fig3_says_what_is_missing(tested, tmp_path, refusal):
    out = f"--out={tmp_path / 'fig3.png'}"
    run = shutil.copytree(tested["rap"], tmp_path / "run")
    fig3 = ["figure", "fig3", str(run), out]
    assert "has no video Test999" in refusal([*fig3, "--videos=Test999"])
    assert "ends with .png" in refusal(["figure", "fig3", str(run), f"--out={tmp_path / 'fig3.jpg'}"])
    changed = json.loads((run / "result.json").read_text())
    changed["evaluations"][0]["metrics"]["micro_auroc"]["value"] = 0.999
    (run / "result.json").write_text(json.dumps(changed))
    assert "its result.json says 0.999; run `syrfa test` again" in refusal(fig3)
    changed["manifest_sha256"] = "0" * 64
    (run / "result.json").write_text(json.dumps(changed))
    assert "not the copy of ped2 test" in refusal(fig3)
    shutil.copy(tested["rap"] / "result.json", run)
    scores = sorted((run / "scores").glob("*.npz"))
    scores[-1].unlink()
    assert f"no scores at {scores[-1]}" in refusal(fig3)
    for config in run.glob("config_*.yaml"):
        config.unlink()
    assert "has no config_test.yaml" in refusal(fig3)
    assert "the run has not finished" in refusal(["figure", "fig3", str(tmp_path), out])
    assert not list(tmp_path.glob("fig3*"))


def test_fig4_says_what_is_missing(tested, tmp_path, refusal):
    run = shutil.copytree(tested["rap"], tmp_path / "run")
    out = f"--out={tmp_path / 'fig4.png'}"
    assert "--videos: an option of fig3" in refusal(["figure", "fig4", str(run), out, "--videos=x"])
    assert "give one of them" in refusal(["figure", "fig4", str(run), str(run), out])
    content = json.loads((run / "result.json").read_text())
    del content["feature_distance"]
    (run / "result.json").write_text(json.dumps(content))
    assert "--evaluation.feature_distance true" in refusal(["figure", "fig4", str(run), out])
    assert not list(tmp_path.glob("fig4*"))
