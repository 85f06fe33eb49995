"""Sums of whole days, written down so that a year costs what its days cost, and always equal to a recount.

A day is summed six hours after its end. Whoever changes afterwards what happened on it says so with `changed`, in the
transaction of the change; until the day is counted anew, readers count it themselves (`split`). So a sum is either what
a recount gives or not read. Days are those of a zone: each zone in use has its own sums, and a desk that gets another
zone reads others.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import itertools
import zoneinfo
from collections.abc import Collection, Iterator, Sequence
from typing import Final, Protocol

from django.db import IntegrityError, transaction
from django.db.models import Q

from leadmaster.lib.db.retry import retrying
from leadmaster.lib.periods import Period, midnight
from leadmaster.ops.models import LateChange, RolledDay

_DAY: Final = dt.timedelta(days=1)
# Acknowledgements and results come within this time as a rule, and then nobody has to say anything.
_SETTLES: Final = dt.timedelta(hours=6)
# Earlier than it settles by more than a transaction lasts.
LATE: Final = dt.timedelta(hours=5)
# Of one look; the next one goes on.
_MOST_MARKS: Final = 1_000


class Rollup(Protocol):
    """A kind of sums. Both are called inside a transaction."""

    name: str

    def begins(self) -> dt.datetime | None:
        """When the first thing happened that it counts; None before anything did."""

    def basis(self, day: Period) -> str:
        """What else the sums of this day hang on, in 64 characters."""

    def write(self, day: Period) -> None:
        """Count this one day and put that in the place of what is written down of it."""

    def forget(self, zone: str) -> None:
        """Nobody asks by this zone's days any more."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Split:
    """A period's days: those whose sums may be read, and the pieces that have to be counted."""

    summed: Sequence[dt.date]
    live: Sequence[Period]

    def rows(self, column: str = "day") -> Q:
        """The condition of the summed days: a range without its holes."""
        if not self.summed:
            return Q(pk__in=[])
        first, last = self.summed[0], self.summed[-1]
        known = set(self.summed)
        holes = [day for day in _days(first, last) if day not in known]
        within = Q(**{f"{column}__gte": first, f"{column}__lte": last})
        return within & ~Q(**{f"{column}__in": holes}) if holes else within


def changed(moments: Collection[dt.datetime | None], *, now: dt.datetime) -> None:
    """What happened at these moments is another thing now. No query for what happened lately: its day is not summed yet."""
    late = {moment for moment in moments if moment is not None and moment < now - LATE}
    if late:
        LateChange.objects.bulk_create([LateChange(at=moment) for moment in sorted(late)], batch_size=500)


def split(rollup: Rollup, period: Period) -> Split:
    """Two queries and those of `begins`. `period` is of whole days; before anything happened there is nothing to count."""
    name, begins = rollup.name, rollup.begins()
    rolled = RolledDay.objects.filter(
        rollup=name, zone=str(period.zone), day__gte=period.first, day__lte=period.last
    ).order_by("day")
    late = list(
        LateChange.objects.filter(at__gte=period.since, at__lt=period.until).order_by().values_list("at", flat=True)
    )
    stale = {moment.astimezone(period.zone).date() for moment in late}
    summed = [day for day in rolled.values_list("day", flat=True) if day not in stale]
    known = set(summed)
    live = [_piece(period, run) for is_summed, run in _runs(_since(begins, period), known) if not is_summed]
    return Split(summed=summed, live=live)


def run(rollup: Rollup, zones: Collection[str], *, now: dt.datetime, most: int = 40) -> int:
    """Sum up what is missing, the newest first, at most so many days. Safe to repeat, and to run twice at once."""
    _take_marks()
    for zone in set(RolledDay.objects.filter(rollup=rollup.name).values_list("zone", flat=True)) - set(zones):
        _forget(rollup, zone)
    done = 0
    for zone in sorted(zones):
        for day in _missing(rollup, zoneinfo.ZoneInfo(zone), now=now):
            if done >= most:
                return done
            done += retrying(functools.partial(_write, rollup, day, now=now))
    return done


def rewrite(rollup: Rollup, row: RolledDay, *, now: dt.datetime) -> None:
    """Count a summed day again, in the caller's transaction."""
    day = period_of(row)
    rollup.write(day)
    RolledDay.objects.filter(pk=row.pk).update(basis=rollup.basis(day), counted_at=now)


def period_of(row: RolledDay) -> Period:
    return Period(since=row.since, until=row.until, zone=zoneinfo.ZoneInfo(row.zone))


def awaits(row: RolledDay) -> bool:
    """Whether somebody said that this day changed: its sums are not read, and will be counted again."""
    return LateChange.objects.filter(at__gte=row.since, at__lt=row.until).exists()


# --- Private ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def _take_marks() -> None:
    """The days that changed are missing from now on. What is said meanwhile stays for the next look."""
    marks = dict(LateChange.objects.order_by("id").values_list("id", "at")[:_MOST_MARKS])
    moments = sorted(set(marks.values()))
    for start in range(0, len(moments), 50):
        concerned = Q(pk__in=[])
        for moment in moments[start : start + 50]:
            concerned |= Q(since__lte=moment, until__gt=moment)
        RolledDay.objects.filter(pk__in=list(RolledDay.objects.filter(concerned).values_list("pk", flat=True))).delete()
    LateChange.objects.filter(pk__in=list(marks)).delete()


def _missing(rollup: Rollup, zone: zoneinfo.ZoneInfo, *, now: dt.datetime) -> Iterator[Period]:
    """Days that are over and not summed, or summed by another basis; the newest first."""
    begins = rollup.begins()
    if begins is None:
        return
    last = (now - _SETTLES).astimezone(zone).date() - _DAY
    kept = dict(RolledDay.objects.filter(rollup=rollup.name, zone=str(zone)).values_list("day", "basis"))
    for day in reversed(_days(begins.astimezone(zone).date(), last)):
        period = Period(since=midnight(day, zone), until=midnight(day + _DAY, zone), zone=zone)
        if day not in kept or kept[day] != rollup.basis(period):
            yield period


def _write(rollup: Rollup, day: Period, *, now: dt.datetime) -> int:
    """1, or 0 where somebody else is writing the same day."""
    names = {"rollup": rollup.name, "zone": str(day.zone), "day": day.first}
    try:
        with transaction.atomic(durable=True):
            RolledDay.objects.filter(**names).delete()
            RolledDay.objects.create(**names, since=day.since, until=day.until, basis=rollup.basis(day), counted_at=now)
            rollup.write(day)
    except IntegrityError:
        return 0
    return 1


@transaction.atomic
def _forget(rollup: Rollup, zone: str) -> None:
    RolledDay.objects.filter(rollup=rollup.name, zone=zone).delete()
    rollup.forget(zone)


def _since(begins: dt.datetime | None, period: Period) -> list[dt.date]:
    if begins is None:
        return []
    first = begins.astimezone(period.zone).date()
    return [day for day in period.days() if day >= first]


def _days(first: dt.date, last: dt.date) -> list[dt.date]:
    return [first + n * _DAY for n in range((last - first).days + 1)]


def _runs(days: Sequence[dt.date], known: Collection[dt.date]) -> Iterator[tuple[bool, list[dt.date]]]:
    for is_known, run_of in itertools.groupby(days, key=lambda day: day in known):
        yield is_known, list(run_of)


def _piece(period: Period, days: Sequence[dt.date]) -> Period:
    return dataclasses.replace(
        period, since=midnight(days[0], period.zone), until=midnight(days[-1] + _DAY, period.zone)
    )
