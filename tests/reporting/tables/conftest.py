"""The shipped tables.yaml, and a small repository of its own."""

from pathlib import Path

import pytest
import yaml
from small_run import ROOT
from small_tables import SMALL

from syrfa.reporting.table_spec import Spec, read_spec


@pytest.fixture(scope="session")
def shipped() -> Spec:
    return read_spec(ROOT / "experiments" / "tables.yaml")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository with SMALL as its tables.yaml."""
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "tables.yaml").write_text(yaml.safe_dump(SMALL, sort_keys=False))
    for name in ("data", "knowledge", "adapt", "small"):
        (tmp_path / f"{name}.yaml").write_text(f"{{seed_everything: 1, run: {{experiment: {name}}}}}\n")
    return tmp_path


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file into which the stand-in for syrfa writes its calls."""
    monkeypatch.setenv("FAKE_CALLS", str(tmp_path / "calls.txt"))
    return tmp_path / "calls.txt"
