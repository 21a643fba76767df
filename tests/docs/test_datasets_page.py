"""The tables of docs/datasets.md are what the commands above them print."""

from pathlib import Path

import pytest
from small_run import ROOT

from syrfa.__main__ import main
from syrfa.datasets.published import PUBLISHED

PAGE = (ROOT / "docs" / "datasets.md").read_text()


@pytest.mark.real_data
@pytest.mark.parametrize("key", ["ped2", "shanghaitech"])
def test_printed_tables(
    key: str, shared_data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(shared_data)
    assert main(["data", "check", key, key, "--workers", "1"]) == 0
    assert f"`cd $SYRFA_SHARED_DATA; python -m syrfa data check {key} {key}`" in PAGE
    assert f"```\n{capsys.readouterr().out}```" in PAGE


def test_sums_of_archives() -> None:
    for archive in {archive for published in PUBLISHED.values() for archive in published.archives}:
        assert f"| {archive.file} | {archive.size:,} | `{archive.sha256}` |" in PAGE
