"""Ray is an extra: its engine says so where it is missing, and nothing else imports it."""

import re
import sys
from pathlib import Path

import pytest

import syrfa
from syrfa.errors import EngineError


def test_missing_ray_is_one_line(videos, tmp_path, monkeypatch):
    from syrfa.detection import FileDetector
    from syrfa.tubes import TubeSpec, build_cache

    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(EngineError, match=r"ray is not installed.*--engine local"):
        build_cache(videos[0], "train", FileDetector(videos[1]), TubeSpec(), tmp_path, 2, False, "ray")


def test_no_module_imports_ray_at_its_top():
    files = list(Path(syrfa.__file__).parent.rglob("*.py"))
    assert any("import ray" in file.read_text() for file in files)
    assert [file for file in files if re.search("^(import|from) ray", file.read_text(), re.MULTILINE)] == []
