"""Walk the tables in batches of keys; examine each suspect under its locks; mend what can be mended when asked.

Memory is that of one batch, a lock is held for one row's transaction, and whatever somebody is working on right now
is left for the next run. Safe to repeat, to run twice at once, and to die anywhere.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import QuerySet

from leadmaster.lib.db.retry import retrying
from leadmaster.ops.models import Repair
from leadmaster.ops.reconciliation.check import Check, Finding

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """One finding and what came of it. `error` is what kept the repair from being made."""

    finding: Finding
    repaired: bool = False
    error: str = ""


@dataclasses.dataclass(kw_only=True)
class Tally:
    """What a run counted. `failed` are checks that could not be carried out, by name, with the reason."""

    looked_at: Counter[str] = dataclasses.field(default_factory=Counter)
    found: Counter[str] = dataclasses.field(default_factory=Counter)
    repaired: Counter[str] = dataclasses.field(default_factory=Counter)
    failed: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def left(self) -> int:
        """What is still wrong after the run."""
        return self.found.total() - self.repaired.total()

    @property
    def exit_status(self) -> int:
        """0 clean, 1 something is wrong, 2 something could not be checked."""
        return 2 if self.failed else int(self.left > 0)


def run(
    checks: Iterable[Check[Any]], *, apply: bool, by_id: int | None, now: dt.datetime, tally: Tally
) -> Iterator[Outcome]:
    """Every finding of these checks, as it is found, counted in `tally`. With `apply` what can be repaired is.

    `by_id` is whose repair it is in the audit; None for the system's own.
    """
    for check in checks:
        try:
            for ids in _ranges(check):
                yield from look_at(check, ids, apply=apply, by_id=by_id, now=now, tally=tally)
        except (DatabaseError, ValueError) as error:
            logger.exception("the check %s could not be carried out", check.name)
            tally.failed[check.name] = f"{type(error).__name__}: {error}"


def look_at(
    check: Check[Any], ids: range, *, apply: bool, by_id: int | None, now: dt.datetime, tally: Tally
) -> Iterator[Outcome]:
    """The same for one range of ids of one check."""
    tally.looked_at[check.name] += len(ids)
    rows = check.rows().filter(pk__gte=ids.start, pk__lt=ids.stop)
    for pk in check.suspects(rows, now=now):
        outcome = retrying(functools.partial(_examine, check, pk, apply=apply, by_id=by_id, now=now))
        if outcome is not None:
            tally.found[check.name] += 1
            tally.repaired[check.name] += outcome.repaired
            yield outcome


def repair(check: Check[Any], pk: int, *, by_id: int | None, now: dt.datetime) -> Outcome | None:
    """Look at one row again, and mend it; None when it is well by now."""
    return retrying(functools.partial(_examine, check, pk, apply=True, by_id=by_id, now=now))


def _ranges(check: Check[Any]) -> Iterator[range]:
    """The ids of the check's table in steps, up to the last one that was there when the walk began."""
    last = _table(check).order_by("-pk").values_list("pk", flat=True).first() or 0
    after = 0
    while after < last and (ids := next_range(check, after=after)) is not None:
        yield ids
        after = ids.stop - 1


def next_range(check: Check[Any], *, after: int) -> range | None:
    """The first step of ids past `after`; None when there is none. For whoever walks in slices.

    One look at the table's key, whatever the check's rows are: their condition is asked of a range alone.
    """
    first = _table(check).filter(pk__gt=after).order_by("pk").values_list("pk", flat=True).first()
    return None if first is None else range(first, first + check.span)


def _table(check: Check[Any]) -> QuerySet[Any]:
    rows: QuerySet[Any] = check.rows().model._base_manager.all()
    return rows


def _examine(check: Check[Any], pk: int, *, apply: bool, by_id: int | None, now: dt.datetime) -> Outcome | None:
    if check.own_transaction:
        with transaction.atomic(durable=True):
            finding = check.examine(pk, now=now)
        return _mended(check, finding, apply=apply, by_id=by_id, now=now)
    with transaction.atomic(durable=True):
        return _mended(check, check.examine(pk, now=now), apply=apply, by_id=by_id, now=now)


def _mended(
    check: Check[Any], finding: Finding | None, *, apply: bool, by_id: int | None, now: dt.datetime
) -> Outcome | None:
    if finding is None:
        return None
    if not apply or not finding.repair:
        return Outcome(finding=finding)
    try:
        if check.own_transaction:
            check.mend(finding, now=now)
        else:
            with transaction.atomic():
                check.mend(finding, now=now)
        _audit(finding, by_id=by_id, now=now)
    except (IntegrityError, ValueError) as error:
        logger.exception("%s could not be repaired", finding.id)
        return Outcome(finding=finding, error=str(error))
    return Outcome(finding=finding, repaired=True)


def _audit(finding: Finding, *, by_id: int | None, now: dt.datetime) -> None:
    Repair.objects.create(
        at=now,
        by_id=by_id,
        kind=finding.check,
        subject=finding.subject,
        what=finding.what[:300],
        evidence=dict(finding.evidence),
        done=finding.repair[:300],
    )
