"""A whole small Ped2 written once; tests that spoil it take a copy of links."""

import shutil
from pathlib import Path

import pytest
from small_releases import write_ped2


@pytest.fixture(scope="session")
def whole_ped2(tmp_path_factory):
    return write_ped2(tmp_path_factory.mktemp("ped2"))


@pytest.fixture
def ped2(whole_ped2, tmp_path):
    """A copy of one's own: folders of frames are links until a test replaces them."""
    for place in ("training", "testing"):
        (tmp_path / place / "frames").mkdir(parents=True)
        for folder in (whole_ped2 / place / "frames").iterdir():
            (tmp_path / place / "frames" / folder.name).symlink_to(folder)
    shutil.copy(whole_ped2 / "UCSDped2.m", tmp_path)
    return Path(tmp_path)
