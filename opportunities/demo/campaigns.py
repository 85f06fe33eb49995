"""Campaigns that come from the desk: one to the directory, one of a promoter to their own clients."""

from __future__ import annotations

import datetime as dt

from campaigns import lifecycle
from campaigns.audience.directory import Selection, add_from_directory
from campaigns.demo.people import Lines, Staff
from campaigns.models import Campaign, Reply, Schedule, ScheduleWindow
from leadmaster.directory.facets import Facets
from leadmaster.lib.clock import business_day
from opportunities.models import Opportunity, Promoter
from opportunities.own_campaigns import Choice, NewCampaign, draft_campaign

_OFFICE = ((dt.time(9), dt.time(13)), (dt.time(16), dt.time(20)))
_ANSWERS = ("Hola, ¿me llamas después de las 17?", "Sí, mándame el detalle por favor", "Gracias, lo hablo en casa")


def to_the_directory(staff: Staff, lines: Lines, *, now: dt.datetime) -> Campaign:
    """A supervisor's: teachers of Córdoba whom nobody works, a hundred at the most, waiting to be submitted."""
    session = lines.cordoba_two
    campaign = Campaign.objects.create(
        name="Docentes de Córdoba",
        owner=staff.supervisor,
        team=session.team,
        session=session,
        template="Hola {nombre}, el convenio {convenio} tiene un plan nuevo en {ciudad|tu zona}. ¿Te cuento?",
    )
    schedule = Schedule.objects.create(
        campaign=campaign, weekdays="01234", starts_on=business_day(now, session.tz), daily_cap=60
    )
    ScheduleWindow.objects.bulk_create(
        ScheduleWindow(schedule=schedule, opens=opens, closes=closes) for opens, closes in _OFFICE
    )
    teachers = Selection(facets=Facets(province="Córdoba", agreement="Docentes"), limit=100)
    add_from_directory(campaign, teachers, by=staff.supervisor, now=now)
    return campaign


def to_own_clients(staff: Staff, lines: Lines, *, now: dt.datetime) -> Campaign:
    """A promoter's, to what is in their hands; it waits for approval. What was given today has not expired."""
    promoter = Promoter.objects.get(user=staff.promoters[0])
    asked = NewCampaign(
        name="Seguimiento de la semana",
        template="Hola {nombre}, soy Diego. ¿Pudiste ver lo que te mandé? Te leo por acá.",
        session=lines.cordoba,
        choice=Choice(),
    )
    campaign = draft_campaign(promoter, asked, key="demo", now=now).campaign
    return lifecycle.submit(campaign, by=promoter.user, now=now)


def answers(staff: Staff, lines: Lines, *, now: dt.datetime) -> None:
    """What a few of a promoter's clients wrote back."""
    promoter = Promoter.objects.get(user=staff.promoters[0])
    rows = (
        Opportunity.objects.filter(owner=promoter)
        .active()
        .order_by("deadline", "id")
        .prefetch_related("client__contacts")
    )
    Reply.objects.bulk_create(
        Reply(
            session=lines.cordoba,
            phone=row.client.contacts.all()[0].normalised,
            text=text,
            at=now - dt.timedelta(minutes=25 * (number + 1)),
            message_id=f"demo-{number}",
        )
        for number, (row, text) in enumerate(zip(rows, _ANSWERS, strict=False))
    )
