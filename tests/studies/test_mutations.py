"""The table of mutations still fits the code; `make study NAME=mutation` runs them."""

import ast

import pytest
from small_run import ROOT

from experiments.studies.mutation.mutations import MUTATIONS


def functions(tree, path):
    """Names in a test file's syntax tree as pytest joins them."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield "::".join([*path, node.name])
            if isinstance(node, ast.ClassDef):
                yield from functions(node, [*path, node.name])


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_applies_and_its_tests_exist(mutation):
    text = (ROOT / "src" / "syrfa" / mutation.file).read_text()
    assert text.count(mutation.old) == 1
    ast.parse(text.replace(mutation.old, mutation.new))
    for test in mutation.tests:
        file, _, name = test.split("[")[0].partition("::")
        assert name in set(functions(ast.parse((ROOT / "tests" / file).read_text()), []))


def test_names_differ():
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS)
