"""`syrfa realism` on two tiny worlds: the file it writes, and what it refuses."""

import json
import math

import numpy as np
import pytest
import torch

from syrfa.__main__ import main
from syrfa.datasets import UBnormal, UCSDPed2
from syrfa.detection import AnnotationDetector, FileDetector
from syrfa.modules import RealAdaptModule
from syrfa.realism.sample import draw_samples, nearest_heights
from syrfa.tubes.cache import TubeCache
from syrfa.tubes.datamodule import TubeDataModule, TubeSource

pytestmark = pytest.mark.usefixtures("data_environment")
FEW = ["--samples=20", "--folds=2", "--steps=2", "--data.prepare_workers=1"]


@pytest.fixture(scope="module")
def adapt_ckpt(knowledge_ckpt, tmp_path_factory):
    """A phase-2 checkpoint whose adapters are far from the identity."""
    module = RealAdaptModule(knowledge_ckpt=str(knowledge_ckpt))
    torch.manual_seed(0)
    for parameter in module.network.adapters.parameters():
        parameter.data.normal_(0, 2)
    return save(module, tmp_path_factory.mktemp("adapt") / "last.ckpt")


def save(module, path):
    entry = {"module": type(module).__name__, "settings": module.settings(), "trained_on": []}
    torch.save({"state_dict": module.state_dict(), "syrfa": entry}, path)
    return path


def refusal(arguments, capsys):
    assert main(["realism", *arguments]) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("syrfa ")]
    return line


def is_auroc(found):
    return 0 <= found["low"] <= found["auroc"] <= found["high"] <= 1


def test_the_file_and_the_table(configs, tmp_path, capsys):
    out = tmp_path / "realism.json"
    assert main(["realism", *configs, *FEW, f"--out={out}"]) == 0
    found, printed = json.loads(out.read_text()), capsys.readouterr().out
    assert (found["schema"], found["kind"], found["seed"], found["folds"], found["steps"]) == (1, "realism", 0, 2, 2)
    assert found["world"].keys() == {"preset", "settings", "seed", "version", "grey"}
    assert (found["world"]["preset"], found["world"]["seed"]) == ("tiny", 3)
    for side, dataset in (("real", "ped2"), ("generated", "ubnormal")):
        origin = found[side]
        assert (origin["dataset"], origin["split"], origin["tubes"]) == (dataset, "train", 20)
        assert len(origin["manifest_sha256"]) == 64
        assert origin["normal_tubes"] >= 20
    assert found["environment"].keys() >= {"git_commit", "packages", "arguments", "syrfa"}
    for name in ("statistics", "network"):
        probe = found["probes"][name]
        assert is_auroc(probe["real_generated"])
        assert probe["real_real"]["auroc"] is None  # two videos
        assert "2 videos" in probe["real_real"]["reason"]
    gaps = [abs(row["difference"]) for row in found["statistics"]]
    assert gaps == sorted(gaps, reverse=True)
    assert len(gaps) == 15
    for when in ("before", "after"):
        assert found["features"][when]["value"] is None
        assert "--adapt_ckpt" in found["features"][when]["reason"]
    assert "world 'tiny', seed 3" in printed
    assert found["statistics"][0]["statistic"] in printed


def test_a_seed_repeats(configs, tmp_path):
    reports = []
    for name in ("one", "two"):
        assert main(["realism", *configs, *FEW, f"--out={tmp_path / name}"]) == 0
        content = json.loads((tmp_path / name).read_text())
        del content["environment"]
        reports.append(content)
    assert reports[0] == reports[1]


def test_features_before_and_after(configs, knowledge_ckpt, adapt_ckpt, tmp_path, capsys):
    out = tmp_path / "realism.json"
    arguments = ["realism", *configs, *FEW, f"--out={out}"]
    assert main([*arguments, f"--knowledge_ckpt={knowledge_ckpt}", f"--adapt_ckpt={adapt_ckpt}"]) == 0
    both = json.loads(out.read_text())["features"]
    assert "after adaptation" in capsys.readouterr().out
    for when in ("before", "after"):
        assert both[when]["features"] == 4  # twice the width
        for part in ("value", "real_halves", "generated_halves"):
            assert both[when][part].keys() == {"mean_shift", "frechet", "mmd"}
            assert all(map(math.isfinite, both[when][part].values()))
    assert both["before"]["value"] != both["after"]["value"]
    assert main([*arguments, f"--knowledge_ckpt={knowledge_ckpt}"]) == 0
    first = json.loads(out.read_text())["features"]
    assert first["before"] == both["before"]
    assert first["after"]["value"] is None
    assert main([*arguments, f"--adapt_ckpt={adapt_ckpt}"]) == 0
    assert json.loads(out.read_text())["features"]["before"] == both["before"]


def test_the_checkpoints_of_two_runs_are_refused(configs, knowledge_ckpt, adapt_ckpt, tmp_path, capsys):
    other = RealAdaptModule(knowledge_ckpt=str(knowledge_ckpt))
    other.extractor.neck.conv.weight.data.add_(1)
    path = save(other, tmp_path / "other.ckpt")
    given = [*configs, *FEW, f"--out={tmp_path / 'r.json'}"]
    line = refusal([*given, f"--knowledge_ckpt={knowledge_ckpt}", f"--adapt_ckpt={path}"], capsys)
    assert "was not adapted from" in line
    line = refusal([*given, f"--knowledge_ckpt={adapt_ckpt}"], capsys)
    assert "holds a RealAdaptModule" in line
    assert "no checkpoint at" in refusal([*given, f"--adapt_ckpt={tmp_path / 'none.ckpt'}"], capsys)
    assert not (tmp_path / "r.json").exists()


def test_no_world_and_no_target(configs, tmp_path, capsys):
    source, target = configs
    assert "no data.target" in refusal([source, *FEW], capsys)
    assert "no data.source" in refusal([target, *FEW], capsys)
    absent = tmp_path / "nowhere"
    assert str(absent) in refusal([*configs, *FEW, f"--data.source.dataset.init_args.root={absent}"], capsys)
    assert "no data; add --config" in refusal([], capsys)


def test_the_test_split_is_never_looked_at(configs, capsys):
    assert "tested on" in refusal([*configs, *FEW, "--data.target.train_split=test"], capsys)


@pytest.mark.parametrize("option", ["samples=5", "folds=1", "steps=0", "seed=-1"])
def test_numbers_out_of_range(configs, option, capsys):
    assert f"{option.split('=')[0]} " in refusal([*configs, f"--{option}"], capsys)


def test_a_source_that_was_not_generated_has_no_world(configs, tiny_worlds, tmp_path, capsys):
    root = tmp_path / "release"
    root.mkdir()
    for entry in (tiny_worlds / "demo-source").iterdir():
        if entry.name != "world.json":
            (root / entry.name).symlink_to(entry)
    out = tmp_path / "r.json"
    arguments = [*configs, *FEW, f"--data.source.dataset.init_args.root={root}", f"--out={out}"]
    assert main(["realism", *arguments]) == 0
    assert json.loads(out.read_text())["world"]["preset"] is None
    assert "not made by syrfa generate" in capsys.readouterr().out
    (root / "world.json").write_text("{")
    assert "damaged" in refusal(arguments, capsys)


@pytest.fixture
def data(tiny_worlds, tmp_path):
    source = TubeSource(UBnormal(tiny_worlds / "demo-source"), AnnotationDetector())
    boxes = FileDetector(tiny_worlds / "demo-target" / "detections" / "{split}.npz")
    target = TubeSource(UCSDPed2(tiny_worlds / "demo-target"), boxes)
    return TubeDataModule(source, target, cache_root=str(tmp_path), prepare_workers=1)


def test_only_normal_tubes_are_drawn(data):
    real, generated = draw_samples(data, 10**6, 0)
    least = min(real.origin["normal_tubes"], generated.origin["normal_tubes"])
    assert len(real.tubes) == len(generated.tubes) == least
    use = data.use("train")
    cache = TubeCache.open(data.folder(use))
    normal = cache.labels(cache.select(use.source.filter), use.source.filter) == 0
    assert generated.origin["normal_tubes"] == np.count_nonzero(normal) < len(cache)


def test_heights_are_matched_where_asked(data):
    """Few of them, so that the tiny world has somebody of each height."""

    def heights(match_height):
        return [np.sort(s.xyxy[:, 3] - s.xyxy[:, 1]) for s in draw_samples(data, 10, 0, match_height)]

    (real, plain), (same, matched) = heights(False), heights(True)
    np.testing.assert_array_equal(real, same)
    assert np.abs(np.log(matched / real)).mean() < np.abs(np.log(plain / real)).mean() / 2


def test_the_nearest_height_is_used_once():
    found = nearest_heights(np.array([10.0, 10.0, 40.0]), np.array([80.0, 11.0, 9.5, 300.0]))
    assert found.tolist() == [2, 1, 0]
