"""Ray is an extra: its engine says so where it is missing, and nothing else imports it."""

import re
import sys
from pathlib import Path

import pytest

import syrfa
from syrfa.errors import EngineError


def test_without_ray_a_cluster_is_refused_in_one_line_and_one_machine_is_enough(videos, tmp_path, monkeypatch):
    from syrfa.detection import FileDetector
    from syrfa.tubes import TubeSpec, build_cache

    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(EngineError, match=r"ray is not installed.*--engine local"):
        build_cache(videos[0], "train", FileDetector(videos[1]), TubeSpec(), tmp_path, 2, False, "ray")
    assert build_cache(videos[0], "train", FileDetector(videos[1]), TubeSpec(), tmp_path, 1, False, "local")


def test_no_module_imports_ray_at_its_top():
    """One imports it at all, in a function."""
    imports = re.compile(r"""^( *).*(import ray|from ray|import_module\("ray)""", re.MULTILINE)
    files = Path(syrfa.__file__).parent.rglob("*.py")
    found = {file.name: [match[1] for match in imports.finditer(file.read_text())] for file in files}
    assert {name: depths for name, depths in found.items() if depths} == {"cluster.py": [" " * 8] * 2}
