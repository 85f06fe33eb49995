"""The month before: lots that were worked to their end, week after week, so that results have something to compare."""

from __future__ import annotations

import datetime as dt
import random

from opportunities.assignment.filters import Filters
from opportunities.assignment.request import request_lot
from opportunities.demo.ground import Funnel
from opportunities.enums import ContactChannel, ContactOutcome
from opportunities.funnel import contact, moves
from opportunities.funnel.contact import Press, Result
from opportunities.models import Opportunity, Promoter

_WEEK = dt.timedelta(weeks=1)
_MINUTE = dt.timedelta(minutes=1)
_WEEKS = 5
_REASONS = ("Ya compró en otro lado", "Le parece caro", "No quiere que lo llamen")


def happen(promoter: Promoter, funnel: Funnel, places: Filters, *, now: dt.datetime, chance: random.Random) -> None:
    """A lot a week, the older the smaller: every one is sold or lost."""
    for week in range(_WEEKS, 0, -1):
        at = now - week * _WEEK - dt.timedelta(days=chance.randrange(3), minutes=chance.randrange(90))
        known = set(Opportunity.objects.filter(owner=promoter).values_list("pk", flat=True))
        request_lot(promoter, places, 3 + (_WEEKS - week) // 2, key=f"demo-semana-{week}", now=at)
        rows = Opportunity.objects.filter(owner=promoter).exclude(pk__in=known).order_by("id")
        for number, row in enumerate(rows):
            _end(row, funnel, promoter, at=at + (5 + 4 * number) * _MINUTE, sold=chance.random() < 0.3, chance=chance)


def _end(
    row: Opportunity, funnel: Funnel, promoter: Promoter, *, at: dt.datetime, sold: bool, chance: random.Random
) -> None:
    by = promoter.user
    phone = next(point.normalised for point in row.client.contacts.all() if point.is_valid and point.normalised)
    outcome = ContactOutcome.ANSWERED if sold or chance.random() < 0.5 else ContactOutcome.NO_ANSWER
    press = Press(channel=ContactChannel.CALL, key=f"demo-mes-{row.pk}", phone=phone)
    contact.tell(row.pk, press, Result(outcome=outcome, note=""), by=by, now=at)
    row.refresh_from_db()
    if not sold:
        reason = chance.choice(_REASONS)
        moves.move(row.pk, funnel.not_interested, by=by, version=row.version, now=at + _MINUTE, reason=reason)
        return
    for stage in (funnel.contacted, funnel.interested):
        row = moves.move(row.pk, stage, by=by, version=row.version, now=at + _MINUTE)
    data = {"amount": str(chance.randrange(24, 90) * 1_000), "product": "Plan familiar"}
    moves.move(row.pk, funnel.sale, by=by, version=row.version, now=at + 2 * _MINUTE, data=data)
