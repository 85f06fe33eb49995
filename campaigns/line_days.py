"""The day of each line in figures: what it used of its limit, what failed, and how long its gateway takes. Bounded work."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from django.db.models import Count, Sum
from django.db.models.functions import TruncHour
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns import limits
from campaigns.enums import AttemptOutcome
from campaigns.models import Attempt, SenderSwitch, SessionDay
from leadmaster.accounts.models import User
from leadmaster.lib.charts import Column
from leadmaster.lib.screens import Part
from whatsapp.models import WhatsAppSession

# A longer strip helps nobody; whoever has more lines sees those with something to see.
_SHOWN: Final = 12
_LOOKED: Final = 200
_FAILED: Final = (AttemptOutcome.REFUSED, AttemptOutcome.UNKNOWN)
_OUTCOMES: Final = (AttemptOutcome.SENT, *_FAILED)


@dataclasses.dataclass(frozen=True, kw_only=True)
class LineDay:
    """`hours` are tries by the viewer's hour; `seconds` how long a try took on average, None where nothing was measured."""

    line: WhatsAppSession
    used: int
    limit: int
    hours: Sequence[Column]
    tries: int
    failed: int
    seconds: float | None

    @property
    def used_percent(self) -> int:
        return min(100, self.used * 100 // max(self.limit, 1))

    @property
    def failed_percent(self) -> int:
        return self.failed * 100 // self.tries if self.tries else 0


def line_days(user: User, now: dt.datetime) -> list[LineDay]:
    """Of this person's lines, those that sent most today and those that failed most first. Four queries.

    Read over the days of the lines: they are indexed, and a year of tries is not looked at.
    """
    lines = list(WhatsAppSession.objects.visible_to(user).order_by("-id")[:_LOOKED])
    today = {line.pk: line.day_at(now) for line in lines}
    days = [
        day
        for day in SessionDay.objects.filter(session__in=today, day__in=set(today.values()))
        if day.day == today[day.session_id]
    ]
    used = {day.session_id: day.used for day in days}
    line_of = {day.pk: day.session_id for day in days}
    trial = limits.trial_of(SenderSwitch.objects.order_by("-id").first())
    counted = _counted(line_of)
    found = [
        _line_day(line, used.get(line.pk, 0), limits.limit_of(line, today[line.pk], trial).messages, counted[line.pk])
        for line in lines
    ]
    return sorted(found, key=lambda one: (-one.failed, -one.tries, str(one.line)))[:_SHOWN]


# By hour and outcome: how many, and the milliseconds of those that were measured with their number.
_Hours = dict[tuple[int, str], tuple[int, int, int]]


def _counted(line_of: dict[int, int]) -> dict[int, _Hours]:
    found: dict[int, _Hours] = defaultdict(dict)
    tries = Attempt.objects.filter(session_day__in=line_of, outcome__in=_OUTCOMES).order_by()
    # Truncated in UTC: MySQL converts zones only where somebody loaded its tables.
    hour = TruncHour("claimed_at", tzinfo=dt.UTC)
    rows = tries.annotate(hour=hour).values_list("session_day", "hour", "outcome")
    for day, at, outcome, number, took, measured in rows.annotate(
        n=Count("id"), took=Sum("duration_ms"), measured=Count("duration_ms")
    ):
        hours = found[line_of[day]]
        key = (timezone.localtime(at).hour, outcome)
        before = hours.get(key, (0, 0, 0))
        hours[key] = (before[0] + number, before[1] + (took or 0), before[2] + measured)
    return found


def _line_day(line: WhatsAppSession, used: int, limit: int, hours: _Hours) -> LineDay:
    failed = sum(one[0] for (_hour, outcome), one in hours.items() if outcome in _FAILED)
    tries = sum(one[0] for one in hours.values())
    took, measured = sum(one[1] for one in hours.values()), sum(one[2] for one in hours.values())
    return LineDay(
        line=line,
        used=used,
        limit=limit,
        hours=[Column(name=f"{hour}:00", parts=_parts(hours, hour)) for hour in range(24)],
        tries=tries,
        failed=failed,
        seconds=took / measured / 1000 if measured else None,
    )


def _parts(hours: _Hours, hour: int) -> list[Part]:
    sent = hours.get((hour, AttemptOutcome.SENT), (0, 0, 0))[0]
    failed = sum(hours.get((hour, outcome), (0, 0, 0))[0] for outcome in _FAILED)
    return [(_("Enviados"), sent, "sent"), (_("Con error o inciertos"), failed, "error")]
