"""Lines that rest while nobody needs them: closed after so many idle minutes, where asked for, and open in time.

A line is needed when a campaign of it may send, now or soon, when somebody who wrote to it waits, and when an answer waits
to leave. Before its first
window opens it is connected again, early enough to be ready; a person who connects it ends its rest as well.
"""

from __future__ import annotations

import datetime as dt
import functools
import zoneinfo
from collections.abc import Iterable, Sequence
from typing import Final

from django.db.models import Exists, Min, OuterRef

from campaigns import holidays, windows
from campaigns.enums import EnvioState, ScheduleState
from campaigns.models import Attempt, Campaign, Conversation, Envio, Lane
from leadmaster.lib.language import in_project_language
from whatsapp import reconnection, resting
from whatsapp.models import WhatsAppSession

# How long before a window opens its line is connected: a gateway takes a minute, and the first try may fail.
LEAD: Final = dt.timedelta(minutes=10)
_ON_THEIR_WAY: Final = (EnvioState.PENDING, EnvioState.SENDING)


@in_project_language
def run(now: dt.datetime) -> int:
    """Wake those that are needed and put to rest those that are not. One query while no line is asked to rest."""
    lines = list(WhatsAppSession.objects.asked_to_rest().order_by("id"))
    if not lines:
        return 0
    needed = needed_at(lines, now)
    asleep = [line for line in lines if line.rested_at is not None]
    woken = [line for line in asleep if _is_soon(needed.get(line.pk), now, LEAD) and resting.wake(line, now)]
    idle = [line for line in lines if _may_rest(line, needed.get(line.pk), now) and _is_unused(line, now)]
    rested = (resting.rest(line, now, in_use=functools.partial(_has_something_in_the_air, line)) for line in idle)
    return reconnection.dial(woken, now) + sum(rested)


def needed_at(lines: Sequence[WhatsAppSession], now: dt.datetime) -> dict[int, dt.datetime]:
    """When each line is needed next: when somebody who wrote to it waits, or when the first of its windows opens; now for an
    answer that waits to leave, which may be to somebody who was attended to before."""
    waiting = Conversation.objects.filter(session__in=lines, due_at__isnull=False).order_by()
    found = {
        session_id: max(due_at, now)
        for session_id, due_at in waiting.values_list("session_id").annotate(first=Min("due_at"))
    }
    answers = Envio.objects.replies().filter(session__in=lines, state__in=_ON_THEIR_WAY).order_by()
    found |= dict.fromkeys(answers.values_list("session_id", flat=True).distinct(), now)
    for campaign, opens in _openings(lines, now):
        found[campaign.session_id] = min(opens, found.get(campaign.session_id, opens))
    return found


def _openings(lines: Sequence[WhatsAppSession], now: dt.datetime) -> Iterable[tuple[Campaign, dt.datetime]]:
    """The running campaigns of these lines with something left to send, and when they may next."""
    pending = Envio.objects.filter(campaign=OuterRef("pk"), state__in=_ON_THEIR_WAY)
    running = Campaign.objects.running().filter(Exists(pending), session__in=lines).select_related("session")
    campaigns = list(running.prefetch_related("schedules__windows").order_by("id"))
    kept = holidays.kept_by(campaigns, now)
    for campaign in campaigns:
        opens = _first_opening(campaign, now, campaign.session.tz, kept.get(campaign.pk, holidays.NONE))
        if opens is not None:
            yield campaign, opens


def _first_opening(
    campaign: Campaign, now: dt.datetime, tz: zoneinfo.ZoneInfo, kept: holidays.Holidays
) -> dt.datetime | None:
    approved = [
        schedule
        for schedule in campaign.schedules.all()
        if schedule.state == ScheduleState.APPROVED and schedule.is_in_force(campaign.session.time_zone)
    ]
    firsts = (next(windows.upcoming(schedule.rule(kept), now, tz), None) for schedule in approved)
    return min((max(opening.opens, now) for opening in firsts if opening is not None), default=None)


def _is_soon(needed: dt.datetime | None, now: dt.datetime, within: dt.timedelta) -> bool:
    return needed is not None and needed <= now + within


def _may_rest(line: WhatsAppSession, needed: dt.datetime | None, now: dt.datetime) -> bool:
    """Whether it was open for long enough and is not needed for so long that the rest is worth it."""
    idle = dt.timedelta(minutes=line.idle_after or 0)
    if line.rested_at is not None or not line.is_ready(now) or not resting.can_rest(line):
        return False
    return line.state_at is not None and now - line.state_at >= idle and not _is_soon(needed, now, idle + LEAD)


def _is_unused(line: WhatsAppSession, now: dt.datetime) -> bool:
    """Whether nothing was sent or heard for so long. Asked of the few that may rest."""
    since = now - dt.timedelta(minutes=line.idle_after or 0)
    if Conversation.objects.filter(session=line, last_at__gt=since).exists() or resting.was_tested(line, since):
        return False
    lanes = list(Lane.objects.filter(session=line).values_list("pk", flat=True))
    last = [
        Attempt.objects.filter(lane=lane).order_by("-id").values_list("claimed_at", flat=True).first() for lane in lanes
    ]
    return not any(at is not None and at > since for at in last)


def _has_something_in_the_air(line: WhatsAppSession) -> bool:
    return Lane.objects.filter(session=line, busy=True).exists()
