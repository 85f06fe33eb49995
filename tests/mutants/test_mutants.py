"""Every mutant still fits the code that it is made of. Whether it is killed is for `make mutants`, which takes long."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.mutants.__main__ import MUTANTS, ROOT
from tests.mutants.mutant import Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_guard_that_a_mutant_takes_out_is_there_and_python_without_it(mutant: Mutant) -> None:
    source = (ROOT / mutant.path).read_text(encoding="utf-8")

    mutated = mutant.applied(source)

    assert mutated != source
    ast.parse(mutated)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_tests_that_have_to_notice_a_mutant_are_there(mutant: Mutant) -> None:
    for path in mutant.tests.split():
        assert Path(ROOT / path.partition("::")[0]).is_file(), path


def test_no_two_mutants_bear_one_name() -> None:
    names = [mutant.name for mutant in MUTANTS]
    assert len(set(names)) == len(names)
