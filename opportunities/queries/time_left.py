"""Operating time as people say it."""

from __future__ import annotations

import dataclasses
import datetime as dt

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from leadmaster.calendars.arithmetic import Calendar, NeverOpens, is_open, next_opening
from leadmaster.lib.clock import business_day
from leadmaster.lib.screens import Tone, clock_time, hour, spoken
from opportunities.clocks.countdown import is_overdue, time_left
from opportunities.enums import OpportunityState
from opportunities.models import Opportunity

_HOUR = dt.timedelta(hours=1)
# From here on a row says that it is urgent.
SOON = 2 * _HOUR
# Above this many hours, minutes tell nobody anything.
_ROUND_FROM = 10
# Who has not closed after so many days does not close.
_ALWAYS_DAYS = 15
_INSTANT = dt.timedelta(microseconds=1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Timer:
    """What a row's clock says: the words, how much they hurry, and the instant, by the desk's clock, when one is set.

    `words` count operating time, so `at` is an hour and no second count of minutes.
    """

    words: str
    tone: Tone
    deadline: dt.datetime | None = None
    at: str = ""
    overdue: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Shift:
    """The stretch of hours that runs now or comes next, over midnight where it does; `lunch` when the same day goes on
    after it. `closes` is None where nobody ever goes home."""

    opens: dt.datetime
    closes: dt.datetime | None
    running: bool
    lunch: bool


def timer_of(row: Opportunity, *, calendar: Calendar, now: dt.datetime) -> Timer | None:
    """None for what has no clock: stages without one, and everything that is not being worked."""
    if row.state != OpportunityState.ACTIVE:
        return None
    left = time_left(row, calendar=calendar, now=now)
    if left is None:
        return None
    if row.deadline is None:
        return Timer(words=_("Plazo detenido con %(left)s") % {"left": duration(left)}, tone="info")
    if is_overdue(row, now):
        return Timer(
            words=_("Venció %(when)s") % {"when": spoken(row.deadline, now, tz=calendar.tz)},
            tone="bad",
            deadline=row.deadline,
            at=clock_time(row.deadline, now, tz=calendar.tz),
            overdue=True,
        )
    if row.held_until is not None and row.held_until > now:
        return Timer(
            words=_("Espera hasta %(when)s, lo pidió el cliente; después quedan %(left)s")
            % {"when": clock_time(row.held_until, now, tz=calendar.tz), "left": duration(left)},
            tone="info",
            deadline=row.deadline,
            at=clock_time(row.deadline, now, tz=calendar.tz),
        )
    tone: Tone = "warn" if left <= SOON else "neutral"
    at = clock_time(row.deadline, now, tz=calendar.tz)
    return Timer(words=_remaining(left), tone=tone, deadline=row.deadline, at=at)


def _remaining(left: dt.timedelta) -> str:
    minutes = int(left.total_seconds() // 60)
    words = _("Queda %(left)s") if minutes in (0, 1, 60) else _("Quedan %(left)s")
    return words % {"left": duration(left)}


def duration(length: dt.timedelta) -> str:
    """`menos de 1 min`, `25 min`, `5 h 20 min`, `23 h`."""
    minutes = int(length.total_seconds() // 60)
    hours, rest = divmod(minutes, 60)
    if not minutes:
        return _("menos de 1 min")
    if not hours:
        return _("%(minutes)d min") % {"minutes": minutes}
    if hours >= _ROUND_FROM or not rest:
        return _("%(hours)d h") % {"hours": hours}
    return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": rest}


def shift_of(calendar: Calendar, now: dt.datetime) -> Shift:
    """The stretch of operating hours that people think in. Raises NeverOpens."""
    opens = next_opening(now, calendar)
    closes = _closing(calendar, opens)
    return Shift(
        opens=opens,
        closes=closes,
        running=opens == now,
        lunch=closes is not None and _goes_on(calendar, opens, closes),
    )


def clock_sentence(calendar: Calendar, now: dt.datetime) -> str:
    """Whether the desk's clocks run now, and if not from when on. Empty for hours that never open."""
    try:
        shift = shift_of(calendar, now)
    except NeverOpens:
        return ""
    if shift.running:
        return _("El plazo está corriendo.")
    day = date_format(shift.opens.astimezone(calendar.tz).date(), "l")
    return _("La mesa abre el %(day)s a las %(at)s: hasta entonces los plazos no corren.") % {
        "day": day,
        "at": hour(shift.opens, tz=calendar.tz),
    }


def _closing(calendar: Calendar, opens: dt.datetime) -> dt.datetime | None:
    """Where the windows that touch one another end: to people they are one turn, also over midnight."""
    date, closes = business_day(opens, calendar.tz), opens
    for _day in range(_ALWAYS_DAYS):
        for stretch in calendar.day(date).stretches:
            if stretch.opens <= closes < stretch.closes:
                closes = stretch.closes
        if closes < calendar.day(date).ends:
            return closes
        date += dt.timedelta(days=1)
    return None


def _goes_on(calendar: Calendar, opens: dt.datetime, closes: dt.datetime) -> bool:
    """Whether a turn that lies within one day is followed by another one in it. A night that ends in the morning ends."""
    day = calendar.day(business_day(opens, calendar.tz))
    from_yesterday = is_open(day.starts, calendar) and is_open(day.starts - _INSTANT, calendar)
    if from_yesterday and _closing(calendar, day.starts) == closes:
        return False
    return any(stretch.opens > closes for stretch in day.stretches)
