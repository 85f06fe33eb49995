"""What the sender tells a Prometheus."""

from __future__ import annotations

import datetime as dt
import itertools
import zoneinfo
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from django.db.models import Count, F, Min, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

from campaigns import switch, tally
from campaigns.enums import AttemptOutcome, CampaignState, EnvioState, WhyNot
from campaigns.models import Campaign, Conversation, Envio, Lane, Tick
from leadmaster.lib.clock import days_somewhere
from leadmaster.lib.days import ChargedDays
from leadmaster.ops.metrics.database import Source, gauge, gauges
from whatsapp.models import State, WhatsAppSession

# More doubts than this are told as this many: nobody's alarm depends on how many thousands they are.
MOST_DOUBTS: Final = 10_000

_OUTCOMES: Final = {
    AttemptOutcome.SENT: "sent",
    AttemptOutcome.REFUSED: "refused",
    AttemptOutcome.NOT_SENT: "not_sent",
    AttemptOutcome.UNKNOWN: "unknown",
    AttemptOutcome.WITHDRAWN: "withdrawn",
}
_REPLIES: Final = {
    EnvioState.SENT: "sent",
    EnvioState.UNCERTAIN: "uncertain",
    EnvioState.ERROR: "failed",
    EnvioState.CANCELLED: "cancelled",
}
_LATELY: Final = dt.timedelta(hours=1)


def attempts(now: dt.datetime) -> Iterator[Metric]:
    figures = tally.current()
    family = CounterMetricFamily("leadmaster_sends", "Attempts to send that ended, by outcome", labels=["outcome"])
    for outcome, word in _OUTCOMES.items():
        family.add_metric([word], figures.outcomes[outcome])
    yield family
    yield _histogram("send_lateness_seconds", "From when it was a message's turn until it left", figures.late)
    yield _histogram("gateway_seconds", "How long gateways took to answer a message", figures.answers)


def _histogram(name: str, told: str, spread: tally.Spread) -> Metric:
    bounds = [*(str(bound) for bound in spread.bounds), "+Inf"]
    family = HistogramMetricFamily(f"leadmaster_{name}", told)
    family.add_metric([], list(zip(bounds, itertools.accumulate(spread.counts), strict=True)), spread.total)
    return family


def uncertain(now: dt.datetime) -> Iterator[Metric]:
    """Through the index of the look-ups: those that nobody asks about any more first, which are the oldest."""
    some = Envio.objects.uncertain().order_by("lookup_due", "id")[:MOST_DOUBTS]
    found = some.aggregate(number=Count("id"), since=Min(Coalesce("dispatched_at", "created_at")))
    age = (now - found["since"]).total_seconds() if found["since"] else 0.0
    yield gauge(
        "uncertain_messages", f"Messages of which nobody knows whether they left, up to {MOST_DOUBTS}", found["number"]
    )
    yield gauge("uncertain_age_seconds", "Seconds since the oldest of them may have left", max(0.0, age))


def replies(now: dt.datetime) -> Iterator[Metric]:
    """Through the index of claims, where answers are those of no campaign."""
    rows = Envio.objects.replies().order_by()
    waiting = rows.filter(state=EnvioState.PENDING).order_by("next_due")[:MOST_DOUBTS]
    found = waiting.aggregate(number=Count("id"), since=Min("created_at"))
    age = (now - found["since"]).total_seconds() if found["since"] else 0.0
    yield gauge(
        "replies_waiting", f"Answers in conversations that wait for their line, up to {MOST_DOUBTS}", found["number"]
    )
    yield gauge("replies_waiting_seconds", "Seconds since the oldest of them was written", max(0.0, age))
    lately = rows.filter(next_due__gt=now - _LATELY, state__in=list(_REPLIES))
    numbers = dict(lately.values_list("state").annotate(Count("id")))
    by_name = [(word, numbers.get(state.value, 0)) for state, word in _REPLIES.items()]
    yield gauges("replies_last_hour", "Answers of the last hour, by what became of them", "outcome", by_name)
    unanswered = Conversation.objects.filter(due_at__lte=now).order_by("due_at")[:MOST_DOUBTS]
    told = unanswered.aggregate(number=Count("id"), since=Min("due_at"))
    waits = (now - told["since"]).total_seconds() if told["since"] else 0.0
    yield gauge(
        "conversations_unanswered", f"Conversations that wait for a person, up to {MOST_DOUBTS}", told["number"]
    )
    yield gauge("conversations_unanswered_seconds", "Seconds that the oldest of them waits", max(0.0, waits))


def lanes(now: dt.datetime) -> Iterator[Metric]:
    held = Q(busy=True)
    found = Lane.objects.aggregate(
        in_use=Count("id", filter=held),
        idle=Count("id", filter=~held),
        overheld=Count("id", filter=held & Q(lease_until__lt=now)),
    )
    by_state = [("busy", found["in_use"]), ("free", found["idle"]), ("stale", found["overheld"])]
    told = "Places where one message can be in flight; stale ones outlived their lease"
    yield gauges("lanes", told, "state", by_state)


def campaigns(now: dt.datetime) -> Iterator[Metric]:
    numbers = dict(Campaign.objects.order_by().values_list("state").annotate(Count("id")))
    by_name = [(state.name.lower(), numbers.get(state.value, 0)) for state in CampaignState]
    yield gauges("campaigns", "Campaigns, by state", "state", by_name)


def waiting(now: dt.datetime) -> Iterator[Metric]:
    """As the last minute that ended saw it."""
    report = Tick.objects.filter(finished_at__isnull=False).order_by("-id").values_list("report", flat=True).first()
    numbers = Counter(((report or {}).get("waiting") or {}).values())
    by_name = [(reason.name.lower(), numbers[reason.value]) for reason in WhyNot]
    yield gauges("campaigns_waiting", "Campaigns at work that can't send now, by the reason", "reason", by_name)


def switched_on(now: dt.datetime) -> Iterator[Metric]:
    yield gauge("sender_on", "0 while the kill switch stops everything", float(switch.is_on()))


def lines(now: dt.datetime) -> Iterator[Metric]:
    named = {state.name.lower(): Count("id", filter=Q(state=state)) for state in State}
    found = WhatsAppSession.objects.aggregate(
        **named,
        unreachable=Count("id", filter=Q(unreachable_since__isnull=False)),
        paused=Count("id", filter=Q(paused_at__isnull=False)),
        mute=Count("id", filter=Q(mute_since__isnull=False)),
    )
    yield gauges(
        "lines",
        "WhatsApp lines, by the last state that their gateway told",
        "state",
        [(name, found[name]) for name in named],
    )
    trouble = [(name, found[name]) for name in ("unreachable", "paused", "mute")]
    yield gauges("lines_in_trouble", "Lines that need somebody, by what is wrong", "trouble", trouble)


def line_limits(now: dt.datetime) -> Iterator[Metric]:
    """Each line has its own midnight: of the days that are somewhere today, the one that counts there."""
    allowed = WhatsAppSession.objects.aggregate(limit=Sum("daily_limit"))["limit"] or 0
    used = full = 0
    for zone, held, until, day, used_there, full_there in usage_by_zone(now):
        if day == ChargedDays(tz=zoneinfo.ZoneInfo(zone), held=held, until=until).at(now):
            used, full = used + used_there, full + full_there
    yield gauge("line_limit_messages", "Messages that all lines together may send on their day", allowed)
    yield gauge("line_used_messages", "Messages of that limit that are used", used)
    yield gauge("lines_at_limit", "Lines that used up their day", full)


def usage_by_zone(now: dt.datetime) -> QuerySet[WhatsAppSession, tuple[Any, ...]]:
    """Of each zone, held day and day: what its lines used, and how many used up everything. From the lines to their days."""
    return (
        WhatsAppSession.objects.filter(days__day__in=days_somewhere(now))
        .order_by()
        .values_list("time_zone", "held_day", "held_until", "days__day")
        .annotate(used=Sum("days__used"), full=Count("id", filter=Q(days__used__gte=F("daily_limit"))))
    )


SOURCES: tuple[Source, ...] = (attempts, uncertain, replies, lanes, campaigns, waiting, switched_on, lines, line_limits)
