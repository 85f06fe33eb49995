"""The ramp of a line's daily limit: a new number begins with few messages and earns more, day by day.

Day after day that went well it may send half as many again (`WARM_UP_START`, `WARM_UP_GROWTH`, or the line's own first
day), until it has its own limit. What went well is the sender's to say (`campaigns.warming`); here is the rule of how
many a step allows, and the doors through which a line begins, moves and leaves it. `warm_up_step` None: its own limit.
"""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.accounts.models import User
from leadmaster.lib.language import kept
from whatsapp.models import MOST_A_DAY, SessionEvent, WhatsAppSession
from whatsapp.sessions import NothingToLift

Kind = SessionEvent.Kind


def limit(line: WhatsAppSession, *, ahead: int = 0) -> int:
    """What it may send on a day of its present step, or of one so many steps later: never above its own limit."""
    if line.warm_up_step is None or not _start(line):
        return line.daily_limit
    return min(line.daily_limit, _messages(line, line.warm_up_step + ahead))


def limit_after_stop(line: WhatsAppSession, *, ahead: int) -> int:
    """What `begin_everywhere` will let it send so many days later."""
    return min(line.daily_limit, _messages(line, ahead)) if _start(line) else line.daily_limit


def is_on(line: WhatsAppSession) -> bool:
    """Whether its limit of today is below its own."""
    return limit(line) < line.daily_limit


def first_step(line: WhatsAppSession, today: dt.date) -> int | None:
    """Where a new line begins: a number that was in use before goes on where it would be by now."""
    step = 0 if line.in_use_since is None else max(0, (today - line.in_use_since).days)
    return step if _start(line) and _messages(line, step) < line.daily_limit else None


def begin_everywhere(now: dt.datetime) -> None:
    """Every line earns its limit anew, from the first step: nobody knows what became of the numbers meanwhile."""
    for line in WhatsAppSession.objects.filter(warm_up_step__isnull=True).order_by("id"):
        if not 0 < _start(line) < line.daily_limit:
            continue
        begun = WhatsAppSession.objects.filter(pk=line.pk, warm_up_step__isnull=True)
        if begun.update(warm_up_step=0, warm_up_day=line.day_at(now)):
            SessionEvent.objects.create(session=line, at=now, kind=Kind.WARM_UP_BEGUN)


def note_first_day(line: WhatsAppSession, day: dt.date) -> None:
    """The first day that counts for a line that has begun."""
    WhatsAppSession.objects.filter(pk=line.pk, warm_up_day__isnull=True).update(warm_up_day=day)


@transaction.atomic
def move(line: WhatsAppSession, *, by_steps: int, day: dt.date, reason: str, now: dt.datetime) -> bool:
    """Raise or lower it on this day. False if somebody else moved it since it was read."""
    if line.warm_up_step is None:
        return False
    step: int | None = max(0, line.warm_up_step + by_steps)
    if _messages(line, step or 0) >= line.daily_limit:
        step = None
    mine = WhatsAppSession.objects.filter(pk=line.pk, warm_up_step=line.warm_up_step, warm_up_day=line.warm_up_day)
    if not mine.update(warm_up_step=step, warm_up_day=day):
        return False
    kind = Kind.WARM_UP_ENDED if step is None else Kind.WARM_UP_RAISED if by_steps > 0 else Kind.WARM_UP_LOWERED
    line.warm_up_step, line.warm_up_day = step, day
    told = kept(gettext_lazy("hasta %(count)d por día")) % {"count": limit(line)}
    SessionEvent.objects.create(session=line, at=now, kind=kind, reason=f"{told}; {reason}"[:300] if reason else told)
    return True


def note_held(line: WhatsAppSession, *, reason: str, now: dt.datetime) -> None:
    """That it stays where it is, and why; told once a day, whatever else happens to the line."""
    last = SessionEvent.objects.filter(session=line, kind=Kind.WARM_UP_HELD).order_by("-id").first()
    if last is not None and line.day_at(last.at) == line.day_at(now):
        return
    SessionEvent.objects.create(session=line, at=now, kind=Kind.WARM_UP_HELD, reason=reason[:300])


@transaction.atomic
def lift(line: WhatsAppSession, *, by: User, reason: str, now: dt.datetime) -> WhatsAppSession:
    """A person gives a line its own limit at once, and says why. The caller checked that they may."""
    warming = WhatsAppSession.objects.select_for_update().filter(pk=line.pk, warm_up_step__isnull=False)
    if not warming.update(warm_up_step=None):
        raise NothingToLift(_("Esta línea ya envía hasta su límite: no hay nada que levantar."))
    SessionEvent.objects.create(session=line, at=now, by=by, kind=Kind.WARM_UP_LIFTED, reason=reason)
    line.refresh_from_db()
    return line


def _start(line: WhatsAppSession) -> int:
    """The messages of the first day; 0: it does not warm up."""
    return settings.WARM_UP_START if line.warm_up_start is None else line.warm_up_start


def _messages(line: WhatsAppSession, step: int) -> int:
    """20, 30, 45, 68…: each step adds its share, rounded up, so that every line reaches its limit."""
    messages = _start(line)
    for _step in range(step):
        if messages >= MOST_A_DAY:
            break
        messages = -(-messages * (100 + settings.WARM_UP_GROWTH) // 100)
    return messages
