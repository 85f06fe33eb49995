"""The sender's part of the home: whether it lives, what is under way, and what went out today."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import defaultdict
from typing import Any

from django.conf import settings
from django.db.models import Count
from django.db.models.functions import TruncHour
from django.http import HttpRequest
from django.utils import timezone

from campaigns import limits, screens
from campaigns.admin.campaign_list import CampaignList
from campaigns.engine.plan import make_plan
from campaigns.engine.why_not import of_what_is_left
from campaigns.enums import AttemptOutcome, CampaignState, EnvioState
from campaigns.models import Attempt, Campaign, Envio, SenderSwitch, SessionDay
from campaigns.progress import Progress, progress_of
from leadmaster.accounts.models import User
from leadmaster.lib.screens import Fill, Share
from leadmaster.ops import heartbeat
from leadmaster.ops.health import LATE_AFTER, TICK
from whatsapp.models import WhatsAppSession

_LISTED = 6
_CHART: dict[AttemptOutcome, Fill] = {
    AttemptOutcome.SENT: "sent",
    AttemptOutcome.UNKNOWN: "uncertain",
    AttemptOutcome.REFUSED: "error",
    AttemptOutcome.NOT_SENT: "cancelled",
}
_WIDTH, _HEIGHT, _GAP = 720, 150, 5


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bar:
    """One hour's column piece, in the chart's own units."""

    x: float
    y: float
    width: float
    height: float
    tone: Fill
    title: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Chart:
    """Today's tries by hour and outcome, ready to be drawn."""

    bars: list[Bar]
    hours: list[tuple[float, str]]
    top: int
    totals: list[Share]
    width: int = _WIDTH
    height: int = _HEIGHT

    @property
    def empty(self) -> bool:
        return not self.bars


@dataclasses.dataclass(frozen=True, kw_only=True)
class Line:
    """A session with what it used of today's limit."""

    session: WhatsAppSession
    used: int
    limit: int

    @property
    def percent(self) -> int:
        return min(100, self.used * 100 // max(self.limit, 1))


def context(request: HttpRequest) -> dict[str, Any]:
    """The sender's part of the home page, for who asks."""
    user = request.user
    return look(user, timezone.now()) if isinstance(user, User) else {}


def look(user: User, now: dt.datetime) -> dict[str, Any]:
    """Everything the home shows, for the rows of this person."""
    campaigns = Campaign.objects.visible_to(user)
    active = _active(campaigns, now)
    beating = pulse(now)
    return {
        "active": active,
        "funnel": screens.funnel(_sum([campaign.__dict__["listed"][0] for campaign in active])),
        "chart": chart(user, now),
        "lines": _lines(user, now, beating["last_turn"]),
        **beating,
    }


def pulse(now: dt.datetime) -> dict[str, Any]:
    """Whether the sender is on and alive."""
    age = heartbeat.age(TICK, now=now)
    last_turn = SenderSwitch.objects.select_related("by").order_by("-id").first()
    return {
        "switch_on": settings.AUTO_CAMPAIGNS_ENABLED and (last_turn is None or last_turn.on),
        "environment_on": settings.AUTO_CAMPAIGNS_ENABLED,
        "last_turn": last_turn,
        "beat_at": None if age is None else now - age,
        "beat_late": age is None or age > LATE_AFTER,
    }


def chart(user: User, now: dt.datetime) -> Chart:
    """Today's finished tries of this person's campaigns, by the viewer's hours.

    Read over the days of the sessions: they are indexed, and a year of tries is not looked at.
    """
    sessions = WhatsAppSession.objects.visible_to(user).only("time_zone", "held_day", "held_until")
    today = {session.day_at(now) for session in sessions}
    tries = Attempt.objects.filter(
        session_day__in=SessionDay.objects.filter(session__in=[session.pk for session in sessions], day__in=today),
        outcome__in=list(_CHART),
    )
    if not user.is_administrator:
        tries = tries.filter(envio__in=Envio.objects.visible_to(user))
    # Truncated in UTC: MySQL converts zones only where somebody loaded its tables.
    hour = TruncHour("claimed_at", tzinfo=dt.UTC)
    grouped = tries.order_by().annotate(hour=hour).values_list("hour", "outcome").annotate(n=Count("id"))
    counts: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for at, outcome, number in grouped:
        counts[timezone.localtime(at).hour][outcome] += number
    return draw(counts)


def draw(counts: dict[int, dict[str, int]]) -> Chart:
    """Columns from the first to the last hour with something in it, office hours at the least."""
    first, last = min([*counts, 8]), max([*counts, 20])
    slot = _WIDTH / (last - first + 1)
    top = max((sum(hour.values()) for hour in counts.values()), default=0)
    bars = []
    for hour, outcomes in sorted(counts.items()):
        bottom = float(_HEIGHT)
        for outcome, tone in _CHART.items():
            number = outcomes.get(outcome, 0)
            if not number:
                continue
            tall = number * _HEIGHT / top
            bottom -= tall
            bars.append(
                Bar(
                    x=round((hour - first) * slot + _GAP / 2, 2),
                    y=round(bottom, 2),
                    width=round(slot - _GAP, 2),
                    height=round(tall, 2),
                    tone=tone,
                    title=f"{hour}:00 · {AttemptOutcome(outcome).label}: {number}",
                )
            )
    totals = [
        Share(str(outcome.label), sum(hour.get(outcome, 0) for hour in counts.values()), 0.0, tone)
        for outcome, tone in _CHART.items()
    ]
    hours = [(round((hour - first + 0.5) * slot, 2), str(hour)) for hour in range(first, last + 1, 2)]
    return Chart(bars=bars, hours=hours, top=top, totals=[share for share in totals if share.count])


def _active(campaigns: Any, now: dt.datetime) -> list[Campaign]:
    """The campaigns under way, each with its progress and its standing."""
    under_way = (CampaignState.RUNNING, CampaignState.PAUSED)
    rows: list[Campaign] = list(campaigns.filter(state__in=under_way).select_related("session")[:_LISTED])
    counted = progress_of([campaign.pk for campaign in rows])
    standings = make_plan(now).standings if rows else {}
    for campaign in rows:
        campaign.__dict__["listed"] = (
            counted[campaign.pk],
            of_what_is_left(standings.get(campaign.pk), counted[campaign.pk]),
            now,
        )
        campaign.__dict__["advance"] = CampaignList.advance(campaign)
        campaign.__dict__["why"] = CampaignList.why_not_now(campaign)
    return rows


def _lines(user: User, now: dt.datetime, turn: SenderSwitch | None) -> list[Line]:
    sessions = list(WhatsAppSession.objects.visible_to(user)[:12])
    days = {session.pk: session.day_at(now) for session in sessions}
    used = {
        (row.session_id, row.day): row.used
        for row in SessionDay.objects.filter(session__in=sessions, day__in=set(days.values()))
    }
    trial = limits.trial_of(turn)
    return [
        Line(
            session=session,
            used=used.get((session.pk, days[session.pk]), 0),
            limit=limits.limit_of(session, days[session.pk], trial).messages,
        )
        for session in sessions
    ]


def _sum(parts: list[Progress]) -> Progress:
    counts = {state: sum(part.counts[state] for part in parts) for state in EnvioState}
    return Progress(
        counts=counts,
        server=sum(part.server for part in parts),
        delivered=sum(part.delivered for part in parts),
        read=sum(part.read for part in parts),
    )
