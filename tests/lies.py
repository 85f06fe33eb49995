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
    """`plant` makes a row untrue and returns its id; `check` is the name of the check that has to find it."""

    check: str
    plant: Callable[[], int]
    repaired: bool = True

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

    first = look(checks, now=now)
    named = [(outcome.finding.check, outcome.finding.subject) for outcome in first]
    assert named == [(lie.check, subject)], named
    assert first[0].finding.what
    assert bool(first[0].finding.repair) is lie.repaired
    assert look(checks, now=now)[0].finding == first[0].finding, "a dry run changed something"
    assert not Repair.objects.exists()

    assert [outcome.repaired for outcome in look(checks, now=now, apply=True)] == [lie.repaired]
    assert Repair.objects.filter(kind=lie.check, subject=subject).count() == lie.repaired

    left = look(checks, now=now, apply=True)
    assert [outcome.finding.check for outcome in left] == ([] if lie.repaired else [lie.check])
    assert Repair.objects.count() == lie.repaired, "a second run repaired again"


def kinds(outcomes: Sequence[Outcome]) -> list[str]:
    return [outcome.finding.check for outcome in outcomes]


def findings(outcomes: Sequence[Outcome]) -> list[Finding]:
    return [outcome.finding for outcome in outcomes]


@contextlib.contextmanager
def without_constraints() -> Iterator[None]:
    """As after somebody dropped them: CHECK constraints are not asked."""
    off, on = (
        ("PRAGMA ignore_check_constraints = ON", "PRAGMA ignore_check_constraints = OFF")
        if connection.vendor == "sqlite"
        else ("SET check_constraint_checks = 0", "SET check_constraint_checks = 1")
    )
    with connection.cursor() as cursor:
        cursor.execute(off)
        try:
            yield
        finally:
            cursor.execute(on)
