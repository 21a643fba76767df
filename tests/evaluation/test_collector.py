"""Scores come back in the order of the index, each once; what is missing or not finite is a fault."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from lightning import LightningModule

from syrfa.datasets.protocol_constants import ConstantsOptions
from syrfa.errors import ConfigError
from syrfa.evaluation.callback import FrameAUC, is_partial
from syrfa.evaluation.collector import ScoreCollector
from syrfa.tubes.datamodule import TubeDataModule, TubeSource


def collected(*batches: tuple[list[int], list[float]]) -> ScoreCollector:
    collector = ScoreCollector()
    for rows, scores in batches:
        collector.add({"row": torch.tensor(rows), "score": torch.tensor(scores, dtype=torch.float64)})
    return collector


def test_order_follows_the_rows_asked_for() -> None:
    found = collected(([7, 2], [0.7, 0.2]), ([5], [0.5])).gather(np.array([2, 7, 5]))["score"]
    assert found.tolist() == [0.2, 0.7, 0.5]


def test_a_row_scored_twice_counts_once() -> None:
    found = collected(([1, 2], [0.1, 0.2]), ([1], [0.1])).gather(np.array([1, 2]))["score"]
    assert found.tolist() == [0.1, 0.2]


def test_every_kind_of_score_is_put_in_order() -> None:
    collector = ScoreCollector()
    for rows, scores in (([3, 1], [0.3, 0.1]), ([2], [0.2])):
        score = torch.tensor(scores, dtype=torch.float64)
        collector.add({"row": torch.tensor(rows), "score": score, "unadapted": score / 2})
    found = collector.gather(np.array([1, 2, 3]))
    assert {name: values.tolist() for name, values in found.items()} == {
        "score": [0.1, 0.2, 0.3],
        "unadapted": [0.05, 0.1, 0.15],
    }


def test_a_row_left_out_is_a_fault() -> None:
    with pytest.raises(RuntimeError, match="1 tubes were scored where 2 were expected"):
        collected(([1], [0.1])).gather(np.array([1, 2]))


def test_a_score_that_is_not_finite_is_a_fault() -> None:
    with pytest.raises(RuntimeError, match="diverged"):
        collected(([1], [float("nan")])).gather(np.array([1]))


def test_a_step_that_returns_no_scores_is_a_fault() -> None:
    with pytest.raises(TypeError, match="NoneType"):
        ScoreCollector().add(None)


@pytest.mark.parametrize(("limit", "partial"), [(1.0, False), (1, True), (0.5, True), (3, True)])
def test_one_batch_is_not_the_whole_split(limit: float, partial: bool) -> None:
    assert is_partial(limit) is partial


@pytest.mark.parametrize(
    ("protocol", "smoothing", "first"),
    [
        ("strict", "centred", ("strict", "centred")),
        ("strict", "causal", ("strict", "causal")),
        ("paper", "centred", ("paper", "gaussian")),
    ],
)
def test_the_configured_reading_comes_first_and_all_are_made(protocol: str, smoothing: str, first: tuple) -> None:
    readings = [(p.name, p.smoothing) for p in FrameAUC(protocol, smoothing).protocols(7, "ped2")]
    assert readings[0] == first
    assert sorted(readings) == [("paper", "gaussian"), ("strict", "causal"), ("strict", "centred"), ("strict", "none")]


def test_tracked_readings_are_added_behind_the_others_on_request() -> None:
    extended = FrameAUC(recipe="ped2", tracks=True, track_window=5, track_iou=0.5)
    plain, tracked = FrameAUC(recipe="ped2").protocols(7), extended.protocols(7)
    assert [p.describe() for p in tracked[:4]] == [p.describe() for p in plain]
    assert [(p.name, p.smoothing) for p in tracked[4:]] == [("tracked", s) for s in ("none", "centred", "causal")]
    for protocol in tracked[4:]:
        assert {**protocol.describe()["tracks"], "window": 5, "min_iou": 0.5} == protocol.describe()["tracks"]


def test_the_paper_protocol_needs_a_recipe_and_takes_none_unasked() -> None:
    def recipes(callback: FrameAUC, of_the_data: str | None) -> list[str]:
        return [p.describe()["constants"] for p in callback.protocols(7, of_the_data) if p.name == "paper"]

    assert recipes(FrameAUC(), None) == []
    assert recipes(FrameAUC(), "shanghaitech") == ["shanghaitech"]
    assert recipes(FrameAUC(recipe="avenue"), "shanghaitech") == ["avenue"]


def test_constants_of_the_paper_protocol_are_refused_before_training() -> None:
    changed = FrameAUC(recipe="avenue", paper=ConstantsOptions(block=10)).protocols(7)[-1].describe()
    assert (changed["block"], changed["as_published"]) == (10, False)
    with pytest.raises(ConfigError, match=r"evaluation\.constants\.taps=2"):
        FrameAUC(paper=ConstantsOptions(taps=2))
    with pytest.raises(ConfigError, match=r"evaluation\.constants\.block=-1"):
        FrameAUC(recipe="avenue", paper=ConstantsOptions(block=-1))


def data_with(recipe: str | None, of_the_source: str | None = None) -> TubeDataModule:
    dataset = SimpleNamespace(name="street")
    source = TubeSource(dataset, None, validation_split="test", constants=of_the_source)
    return TubeDataModule(source, TubeSource(dataset, None, constants=recipe))


def set_up(callback: FrameAUC, data: TubeDataModule, stage: str, limit_val_batches: float = 1.0) -> None:
    trainer = SimpleNamespace(datamodule=data, limit_val_batches=limit_val_batches, is_global_zero=True)
    callback.setup(trainer, LightningModule(), stage)


def test_constants_are_checked_against_the_recipe_that_the_data_names() -> None:
    as_published, filtered = ConstantsOptions(block=0), ConstantsOptions(filter_size=3)
    set_up(FrameAUC(paper=as_published), data_with("shanghaitech"), "test")
    set_up(FrameAUC(paper=filtered), data_with("ped2"), "test")
    with pytest.raises(ConfigError, match=r"evaluation\.constants\.filter_size=5: without a map"):
        set_up(FrameAUC(paper=as_published), data_with("ped2"), "test")
    with pytest.raises(ConfigError, match=r"evaluation\.constants\.filter_size=3: without a map"):
        set_up(FrameAUC(paper=filtered), data_with("shanghaitech"), "test")
    with pytest.raises(ConfigError, match=r"evaluation\.constants\.filter_size=3: without a map"):
        set_up(FrameAUC(paper=filtered), data_with(None, "shanghaitech"), "fit")


def test_validation_needs_a_recipe_only_where_it_is_on() -> None:
    set_up(FrameAUC("paper"), data_with("ped2"), "fit", limit_val_batches=0)
    with pytest.raises(ConfigError, match=r"data\.source\.constants names no published recipe"):
        set_up(FrameAUC("paper"), data_with("ped2"), "fit")


def test_a_test_behind_a_fit_is_refused_before_it() -> None:
    with pytest.raises(ConfigError, match=r"data\.target\.constants names no published recipe"):
        FrameAUC("paper").check_test(data_with(None), LightningModule())
    with pytest.raises(ConfigError, match="has no restyled stream"):
        FrameAUC(feature_distance=True).check_test(data_with("ped2"), LightningModule())


def test_a_track_window_that_does_not_fit_is_refused_before_training() -> None:
    with pytest.raises(ConfigError, match="track_window is 4"):
        FrameAUC(tracks=True, track_window=4)
