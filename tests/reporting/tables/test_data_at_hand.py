"""What is reported of data that are not there, and which copy is tested."""

import shutil
from pathlib import Path

import pytest
from small_run import ROOT

from syrfa.reporting.data_at_hand import DataAtHand
from syrfa.reporting.table_spec import Spec


def missing(shipped: Spec, name: str) -> str | None:
    dataset = shipped.datasets[name]
    return at_hand(shipped, name).missing(dataset.title, list(dataset.worlds))


def at_hand(shipped: Spec, name: str) -> DataAtHand:
    return DataAtHand([ROOT / file for file in shipped.datasets[name].data])


def test_an_absent_data_set_is_named_by_its_variable(
    shipped: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYRFA_DATA", str(tmp_path))
    monkeypatch.setenv("SYRFA_SHARED_DATA", str(tmp_path))
    assert missing(shipped, "demo") is None  # its worlds are generated
    assert at_hand(shipped, "demo").copy_tested() is None
    assert missing(shipped, "avenue") == (
        "no training videos of CUHK Avenue in $SYRFA_DATA/Avenue; no test videos of CUHK Avenue in $SYRFA_DATA/Avenue"
    )
    found = missing(shipped, "ped2")
    assert found is not None
    assert "no boxes at $SYRFA_SHARED_DATA/ped2_yolov3_detections/{split}.npz" in found
    assert str(tmp_path) not in found


@pytest.mark.usefixtures("data_environment")
def test_a_part_of_a_data_set_is_counted(shipped: Spec) -> None:
    found = missing(shipped, "shanghaitech")
    assert found is not None
    assert "105 of 107 test videos of ShanghaiTech are missing" in found
    assert "no training videos of ShanghaiTech in $SYRFA_SHARED_DATA/shanghaitech" in found
    assert "no detector weights at $SYRFA_SHARED_DATA/yolo/" in found


def test_a_copy_is_known_by_its_content(
    shipped: Spec, tiny_worlds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYRFA_DATA", str(tiny_worlds))
    known = at_hand(shipped, "demo").copy_tested()
    assert known is not None
    shutil.copytree(tiny_worlds / "demo-target", tmp_path / "demo-target")
    (tmp_path / "demo-source").symlink_to(tiny_worlds / "demo-source")
    monkeypatch.setenv("SYRFA_DATA", str(tmp_path))
    assert at_hand(shipped, "demo").copy_tested() == known
    frame = min((tmp_path / "demo-target").rglob("Test001/*.*"))
    frame.write_bytes(frame.read_bytes() + b" ")
    assert at_hand(shipped, "demo").copy_tested() != known
