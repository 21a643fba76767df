"""Ray is an extra: its engine says so where it is missing, and nothing else imports it."""

import subprocess
import sys

import pytest

from syrfa.errors import EngineError


def test_missing_ray_is_one_line(videos, tmp_path, monkeypatch):
    from syrfa.detection import FileDetector
    from syrfa.tubes import TubeSpec, build_cache

    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(EngineError, match=r"ray is not installed.*--engine local"):
        build_cache(videos[0], "train", FileDetector(videos[1]), TubeSpec(), tmp_path, 2, False, "ray")


def test_local_engine_imports_no_ray():
    code = "import sys, syrfa.tubes.build, syrfa.verbs.predict; sys.exit('ray' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
