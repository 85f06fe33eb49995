"""The checks of all apps together: their names, their words, and the page that tells what each of them does."""

from __future__ import annotations

import re
from pathlib import Path

from leadmaster.ops.reconciliation import registry

ROOT = Path(__file__).resolve().parents[3]
_TABLE = re.compile(r"^\| `([a-z_]+\.[a-z_]+)` \|", re.M)


def test_every_check_has_a_name_of_its_own() -> None:
    names = [check.name for check in registry.all_checks()]

    assert len(names) == len(set(names)) > 50
    assert all(len(name) <= 64 for name in names)


def test_the_words_of_the_command_are_the_thirteen_that_the_page_names() -> None:
    assert sorted(registry.areas()) == sorted(
        [
            "campaigns",
            "clients",
            "directory",
            "envios",
            "inciertos",
            "lanes",
            "lots",
            "opportunities",
            "quotas",
            "receipts",
            "results",
            "sessions",
            "totals",
        ]
    )


def test_the_page_of_planted_lies_knows_every_check() -> None:
    page = (ROOT / "docs" / "faults.md").read_text()

    assert sorted(_TABLE.findall(page)) == sorted(check.name for check in registry.all_checks())
