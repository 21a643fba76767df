"""docs/paper_map.md names nothing that is not there, and leaves out nothing that is."""

import ast
import importlib
import inspect
import re
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from syrfa.modules import InterleavedModule, RealAdaptModule, SynthKnowledgeModule
from syrfa.modules.presets import ADAPTATION, KNOWLEDGE

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "paper_map.md").read_text()


def rows(section):
    """The cells of the tables below a heading, without their heads."""
    text = PAGE.split(f"\n## {section}\n")[1].split("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def quoted(text, start=""):
    return [name for name in re.findall(r"`([^`]+)`", text) if name.startswith(start)]


@pytest.mark.parametrize("name", sorted({name for name in quoted(PAGE, "tests/")}))
def test_tests_exist(name):
    file, *path = name.split("::")
    body = ast.parse((ROOT / file).read_text()).body
    for part in path:
        found = [n for n in body if isinstance(n, ast.FunctionDef | ast.ClassDef) and n.name == part]
        assert found, part
        body = found[0].body


@pytest.mark.parametrize("name", sorted({name for name in quoted(PAGE, "syrfa.")}))
def test_code_names_exist(name):
    parts = name.split(".")
    found = importlib.import_module(".".join(parts[:2]))
    for part in parts[2:]:
        found = getattr(found, part)


def test_settings_exist():
    known = set()
    for module in (SynthKnowledgeModule, RealAdaptModule, InterleavedModule):
        known |= set(inspect.signature(module).parameters)
    used = {name for row in rows("Symbols") for name in quoted(row[3])}
    assert used - known == set()


def test_every_equation_has_code_and_a_test():
    table = rows("Equations")
    assert [row[0] for row in table] == [str(number) for number in range(1, 21)]
    assert all(quoted(row[2], "syrfa.") and quoted(row[3], "tests/") for row in table)


def test_the_presets_are_those_of_the_code():
    expected = {}
    for presets in (KNOWLEDGE, ADAPTATION):
        for field in fields(presets["paper"]):
            values = [getattr(presets[preset], field.name) for preset in ("paper", "released")]
            expected[field.name] = [list(v) if isinstance(v, tuple) else v for v in values]
    written = {quoted(row[0])[0]: [yaml.safe_load(cell) for cell in row[1:3]] for row in rows("Presets")}
    assert written == expected
