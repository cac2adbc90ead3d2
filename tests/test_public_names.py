"""The names that `from esjournal import ...` finds: few, loaded on first use, and the same for type checkers."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import esjournal


def names_for_type_checkers() -> dict[str, str]:
    """The names that the package imports only for type checkers, and the modules that they come from."""
    tree = ast.parse(Path(esjournal.__file__).read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If) and isinstance(node.test, ast.Name))
    return {
        alias.name: found.module
        for found in block.body
        if isinstance(found, ast.ImportFrom) and found.module
        for alias in found.names
    }


@pytest.mark.parametrize("name", esjournal.__all__)
def test_a_name_is_the_one_that_its_module_has_and_type_checkers_see(name: str) -> None:
    assert getattr(esjournal, name) is getattr(import_module(names_for_type_checkers()[name]), name)


def test_type_checkers_see_no_other_names() -> None:
    assert sorted(names_for_type_checkers()) == sorted(esjournal.__all__)
    assert set(esjournal.__all__) <= set(dir(esjournal))


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'esjournal' has no attribute 'Journal'"):
        _ = esjournal.Journal  # type: ignore[attr-defined]


def test_importing_the_package_loads_nothing_of_it() -> None:
    program = "import sys, esjournal; print(*(name for name in sys.modules if name.startswith('esjournal.')))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout == "\n"
