"""Lets the tests of this folder import the naive implementation, and quietens the Trainer."""

import sys
import warnings
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(autouse=True)
def _quiet():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="lightning")
        warnings.filterwarnings("ignore", module="torch")
        yield


@pytest.fixture
def record(monkeypatch):
    """Every random choice from here on."""
    from one_step import Record  # here, for the tests without a Trainer start in a third of the time without Lightning

    return Record().watch(monkeypatch)
