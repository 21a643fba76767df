"""What a test reports by default and on request, what is refused before it, and a DataModule of one's own."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from lightning import LightningDataModule, LightningModule, Trainer
from torch import Tensor
from torch.utils.data import DataLoader

from syrfa.datasets.protocol_constants import ConstantsName, ConstantsOptions
from syrfa.errors import ConfigError
from syrfa.evaluation.callback import FrameAUC
from syrfa.evaluation.options import EvaluationOptions
from syrfa.tubes.datamodule import TubeDataModule
from syrfa.tubes.source import TubeSource

STRICT = [("strict", "none"), ("strict", "centred"), ("strict", "causal")]


def names(options: EvaluationOptions, constants: ConstantsName | None = None) -> list[tuple[str, str]]:
    return [(protocol.name, protocol.smoothing) for protocol in options.protocols(3, constants)]


@pytest.mark.parametrize(
    ("settings", "constants", "expected"),
    [
        ({"smoothing": "none"}, None, STRICT),
        ({}, "ped2", [STRICT[1], STRICT[0], STRICT[2], ("paper", "gaussian")]),
        ({"protocol": "paper"}, "ped2", [("paper", "gaussian"), *STRICT]),
        ({"smoothing": "none", "constants": ConstantsOptions(of="avenue")}, None, [*STRICT, ("paper", "gaussian")]),
        ({"smoothing": "none", "tracks": True}, None, [*STRICT, *(("tracked", name) for _, name in STRICT)]),
    ],
)
def test_the_configured_protocol_comes_first_and_extensions_on_request(
    settings: dict[str, Any], constants: ConstantsName | None, expected: Sequence[tuple[str, str]]
) -> None:
    assert names(EvaluationOptions(**settings), constants) == list(expected)


def test_settings_reach_the_protocols() -> None:
    options = EvaluationOptions(
        tracks=True, track_window=5, track_iou=0.5, constants=ConstantsOptions(of="avenue", block=10)
    )
    *_, paper, tracked = (protocol.describe() for protocol in options.protocols(3, "shanghaitech")[:5])
    assert (paper["constants"], paper["block"], paper["as_published"]) == ("avenue", 10, False)
    assert (tracked["tracks"]["window"], tracked["tracks"]["min_iou"]) == (5, 0.5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tracks": True, "track_window": 4}, "track_window is 4"),
        ({"window": 4}, "window is 4"),
        ({"bootstrap": -1}, r"evaluation\.bootstrap=-1"),
        ({"reference_boxes": 0}, r"evaluation\.reference_boxes=0"),
        ({"feature_distance_seed": -1}, r"evaluation\.feature_distance_seed=-1"),
        ({"alarm_recall": 0.0}, r"evaluation\.alarm_recall=0"),
        ({"constants": ConstantsOptions(taps=2)}, r"evaluation\.constants\.taps=2"),
        ({"constants": ConstantsOptions(of="avenue", block=-1)}, r"evaluation\.constants\.block=-1"),
    ],
)
def test_what_does_not_fit_is_refused_at_once(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        EvaluationOptions(**settings)


def data_with(target: ConstantsName | None, source: ConstantsName | None = None) -> TubeDataModule:
    dataset = SimpleNamespace(name="street")
    domains = (
        TubeSource(dataset, None, validation_split="test", constants=source),
        TubeSource(dataset, None, constants=target),
    )
    return TubeDataModule(*domains)


def set_up(options: EvaluationOptions, data: object, stage: str, limit_val_batches: float = 1.0) -> None:
    trainer = SimpleNamespace(datamodule=data, limit_val_batches=limit_val_batches, is_global_zero=True)
    FrameAUC(options).setup(trainer, LightningModule(), stage)


@pytest.mark.parametrize(
    ("settings", "data", "message"),
    [
        ({"constants": ConstantsOptions(block=0)}, ("ped2",), r"filter_size=5: without a map"),
        ({"constants": ConstantsOptions(filter_size=3)}, ("shanghaitech",), r"filter_size=3: without a map"),
        ({"protocol": "paper"}, (None,), r"data\.target\.constants names no published constants"),
        ({"feature_distance": True}, ("ped2",), "has no restyled stream"),
    ],
)
def test_a_test_behind_a_fit_is_refused_before_it(settings: dict[str, Any], data: tuple, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        FrameAUC(EvaluationOptions(**settings)).check_test(data_with(*data), LightningModule())


def test_validation_needs_constants_only_where_it_is_on() -> None:
    paper, filtered = EvaluationOptions("paper"), EvaluationOptions(constants=ConstantsOptions(filter_size=3))
    set_up(paper, data_with("ped2"), "fit", limit_val_batches=0)
    with pytest.raises(ConfigError, match=r"data\.source\.constants names no published constants"):
        set_up(paper, data_with("ped2"), "fit")
    with pytest.raises(ConfigError, match="filter_size=3: without a map"):
        set_up(filtered, data_with(None, "shanghaitech"), "fit")


def test_the_paper_protocol_says_whose_constants_it_takes() -> None:
    assert EvaluationOptions().note("shanghaitech", "shanghaitech") is None
    assert EvaluationOptions().note("street", None) is None
    note = EvaluationOptions(constants=ConstantsOptions(of="avenue")).note("shanghaitech", "shanghaitech")
    assert note == "the paper protocol takes the constants of avenue for shanghaitech, not shanghaitech's"


class OwnData(LightningDataModule):
    """A DataModule that knows no tube cache: two videos of ten frames, a box in each."""

    def __init__(self) -> None:
        super().__init__()
        videos = [SimpleNamespace(name=name, frames=10, height=20, width=30) for name in ("a", "b")]
        frame = np.tile(np.arange(10, dtype=np.int32), 2)
        index = SimpleNamespace(
            video=np.repeat(np.arange(2), 10), frame=frame, xyxy=np.tile(np.float32([[1, 2, 9, 12]]), (20, 1))
        )
        self.labels = [(np.arange(10) >= 6).astype(np.uint8), np.zeros(10, np.uint8)]
        cache = SimpleNamespace(
            index=index,
            video_infos=videos,
            frame_labels=self.labels.__getitem__,
            spec=SimpleNamespace(temporal_radius=0),
        )
        source = SimpleNamespace(constants=None)
        self.split = SimpleNamespace(
            cache=cache, rows=np.arange(20), source=source, domain="target", dataset="own", split="x", manifest_hash="m"
        )

    def use(self, stage: str) -> SimpleNamespace:
        return SimpleNamespace(source=self.split.source, domain="target")

    def evaluated(self, stage: str) -> SimpleNamespace:
        return self.split

    def val_dataloader(self) -> DataLoader[Any]:
        return DataLoader([{"row": row, "score": float(row % 10)} for row in range(20)], batch_size=7)


def test_any_datamodule_with_the_accessors_is_validated(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    class Scorer(LightningModule):
        def validation_step(self, batch: dict[str, Tensor], number: int) -> dict[str, Tensor]:
            return batch

    monkeypatch.setattr("syrfa.evaluation.callback.switches_of", lambda module, split: {})
    callback = FrameAUC(EvaluationOptions(smoothing="none"))
    trainer = Trainer(
        accelerator="cpu", callbacks=[callback], logger=False, enable_progress_bar=False, default_root_dir=tmp_path
    )
    (metrics,) = trainer.validate(Scorer(), datamodule=OwnData(), verbose=False)
    scores, truth = np.tile(np.arange(10), 2), np.concatenate(OwnData().labels)
    above = np.mean([(a > b) + 0.5 * (a == b) for a in scores[truth == 1] for b in scores[truth == 0]])
    assert metrics["val/micro_auroc"] == pytest.approx(above, abs=1e-6)
    assert torch.is_tensor(trainer.callback_metrics["val/eer"])


def test_a_datamodule_without_them_is_refused_in_one_line() -> None:
    with pytest.raises(ConfigError, match=r"a LightningDataModule has no use, evaluated; give .*TubeDataModule"):
        set_up(EvaluationOptions(), LightningDataModule(), "validate")
