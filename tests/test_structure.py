"""The structure of the project stays one that a person can hold in the head: sizes, layers, no import circles."""

import ast
import subprocess
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SRC = ROOT / "src" / "syrfa"
LAYERS = (
    *("errors", "utils", "engine", "world", "datasets", "detection", "tubes", "models", "losses", "modules"),
    *("training", "evaluation", "reporting", "verbs", "__main__"),
)
"""Lowest first; CONTRIBUTING.md shows them as a map."""
DOCS = {
    *("getting_started", "data", "method", "paper_map", "evaluation", "experiments", "results", "world"),
    *("performance", "extending"),
}


def lines(path: Path) -> int:
    """Lines of a text file."""
    return len(path.read_text(encoding="utf-8").splitlines())


@cache
def modules() -> dict[str, Path]:
    """Every module of the package, by its dotted name."""
    found = {}
    for path in SRC.rglob("*.py"):
        parts = ("syrfa", *path.relative_to(SRC).with_suffix("").parts)
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


def imported(path: Path) -> set[str]:
    """Modules of the package that a module imports, at its top, in a function or for its types."""
    known, found = modules(), set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "syrfa":
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {name if name in known else node.module for name in names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name in known}
    return found - {"syrfa"}


def layer(module: str) -> int:
    """The position of a module's package in `LAYERS`."""
    return LAYERS.index(module.split(".")[1])


def test_nothing_but_packages_lies_at_the_top() -> None:
    loose = {path.name for path in SRC.iterdir() if path.is_file()}
    assert loose == {"__init__.py", "__main__.py", "errors.py", "py.typed"}
    assert {path.name for path in SRC.iterdir() if path.is_dir()} - {"__pycache__"} <= set(LAYERS)


def test_the_package_is_small() -> None:
    sizes = {name: lines(path) for name, path in modules().items()}
    assert {name: size for name, size in sizes.items() if size > 400} == {}
    assert len(sizes) <= 200
    assert sum(sizes.values()) <= 26_500


def test_the_suite_is_small() -> None:
    assert sum(map(lines, (ROOT / "tests").rglob("*.py"))) <= 25_000


def test_no_module_imports_upward() -> None:
    upward = [
        f"{name} imports {target}"
        for name, path in modules().items()
        if name != "syrfa"
        for target in sorted(imported(path))
        if layer(target) > layer(name)
    ]
    assert upward == []


def test_no_import_circle() -> None:
    graph = {name: imported(path) - {name} for name, path in modules().items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_the_callback_can_be_read_in_one_sitting() -> None:
    assert lines(SRC / "evaluation" / "callback.py") <= 150


def test_the_readme_takes_two_minutes() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(text) <= 150
    assert [line for line in text if len(line) > 100] == []


def test_ten_pages_of_docs() -> None:
    pages = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")}
    assert set(pages) == DOCS
    assert sum(len(text.split()) for text in pages.values()) <= 20_000


def test_the_glossary_has_twenty_terms_at_most() -> None:
    text = (ROOT / "docs" / "getting_started.md").read_text(encoding="utf-8").split("\n## Glossary\n")[1]
    terms = [line for line in text.splitlines() if line.startswith("| ")][1:]
    assert 0 < len(terms) <= 20


def test_no_large_file() -> None:
    git = ROOT / ".git"
    if not git.exists():
        pytest.skip("not a git checkout: what belongs to the project is not known")
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    files = [ROOT / name for name in names.split("\0") if name]
    assert [str(path) for path in files if path.is_file() and path.stat().st_size > 1_000_000] == []
