"""docs/faults.md names a test for every fault, and every test that it names is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FAULTS = 58
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def rows() -> dict[int, str]:
    page = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    return {int(number): line for number, line in re.findall(r"^\| (\d+) (\|.*)$", page, re.MULTILINE)}


def names_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_fault_has_its_row() -> None:
    assert sorted(rows()) == list(range(1, FAULTS + 1))


@pytest.mark.parametrize("fault", range(1, FAULTS + 1))
def test_the_names_in_a_fault_are_there(fault: int) -> None:
    named = NAMED.findall(rows()[fault])
    assert named
    for path, name in named:
        assert name in names_in(path), f"{path} has no {name}"


def test_every_test_that_the_page_names_is_there() -> None:
    page = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    named = NAMED.findall(page)

    gone = [f"{path}::{name}" for path, name in named if not (ROOT / path).exists() or name not in names_in(path)]

    assert len(named) > 150
    assert gone == []


def test_a_test_that_bears_a_fault_in_its_name_stands_in_that_row_or_beside_one_that_does() -> None:
    """A new proof of a fault goes into a file that the page names for it."""
    files = {fault: {path for path, _name in NAMED.findall(row)} for fault, row in rows().items()}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for name in names_in(str(path.relative_to(ROOT))):
            found = re.match(r"test_fault_(\d\d)_", name)
            if found:
                assert str(path.relative_to(ROOT)) in files[int(found.group(1))], f"{path.name}::{name}"
