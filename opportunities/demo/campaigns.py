"""Campaigns that come from the desk: one to the directory, one of a promoter to their own clients."""

from __future__ import annotations

import dataclasses
import datetime as dt

from campaigns import lifecycle
from campaigns.audience.directory import Selection, add_from_directory
from campaigns.demo.people import Lines, Staff
from campaigns.enums import EnvioState
from campaigns.inbound import receive
from campaigns.models import Campaign, Envio, Schedule, ScheduleWindow
from leadmaster.directory.facets import Facets
from leadmaster.lib.clock import business_day
from opportunities.models import Opportunity, Promoter
from opportunities.own_campaigns import Choice, NewCampaign, draft_campaign
from whatsapp.inbound import Content, Inbound

_OFFICE = ((dt.time(9), dt.time(13)), (dt.time(16), dt.time(20)))


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Said:
    text: str
    phone: str = ""
    lid: str = ""
    content: Content = Content.TEXT


_STRANGERS = ("Hola, sí, ¿cuánto sale el plan familiar?", "Ahora no puedo, ¿me escribes la semana que viene?")
_HIDDEN = _Said(lid="204817364950182", text="¿Quién eres? ¿De dónde tienes mi número?")
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
    """What people wrote back: clients of a promoter, recipients whom nobody works, and one whose number is hidden."""
    promoter = Promoter.objects.get(user=staff.promoters[0])
    rows = (
        Opportunity.objects.filter(owner=promoter)
        .active()
        .order_by("deadline", "id")
        .prefetch_related("client__contacts")
    )
    said = [
        _Said(phone=row.client.contacts.all()[0].normalised, text=text)
        for row, text in zip(rows, _ANSWERS, strict=False)
    ]
    promo = Envio.objects.filter(campaign__name="Promo primavera", state=EnvioState.SENT).order_by("id")
    strangers = list(promo.values_list("phone", flat=True)[: len(_STRANGERS)])
    said += [_Said(phone=phone, text=text) for phone, text in zip(strangers, _STRANGERS, strict=False)]
    said += [_Said(phone=phone, text="¿Es este?", content=Content.IMAGE) for phone in strangers[:1]]
    said += [_HIDDEN]
    session = {one.phone: lines.cordoba for one in said[: len(_ANSWERS)]}
    for number, one in enumerate(said):
        line = session.get(one.phone, lines.cordoba_two)
        inbound = Inbound(
            tenant_id=line.tenant_id,
            message_id=f"demo-{number}",
            phone=one.phone,
            lid=one.lid,
            text=one.text,
            at=now - dt.timedelta(minutes=25 * (number + 1)),
            content=one.content,
        )
        receive(inbound, session=line, now=now)
