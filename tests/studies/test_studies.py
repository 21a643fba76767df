"""Every study starts, its README is short, and what its published numbers rest on is computed right."""

import importlib
import json

import numpy as np
import pytest
import torch
from small_run import ROOT
from torch.nn import functional as F

from experiments.studies.boxes.against_truth import sort_boxes
from experiments.studies.confidence.__main__ import confidence
from experiments.studies.confidence.agreement import ConfidenceMap, Seen, compare, fit
from experiments.studies.precision.bfloat16_kernels import Bfloat16Kernels
from experiments.studies.realism.__main__ import realism
from experiments.studies.realism.distances import frechet_distance, shrunk_covariance, squared_mmd
from experiments.studies.realism.probe import probe_domains
from experiments.studies.realism.scorers import fit_logistic, logistic_scores
from experiments.studies.scale.__main__ import projection
from syrfa.datasets import UBnormal, UCSDPed2
from syrfa.detection import AnnotationDetector, Detections, FileDetector, MotionDetector
from syrfa.tubes.datamodule import TubeDataModule
from syrfa.tubes.source import TubeSource

STUDIES = sorted(path.parent for path in (ROOT / "experiments" / "studies").glob("*/README.md"))


@pytest.mark.parametrize("study", STUDIES, ids=lambda path: path.name)
def test_a_study_says_what_it_showed_and_can_be_imported(study):
    text = (study / "README.md").read_text()
    assert len(text.split()) <= 250
    assert f"make study NAME={study.name}" in text or "pip install" in text
    if study.name != "renderers":  # needs OpenGL
        assert callable(importlib.import_module(f"experiments.studies.{study.name}.__main__").__dict__.get("main", len))


@pytest.fixture
def worlds(tiny_worlds, tmp_path):
    boxes = FileDetector(tiny_worlds / "demo-target" / "detections" / "{split}.npz")
    source = TubeSource(UBnormal(tiny_worlds / "demo-source"), AnnotationDetector())
    target = TubeSource(UCSDPed2(tiny_worlds / "demo-target"), boxes)
    return TubeDataModule(source, target, cache_root=str(tmp_path / "cache"), prepare_workers=1)


def test_realism_writes_a_report(worlds, tmp_path):
    reports = []
    for name in ("one.json", "two.json"):
        realism(worlds, samples=20, folds=2, steps=2, out=tmp_path / name)
        reports.append(json.loads((tmp_path / name).read_text()))
        del reports[-1]["environment"]
    assert reports[0] == reports[1]
    assert reports[0]["world"]["preset"] == "tiny"
    assert (reports[0]["real"]["dataset"], reports[0]["generated"]["split"]) == ("ped2", "train")
    for name in ("statistics", "network"):
        probe = reports[0]["probes"][name]["real_generated"]
        assert 0 <= probe["low"] <= probe["auroc"] <= probe["high"] <= 1


def test_distances_agree_with_closed_forms():
    rng = np.random.default_rng(0)
    covariance = pytest.importorskip("sklearn.covariance")
    x = rng.normal(size=(40, 8)) * np.linspace(0.5, 2, 8)
    np.testing.assert_allclose(shrunk_covariance(x), covariance.ledoit_wolf(x)[0], atol=1e-10)
    a, b = rng.normal(size=(40000, 4)), 2 * rng.normal(size=(40000, 4)) + 1
    assert frechet_distance(a, b) == pytest.approx(4 + 4 * (2 - 1) ** 2, rel=0.03)
    assert squared_mmd(a[:300], a[300:600]) == pytest.approx(0, abs=0.01)
    assert squared_mmd(a[:300], a[300:600] + 1) > 0.1


def test_the_regression_agrees_with_scikit_learn():
    linear_model = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(2)
    x = rng.normal(size=(300, 4))
    labels = (x @ [1.0, -2.0, 0.0, 0.5] + rng.normal(size=300) > 0.7).astype(np.int64)
    weight = rng.uniform(0.5, 2, 300)
    slope, intercept = fit_logistic(x, labels, weight, 0.5)
    golden = linear_model.LogisticRegression(C=2.0, tol=1e-8).fit(x, labels, sample_weight=weight)
    np.testing.assert_allclose(slope, golden.coef_[0], atol=2e-3)
    assert intercept == pytest.approx(golden.intercept_[0], abs=2e-3)


@pytest.mark.parametrize(("shift", "low", "high"), [(0.0, 0.38, 0.62), (3.0, 0.95, 1.0)])
def test_a_probe_tells_domains_apart_only_where_they_differ(shift, low, high):
    rng, video = np.random.default_rng(1), np.repeat(np.arange(12), 12)
    real, generated = rng.normal(size=(144, 3)), rng.normal(size=(144, 3)) + shift
    assert low <= probe_domains(real, video, generated, video, logistic_scores, 4, 5, 0).auroc <= high


def test_a_probe_tests_on_videos_it_has_not_seen():
    seen = []

    def record(inputs, labels, wanted, seed):
        del labels, seed
        seen.append((set(inputs[:, 0]), set(wanted[:, 0])))
        return np.zeros(len(wanted))

    real, generated = np.repeat(np.arange(5), 4), np.repeat(np.arange(7), 3)
    probe_domains(real[:, None], real, 100 + generated[:, None], generated, record, 3, 2, 0)
    assert len(seen) == 6
    assert all(not learnt & tested for learnt, tested in seen)


def test_a_map_of_confidences_is_fitted(tiny_worlds, tmp_path):
    boxes = tiny_worlds / "demo-target" / "detections" / "train.npz"
    target = TubeSource(UCSDPed2(tiny_worlds / "demo-target"), MotionDetector())
    data = TubeDataModule(None, target, cache_root=str(tmp_path / "cache"), prepare_workers=1)
    confidence(data, boxes, tmp_path / "map.json", every=2)
    content = json.loads((tmp_path / "map.json").read_bytes())
    assert (content["fitted_on"]["every"], content["fitted_on"]["split"]) == (2, "train")
    assert ConfidenceMap(tuple(content["own"]), tuple(content["reference"]))(np.ones(1)) == content["reference"][-1]


def people(seed=0, frames=200, videos=4):
    """People whom both detectors find, one of them with confidences squeezed to a fourth of the other's."""
    rng = np.random.default_rng(seed)
    seen = []
    for number in range(frames):
        count = int(rng.integers(3, 9))
        corner = np.stack([40 * np.arange(count), rng.uniform(0, 100, count)], axis=1)
        xyxy = np.concatenate([corner, corner + np.array([15, 40])], axis=1).astype(np.float32)
        sure, classes = rng.uniform(0.3, 1, count), np.zeros(count, np.int16)
        own = Detections(xyxy, (sure**2 / 4).astype(np.float32), classes)
        seen.append(Seen(number % videos, own, Detections(xyxy, sure.astype(np.float32), classes)))
    return seen


@pytest.mark.parametrize("method", ["count", "pairs"])
def test_a_known_map_of_confidences_is_found(method):
    truth = np.linspace(0.35, 0.95, 13)
    mapping = fit(people(), method)
    assert mapping(truth**2 / 4) == pytest.approx(truth, abs=0.03)
    plain = compare(people(1), ConfidenceMap((0.0, 1.0), (0.0, 1.0)))["0.5"]
    mapped = compare(people(1), mapping)["0.5"]
    assert plain["own_per_frame"] == 0
    assert mapped["ratio"] == pytest.approx(1, abs=0.1)
    assert mapped["recall"] > 0.9


PEOPLE = np.array([[100.0, 50, 124, 110], [126, 50, 150, 110], [200, 40, 224, 100]])


@pytest.mark.parametrize(
    ("box", "kind", "owner"),
    [
        ([101, 51, 125, 111], "whole", 0),
        ([100, 50, 124, 97], "cut", 0),
        ([100, 50, 124, 85], "torso", 0),
        ([100, 50, 150, 110], "union", -1),
        ([201, 93, 225, 101], "strip", -1),
        ([20, 50, 44, 110], "background", -1),
        ([206, 60, 214, 70], "other", -1),
    ],
)
def test_a_box_is_sorted(box, kind, owner):
    found, owners, _ = sort_boxes(np.array([box], float), PEOPLE)
    assert (found.tolist(), owners.tolist()) == ([kind], [owner])


def test_bfloat16_products_equal_torchs_but_for_rounding():
    torch.manual_seed(0)
    x, w = (
        torch.randn(2, 3, 3, 6, 6).bfloat16().requires_grad_(),
        torch.randn(4, 3, 3, 3, 3).bfloat16().requires_grad_(),
    )

    def call():
        out = F.conv3d(x, w, padding=1)
        return [out, *torch.autograd.grad(out, (x, w), torch.ones_like(out))]

    expected = call()
    with Bfloat16Kernels() as mode:
        found = call()
    assert mode.replaced
    for a, b in zip(found, expected, strict=True):
        assert a.dtype == b.dtype == torch.bfloat16
        assert (a.float() - b.float()).abs().max() <= 2.0**-7 * b.float().abs().max()


def test_a_thousand_camera_hours_at_25_frames_a_second():
    project = projection({"ms_per_frame": {"cpu": 10.0}, "frames": 2000, "bytes": 2_000_000})
    assert project["core_hours"] == pytest.approx(250)  # 90 million frames of 10 ms
    assert project["cores"] == pytest.approx(250 / 24)
    assert project["terabytes"] == pytest.approx(0.09)  # 1,000 bytes a frame
