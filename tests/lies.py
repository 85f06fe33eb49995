"""Planted lies: a healthy row is broken in one documented way, and `reconcile` has to find just that."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.db import connection

from leadmaster.ops.models import Repair
from leadmaster.ops.reconciliation.check import Check, Finding
from leadmaster.ops.reconciliation.run import Outcome, Tally, run


@dataclasses.dataclass(frozen=True, kw_only=True)
class Lie:
    """`plant` makes a row untrue and returns its id; `check` is the name of the check that has to find it.

    `also` are those that see the same lie from another side, and `repaired` says whether all of them mend it.
    """

    check: str
    plant: Callable[[], int]
    repaired: bool = True
    also: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.plant.__name__.strip("_")


def look(checks: Sequence[type[Check[Any]]], *, now: dt.datetime, apply: bool = False) -> list[Outcome]:
    tally = Tally()
    found = list(run([check() for check in checks], apply=apply, by_id=None, now=now, tally=tally))
    assert tally.failed == {}
    assert tally.found.total() == len(found)
    return found


def assert_found_and_mended(lie: Lie, checks: Sequence[type[Check[Any]]], *, now: dt.datetime) -> None:
    """Found once and by nobody else, untouched by a dry run, mended as it says, audited, and clean afterwards."""
    subject = lie.plant()
    expected = sorted([lie.check, *lie.also])

    first = look(checks, now=now)
    assert sorted(kinds(first)) == expected, [outcome.finding for outcome in first]
    [finding] = [outcome.finding for outcome in first if outcome.finding.check == lie.check]
    assert finding.subject == subject
    assert all(outcome.finding.what for outcome in first)
    assert all(bool(outcome.finding.repair) is lie.repaired for outcome in first)
    assert findings(look(checks, now=now)) == findings(first), "a dry run changed something"
    assert not Repair.objects.exists()

    mended = look(checks, now=now, apply=True)
    # Who mends the cause may have mended what hangs on it.
    assert {outcome.repaired for outcome in mended} == {lie.repaired}, [outcome.error for outcome in mended]
    assert Repair.objects.filter(kind=lie.check, subject=subject).count() == lie.repaired
    done = Repair.objects.count()

    left = look(checks, now=now, apply=True)
    assert kinds(left) == ([] if lie.repaired else kinds(first))
    assert Repair.objects.count() == done, "a second run repaired again"


def kinds(outcomes: Sequence[Outcome]) -> list[str]:
    return [outcome.finding.check for outcome in outcomes]


def findings(outcomes: Sequence[Outcome]) -> list[Finding]:
    return [outcome.finding for outcome in outcomes]


@contextlib.contextmanager
def without_constraints() -> Iterator[None]:
    """As after somebody dropped them: CHECK constraints are not asked."""
    with _switched("PRAGMA ignore_check_constraints = {}", "SET check_constraint_checks = {}"):
        yield


@contextlib.contextmanager
def without_foreign_keys() -> Iterator[None]:
    """The same of what one table says of another. Outside a transaction."""
    with _switched("PRAGMA foreign_keys = {}", "SET foreign_key_checks = {}", sqlite=(0, 1)):
        yield


@contextlib.contextmanager
def _switched(on_sqlite: str, on_mariadb: str, *, sqlite: tuple[int, int] = (1, 0)) -> Iterator[None]:
    sql, values = (on_sqlite, sqlite) if connection.vendor == "sqlite" else (on_mariadb, (0, 1))
    with connection.cursor() as cursor:
        cursor.execute(sql.format(values[0]))
        try:
            yield
        finally:
            cursor.execute(sql.format(values[1]))
