"""Where a result's regions come from, and what stands there when nobody knows them."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from dataset_trees import write_official

from syrfa.callbacks import regions
from syrfa.datasets import UCSDPed2
from syrfa.errors import LabelError
from syrfa.scoring import ObjectScores


def scored(names: tuple[str, ...], frames: int = 6) -> list[ObjectScores]:
    empty = (np.zeros(0, np.int32), np.zeros((0, 4), np.float32), np.zeros(0))
    return [ObjectScores(name, frames, 12, 18, *empty) for name in names]


def test_a_video_without_masks_is_named(tmp_path: Path) -> None:
    dataset = UCSDPed2(write_official(tmp_path))
    with pytest.raises(LabelError, match=r"ped2 test: .* of 1 of 2 videos are, first Test002"):
        regions.regions_of(dataset, "test", scored(("Test001", "Test002")))


def test_masks_that_do_not_fit_cost_the_regions_not_the_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = UCSDPed2(write_official(tmp_path))
    monkeypatch.setattr(regions, "data_of", lambda trainer: SimpleNamespace(dataset=lambda domain: dataset))
    split = SimpleNamespace(domain="target", split="test")
    (dataset.videos("test")[0].annotations / "006.bmp").unlink()
    found = regions.measure_regions(None, split, scored(("Test001",)), {}, 0)
    assert found["value"] is None
    assert "5 masks, the video has 6 frames" in found["reason"]
