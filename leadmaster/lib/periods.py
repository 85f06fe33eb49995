"""A stretch of time that people ask about: whole days or moments of one clock, and never longer than can be answered.

`since` belongs to it, `until` doesn't. Days are those of `zone`, whatever the server's clock shows.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import zoneinfo
from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

_DAY = dt.timedelta(days=1)
_FIRST, _LAST = dt.date(2000, 1, 1), dt.date(2100, 1, 1)


class PeriodError(ValueError):
    """What was asked for is no period, or one that is too long; `str()` says so, `field` which end is wrong."""

    def __init__(self, sentence: str, *, field: str = "since") -> None:
        super().__init__(sentence)
        self.field = field


@dataclasses.dataclass(frozen=True, kw_only=True)
class Period:
    since: dt.datetime
    until: dt.datetime
    zone: zoneinfo.ZoneInfo

    @property
    def first(self) -> dt.date:
        return self.since.astimezone(self.zone).date()

    @property
    def last(self) -> dt.date:
        """The last day that it touches."""
        return (self.until - dt.timedelta(microseconds=1)).astimezone(self.zone).date()

    def days(self) -> list[dt.date]:
        """Every day that it touches."""
        return [self.first + n * _DAY for n in range((self.last - self.first).days + 1)]

    def slices(self) -> Iterator[Period]:
        """Itself, day by day."""
        for day in self.days():
            since, until = midnight(day, self.zone), midnight(day + _DAY, self.zone)
            yield dataclasses.replace(self, since=max(since, self.since), until=min(until, self.until))

    def steady(self) -> Iterator[tuple[Period, dt.timedelta]]:
        """Itself in as few pieces as have one distance from UTC each, with it.

        A day on which the clocks change is a piece of its own: all of it is that day, whatever its distance.
        """
        piece: Period | None = None
        distance = dt.timedelta()
        for day in self.slices():
            begins, ends = self._distance(day.since), self._distance(day.until)
            if piece is not None and begins == ends == distance:
                piece = dataclasses.replace(piece, until=day.until)
                continue
            if piece is not None:
                yield piece, distance
            piece, distance = day, begins
            if begins != ends:
                yield piece, distance
                piece = None
        if piece is not None:
            yield piece, distance

    def _distance(self, moment: dt.datetime) -> dt.timedelta:
        return moment.astimezone(self.zone).utcoffset() or dt.timedelta()


def midnight(day: dt.date, zone: zoneinfo.ZoneInfo) -> dt.datetime:
    """The day's first instant, in UTC. Where the clocks skip midnight it is the first one after."""
    return dt.datetime.combine(day, dt.time(), zone).astimezone(dt.UTC)


def of_days(first: dt.date, last: dt.date, *, zone: zoneinfo.ZoneInfo, most: int) -> Period:
    """From one day to the other, both included. Raises PeriodError."""
    for field, day in (("since", first), ("until", last)):
        if not _FIRST <= day <= _LAST:
            raise PeriodError(_("Elige una fecha entre 2000 y 2100."), field=field)
    if last < first:
        raise PeriodError(_("El período termina antes de empezar: cambia el orden de las fechas."), field="until")
    if (last - first).days + 1 > most:
        raise _too_long(most)
    return Period(since=midnight(first, zone), until=midnight(last + _DAY, zone), zone=zone)


def last_days(count: int, *, zone: zoneinfo.ZoneInfo, now: dt.datetime) -> Period:
    """Today and the days before it, so many in all."""
    today = now.astimezone(zone).date()
    return of_days(today - (count - 1) * _DAY, today, zone=zone, most=count)


def between(
    since: str,
    until: str,
    *,
    zone: zoneinfo.ZoneInfo,
    now: dt.datetime,
    usual: int,
    most: int,
    moments: bool = True,
) -> Period:
    """What a person wrote: days, or moments of the zone's clock (`2026-02-07 08:00`). A last day counts whole.

    Without a beginning, `usual` days up to the end; without an end, up to today. `moments` False takes days alone.
    Raises PeriodError.
    """
    ends = midnight(_tomorrow(now, zone), zone)
    if until.strip():
        ends = _instant(_read(until, field="until", moments=moments), zone, whole_day=True)
    last_day = (ends - dt.timedelta(microseconds=1)).astimezone(zone).date()
    begins = midnight(last_day - (usual - 1) * _DAY, zone)
    if since.strip():
        begins = _instant(_read(since, field="since", moments=moments), zone)
    if ends <= begins:
        raise PeriodError(_("El período termina antes de empezar: cambia el orden de las fechas."), field="until")
    period = Period(since=begins, until=ends, zone=zone)
    if len(period.days()) > most:
        raise _too_long(most)
    return period


def _too_long(most: int) -> PeriodError:
    told = ngettext(
        "El período es demasiado largo: elige %(n)d día.",
        "El período es demasiado largo: elige hasta %(n)d días.",
        most,
    )
    return PeriodError(told % {"n": most}, field="until")


def _tomorrow(now: dt.datetime, zone: zoneinfo.ZoneInfo) -> dt.date:
    return now.astimezone(zone).date() + _DAY


def _read(text: str, *, field: str, moments: bool) -> dt.date | dt.datetime:
    """A day, or a moment with a distance from UTC of its own or without."""
    text = text.strip()
    try:
        is_day = len(text) == len("2026-02-07") or not moments
        read = dt.date.fromisoformat(text) if is_day else dt.datetime.fromisoformat(text)
    except ValueError:
        raise PeriodError(
            _("“%(text)s” no es una fecha: escribe año-mes-día, por ejemplo 2026-02-07.") % {"text": text[:40]},
            field=field,
        ) from None
    if not _FIRST.year <= read.year < _LAST.year:
        raise PeriodError(_("Elige una fecha entre 2000 y 2100."), field=field)
    return read


def _instant(read: dt.date | dt.datetime, zone: zoneinfo.ZoneInfo, *, whole_day: bool = False) -> dt.datetime:
    """In UTC: the moment itself, the day's first instant, or the one after its last."""
    if isinstance(read, dt.datetime):
        return (read if read.tzinfo else read.replace(tzinfo=zone)).astimezone(dt.UTC)
    return midnight(read + _DAY if whole_day else read, zone)
