"""Where a result's regions come from, and why they are null where they are not known."""

from pathlib import Path

import numpy as np
import pytest
from dataset_trees import write_official

from syrfa.datasets import UCSDPed2
from syrfa.evaluation import ObjectScores, regions


def scored(names: tuple[str, ...], frames: int = 6) -> list[ObjectScores]:
    empty = (np.zeros(0, np.int32), np.zeros((0, 4), np.float32), np.zeros(0))
    return [ObjectScores(name, frames, 12, 18, *empty) for name in names]


@pytest.fixture
def dataset(tmp_path: Path) -> UCSDPed2:
    return UCSDPed2(write_official(tmp_path))


def measured(dataset: UCSDPed2, *names: str) -> dict[str, object]:
    return regions.measure_regions(dataset, "test", scored(names), {}, 0)


def test_a_video_without_masks_is_named(dataset: UCSDPed2) -> None:
    found = measured(dataset, "Test001", "Test002")
    assert found["value"] is None
    assert "ped2 test: the abnormal regions of 1 of 2 videos are not known, first Test002" in found["reason"]


def test_masks_that_do_not_fit_cost_the_regions_not_the_result(dataset: UCSDPed2) -> None:
    (dataset.videos("test")[0].annotations / "006.bmp").unlink()
    found = measured(dataset, "Test001")
    assert found["value"] is None
    assert "5 masks, the video has 6 frames" in found["reason"]


def test_all_processes_report_one_reason(dataset: UCSDPed2, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every process leaves with one reason, that of the first video, before any of them gathers."""
    monkeypatch.setattr(regions, "own_share", lambda count: range(0, count, 2))
    others = ([(3, "a later mask is torn"), (1, "a mask is torn")], [0])
    monkeypatch.setattr(regions, "of_every_process", lambda value: [value, others])
    assert measured(dataset, "Test001", "Test002") == {"value": None, "reason": "a mask is torn"}
    monkeypatch.setattr(regions, "of_every_process", lambda value: [value, ([], [1])])
    assert "of 1 of 2 videos are not known, first Test002" in measured(dataset, "Test001", "Test002")["reason"]
