"""What is there of the data of a table, and which copy."""

import shutil
from pathlib import Path

import pytest
from small_run import ROOT

from syrfa.errors import DataNotFoundError
from syrfa.reporting.table_plan import DataAtHand
from syrfa.reporting.table_spec import Spec


def at_hand(shipped: Spec, name: str) -> DataAtHand:
    dataset = shipped.datasets[name]
    return DataAtHand([ROOT / file for file in dataset.data], [], dataset.worlds)


def test_videos_that_are_absent_are_found_and_worlds_are_generated(
    shipped: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYRFA_DATA", str(tmp_path))
    at_hand(shipped, "demo").check()
    assert at_hand(shipped, "demo").copy_tested() is None
    with pytest.raises(DataNotFoundError, match="Avenue"):
        at_hand(shipped, "avenue").check()


@pytest.mark.usefixtures("data_environment")
def test_a_split_that_is_absent_is_found(shipped: Spec) -> None:
    at_hand(shipped, "ped2").check()
    with pytest.raises(DataNotFoundError, match="train"):
        at_hand(shipped, "shanghaitech").check()


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
