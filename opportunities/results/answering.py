"""How long clients waited for an answer: from their first word that nobody had answered to the first one of ours.

In operating time of the line's team, as its hours stand now; in whole minutes, so that a median of many days is exact.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator

from django.db.models import Max, Min, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from campaigns.enums import EnvioState
from campaigns.models import Envio, Reply
from leadmaster.calendars.arithmetic import Calendar, operating_time_between
from leadmaster.calendars.models import OperatingCalendar, values_of
from leadmaster.calendars.special_dates import calendar_of
from leadmaster.lib.periods import Period
from whatsapp.models import WhatsAppSession

_MINUTE = dt.timedelta(minutes=1)
_LONG_AGO = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`person` wrote it; `campaign` is what the client had been told last before they wrote."""

    person: int
    session: int
    campaign: int | None
    minutes: int


def answers(day: Period) -> Iterator[Answer]:
    """Those that went out on this day. A second message of ours to the same words answers nothing."""
    ours = Envio.objects.replies().filter(state=EnvioState.SENT, phone=OuterRef("phone"), session=OuterRef("session"))
    previous = ours.filter(sent_at__lt=OuterRef("sent_at")).order_by().values("phone")
    words = Reply.objects.filter(
        phone=OuterRef("phone"), session=OuterRef("session"), at__lt=OuterRef("sent_at"), at__gt=OuterRef("previous")
    )
    first = words.order_by().values("phone").annotate(first=Min("at")).values("first")
    told = Envio.objects.of_campaigns().filter(
        phone=OuterRef("phone"), session=OuterRef("session"), sent_at__lte=OuterRef("first")
    )
    rows = (
        Envio.objects.replies()
        .filter(state=EnvioState.SENT, sent_at__gte=day.since, sent_at__lt=day.until)
        .order_by()
        .annotate(previous=Coalesce(Subquery(previous.annotate(last=Max("sent_at")).values("last")), _LONG_AGO))
        .annotate(first=Subquery(first))
        .filter(~Q(first=None))
        .annotate(told=Subquery(told.order_by("-sent_at", "-pk").values("campaign")[:1]))
        .values_list("author_id", "session_id", "told", "first", "sent_at")
    )
    found = list(rows)
    calendars = _calendars({session for _person, session, *_rest in found})
    for person, session, campaign, since, until in found:
        if until is None:
            continue  # sent without a time: there is no such row
        waited = _operating(since, until, calendars.get(session))
        yield Answer(person=person, session=session, campaign=campaign, minutes=waited // _MINUTE)


def _operating(since: dt.datetime, until: dt.datetime, calendar: Calendar | None) -> dt.timedelta:
    """Of a line whose team keeps no hours every minute counts."""
    return until - since if calendar is None else operating_time_between(since, until, calendar)


def _calendars(sessions: set[int]) -> dict[int, Calendar]:
    if not sessions:
        return {}
    kept = WhatsAppSession.objects.filter(pk__in=sessions).annotate(calendar=calendar_of("team")).order_by()
    ids = {session: calendar for session, calendar in kept.values_list("pk", "calendar") if calendar is not None}
    values = values_of(OperatingCalendar.objects.filter(pk__in=set(ids.values())))
    return {session: values[calendar] for session, calendar in ids.items() if calendar in values}
