"""Days of work at the desk, through the doors that people use."""

from __future__ import annotations

import datetime as dt
import random

from campaigns.demo.people import Lines, Staff
from leadmaster.calendars.arithmetic import Calendar, add_operating_time
from opportunities.assignment import capture
from opportunities.assignment.filters import Filters
from opportunities.assignment.request import request_lot
from opportunities.clocks.countdown import deadline_for
from opportunities.demo import campaigns, contacts, exceptions, month
from opportunities.demo.ground import Funnel, build_funnel, fill_directory, join_desk, open_desk
from opportunities.funnel import moves
from opportunities.models import Opportunity, Promoter, Stage
from opportunities.queries.time_left import shift_of
from opportunities.timers import expiry

# How long before the first clocks run out somebody opens the demonstration, in operating time.
_SOON = dt.timedelta(minutes=90)
_REASONS = ("Ya compró en otro lado", "No quiere que lo llamen", "Le parece caro")


def work(staff: Staff, lines: Lines, *, now: dt.datetime, chance: random.Random) -> None:
    """Fill the directory, open both desks, let promoters work until `now`, and write to their clients."""
    fill_directory(staff, count=400, now=now, chance=chance)
    funnel = build_funnel()
    promoters = [
        *open_desk(staff.south, time_zone="America/Argentina/Cordoba", users=staff.promoters[:2]),
        *open_desk(staff.north, time_zone="America/Monterrey", users=staff.promoters[2:]),
    ]
    join_desk(staff.south, staff.on_leave)
    for promoter in promoters:
        _work(promoter, funnel, now=now, chance=chance)
        contacts.happen(promoter, now=now)
    exceptions.happen(staff, now=now)
    expiry.expire_timers(now)
    campaigns.to_the_directory(staff, lines, now=now)
    campaigns.to_own_clients(staff, lines, now=now)
    campaigns.answers(staff, lines, now=now)


def _work(promoter: Promoter, funnel: Funnel, *, now: dt.datetime, chance: random.Random) -> None:
    began = running_out(funnel.new, calendar=promoter.desk.calendar.as_value(), now=now)
    today = now - dt.timedelta(minutes=40)
    places = {"Monterrey": Filters(province="Nuevo León")}.get(promoter.desk.team.name, Filters(province="Córdoba"))
    month.happen(promoter, funnel, places, now=began, chance=chance)
    request_lot(promoter, places, 18, key="demo-antes", now=began)
    for number, row in enumerate(_rows(promoter)):
        _step(row, number, funnel, promoter, at=began + dt.timedelta(minutes=20 + 3 * number), chance=chance)
    request_lot(promoter, places, 8, key="demo-hoy", now=today)
    person = capture.NewClient(
        name="Valentina Sosa", phones=[f"+5493515{700_000 + promoter.pk:06d}"], note="Me la recomendó una clienta"
    )
    capture.capture(promoter, person, key="demo", now=today)


def running_out(stage: Stage, *, calendar: Calendar, now: dt.datetime) -> dt.datetime:
    """When somebody had to take a row into this stage for it to run out soon after `now`, and in this shift or the next.

    At any hour of any day: the moment is looked for, to the minute, in the week and a half before.
    """
    soon = add_operating_time(now, _SOON, calendar)
    target = min(soon, shift_of(calendar, now).closes or soon)
    early, late = 0, 11 * 24 * 60
    while late - early > 1:
        ago = (early + late) // 2
        deadline = deadline_for(stage, calendar=calendar, now=now - dt.timedelta(minutes=ago))
        if deadline is not None and deadline <= target:
            late = ago
        else:
            early = ago
    return now - dt.timedelta(minutes=late)


def _rows(promoter: Promoter) -> list[Opportunity]:
    return list(Opportunity.objects.filter(owner=promoter).active().order_by("id"))


def _step(
    row: Opportunity,
    number: int,
    funnel: Funnel,
    promoter: Promoter,
    *,
    at: dt.datetime,
    chance: random.Random,
) -> None:
    """A third go on, some leave, one is sold, the rest wait."""
    by = promoter.user
    if number % 3 == 0:
        row = moves.move(row.pk, funnel.contacted, by=by, version=row.version, now=at)
    if number % 9 == 0:
        row = moves.move(row.pk, funnel.interested, by=by, version=row.version, now=at)
    if number == 9:
        moves.move(
            row.pk,
            funnel.sale,
            by=by,
            version=row.version,
            now=at,
            data={"amount": "48500", "product": "Plan familiar"},
        )
    elif number % 9 == 4:
        moves.move(row.pk, funnel.no_answer, by=by, version=row.version, now=at, reason="Llamé tres veces")
    elif number % 9 == 7:
        reason = chance.choice(_REASONS)
        moves.move(row.pk, funnel.not_interested, by=by, version=row.version, now=at, reason=reason)
    elif number == 14:
        moves.move(row.pk, funnel.later, by=by, version=row.version, now=at, reason="Cobra el mes que viene")
