"""What is said of data that are not there."""

import shutil
from pathlib import Path

import pytest
from small_run import ROOT

from syrfa.reporting.missing import missing_data
from syrfa.reporting.spec import Spec


def test_nothing_is_missing_of_worlds_that_are_generated(
    shipped: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYRFA_DATA", str(tmp_path))
    assert missing_data(shipped.datasets["demo"], ROOT) is None


def test_a_data_set_that_is_not_there_is_named_by_its_variable(
    shipped: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYRFA_DATA", str(tmp_path))
    monkeypatch.setenv("SYRFA_SHARED_DATA", str(tmp_path))
    assert missing_data(shipped.datasets["avenue"], ROOT) == (
        "no training videos of CUHK Avenue in $SYRFA_DATA/Avenue; no test videos of CUHK Avenue in $SYRFA_DATA/Avenue"
    )
    said = missing_data(shipped.datasets["ped2"], ROOT)
    assert said is not None
    assert "no boxes at $SYRFA_SHARED_DATA/ped2_yolov3_detections/{split}.npz" in said
    assert str(tmp_path) not in said


@pytest.mark.usefixtures("data_environment")
def test_a_part_of_a_data_set_is_counted(shipped: Spec) -> None:
    said = missing_data(shipped.datasets["shanghaitech"], ROOT)
    assert said is not None
    assert "105 of 107 test videos of ShanghaiTech are missing" in said
    assert "no training videos of ShanghaiTech in $SYRFA_SHARED_DATA/shanghaitech" in said
    assert "no detector weights at $SYRFA_SHARED_DATA/yolo/" in said


def test_videos_without_labels_are_not_enough(
    shipped: Spec, tiny_worlds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYRFA_SHARED_DATA", str(tmp_path))
    shutil.copytree(tiny_worlds / "ped2", tmp_path / "ped2")
    (tmp_path / "ped2_yolov3_detections").symlink_to(tiny_worlds / "ped2_yolov3_detections")
    whole = missing_data(shipped.datasets["ped2"], ROOT)
    assert whole == "14 of 16 training videos of UCSD Ped2 are missing; 10 of 12 test videos of UCSD Ped2 are missing"
