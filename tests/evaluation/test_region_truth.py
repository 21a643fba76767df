"""Where a result's regions come from, and what stands there when nobody knows them."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from dataset_trees import write_official

from syrfa.datasets import UCSDPed2
from syrfa.evaluation import ObjectScores, regions


def scored(names: tuple[str, ...], frames: int = 6) -> list[ObjectScores]:
    empty = (np.zeros(0, np.int32), np.zeros((0, 4), np.float32), np.zeros(0))
    return [ObjectScores(name, frames, 12, 18, *empty) for name in names]


@pytest.fixture
def dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> UCSDPed2:
    dataset = UCSDPed2(write_official(tmp_path))
    monkeypatch.setattr(regions, "data_of", lambda trainer: SimpleNamespace(dataset=lambda domain: dataset))
    return dataset


def measured(*names: str) -> dict[str, object]:
    return regions.measure_regions(None, SimpleNamespace(domain="target", split="test"), scored(names), {}, 0)


def test_a_video_without_masks_is_named(dataset: UCSDPed2) -> None:
    found = measured("Test001", "Test002")
    assert found["value"] is None
    assert "ped2 test: nothing says" in found["reason"]
    assert "of 1 of 2 videos are, first Test002" in found["reason"]


def test_masks_that_do_not_fit_cost_the_regions_not_the_result(dataset: UCSDPed2) -> None:
    (dataset.videos("test")[0].annotations / "006.bmp").unlink()
    found = measured("Test001")
    assert found["value"] is None
    assert "5 masks, the video has 6 frames" in found["reason"]


def test_a_process_tells_what_another_met(dataset: UCSDPed2, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every process leaves with one reason, that of the first video, before any of them gathers."""
    monkeypatch.setattr(regions, "own_share", lambda count: range(0, count, 2))
    others = ([(3, "a later mask is torn"), (1, "a mask is torn")], [0])
    monkeypatch.setattr(regions, "of_every_process", lambda value: [value, others])
    assert measured("Test001", "Test002") == {"value": None, "reason": "a mask is torn"}
    monkeypatch.setattr(regions, "of_every_process", lambda value: [value, ([], [1])])
    assert "of 1 of 2 videos are, first Test002" in measured("Test001", "Test002")["reason"]
