"""One campaign per stage of life. Everything goes through the doors that people use."""

from __future__ import annotations

import datetime as dt
import random

from campaigns import decisions, lifecycle
from campaigns.audience.importing import import_file
from campaigns.demo.past import give_a_past, leave_in_doubt
from campaigns.demo.people import Lines, Staff
from campaigns.demo.recipients import spreadsheet
from campaigns.models import Campaign, Envio, Schedule, ScheduleWindow
from leadmaster.accounts.models import User
from leadmaster.directory.models import Suppression
from leadmaster.lib.clock import business_day
from whatsapp.models import WhatsAppSession

_ALL_DAY = ((dt.time(0), dt.time(0)),)
_OFFICE = ((dt.time(9), dt.time(13)), (dt.time(16), dt.time(20)))
_GREETING = "Hola {nombre}, ¿cómo estás? Te recordamos la cuota de tu plan {plan}: ${cuota}. ¿Te ayudamos con el pago?"


def running(staff: Staff, lines: Lines, *, now: dt.datetime, chance: random.Random) -> None:
    """Two that send from the first minute: one in Córdoba, one in Monterrey."""
    diego, _sofia, martin = staff.promoters
    south = _campaign("Cuotas de noviembre", diego, lines.cordoba, _GREETING, now=now, delays=(3, 8))
    _add_people(south, 80, area="351", now=now, chance=chance)
    _start(south, staff, now=now)
    north = _campaign(
        "Renovación Monterrey",
        martin,
        lines.monterrey,
        "Hola {nombre}, tu plan {plan} vence este mes. Responde SÍ y lo renovamos hoy, o BAJA para no recibir más avisos.",
        now=now,
        delays=(6, 14),
    )
    _add_people(north, 60, area="81", now=now, chance=chance)
    _start(north, staff, now=now)


def awaiting_approval(staff: Staff, lines: Lines, *, now: dt.datetime, chance: random.Random) -> None:
    sofia = staff.promoters[1]
    campaign = _campaign(
        "Bienvenida a clientes nuevos",
        sofia,
        lines.cordoba_two,
        "¡Hola {nombre}! Gracias por elegir el plan {plan}. Guarda este número: por acá resolvemos todo.",
        now=now,
        delays=(30, 90),
        windows=_OFFICE,
        weekdays="01234",
    )
    _add_people(campaign, 240, area="11", now=now, chance=chance)
    lifecycle.submit(campaign, by=sofia, now=now)


def finished(staff: Staff, lines: Lines, *, now: dt.datetime, chance: random.Random) -> None:
    """Last week's, with its acknowledgements and its few errors."""
    sofia = staff.promoters[1]
    began = now - dt.timedelta(days=6)
    campaign = _campaign("Promo primavera", sofia, lines.cordoba_two, _GREETING, now=began, delays=(30, 90))
    _add_people(campaign, 160, area="341", now=began, chance=chance)
    _start(campaign, staff, now=began)
    give_a_past(campaign, began=began, chance=chance)
    lifecycle.finish(campaign, now=began + dt.timedelta(hours=5))


def in_doubt(staff: Staff, lines: Lines, *, now: dt.datetime, chance: random.Random) -> None:
    """Paused, with three messages of which nobody knows whether they arrived."""
    sofia = staff.promoters[1]
    began = now - dt.timedelta(days=1)
    campaign = _campaign("Encuesta de satisfacción", sofia, lines.cordoba_two, _GREETING, now=began, delays=(30, 90))
    _add_people(campaign, 40, area="351", now=began, chance=chance)
    _start(campaign, staff, now=began)
    leave_in_doubt(campaign, at=began + dt.timedelta(hours=2), chance=chance)
    by_hand = Envio.objects.filter(campaign=campaign).pending().order_by("-id").first()
    if by_hand is not None:
        decisions.mark_by_hand(by_hand, by=staff.supervisor, reason="Lo llamó Sofía por teléfono", now=began)
    lifecycle.pause(campaign, by=staff.supervisor, now=began + dt.timedelta(hours=2), reason="El gateway no contestaba")


def being_written(staff: Staff, lines: Lines, *, now: dt.datetime) -> None:
    _campaign(
        "Saludo de fin de año",
        staff.promoters[0],
        lines.cordoba,
        "Felices fiestas, {nombre}. Gracias por acompañarnos este año.",
        now=now,
        delays=(30, 90),
        windows=_OFFICE,
    )


def suppress(staff: Staff, *, now: dt.datetime) -> None:
    Suppression.objects.create(
        phone="+5493515550101", source=Suppression.Source.REPLY, reason="Respondió BAJA", created_at=now
    )
    Suppression.objects.create(
        phone="+528115550102",
        source=Suppression.Source.PERSON,
        reason="Lo pidió por teléfono",
        created_at=now,
        created_by=staff.supervisor,
    )


def _campaign(
    name: str,
    owner: User,
    session: WhatsAppSession,
    template: str,
    *,
    now: dt.datetime,
    delays: tuple[int, int],
    windows: tuple[tuple[dt.time, dt.time], ...] = _ALL_DAY,
    weekdays: str = "0123456",
) -> Campaign:
    campaign = Campaign.objects.create(
        name=name,
        owner=owner,
        team=session.team,
        session=session,
        template=template,
        delay_min=delays[0],
        delay_max=delays[1],
    )
    schedule = Schedule.objects.create(
        campaign=campaign, weekdays=weekdays, starts_on=business_day(now, session.tz), daily_cap=180
    )
    ScheduleWindow.objects.bulk_create(
        ScheduleWindow(schedule=schedule, opens=opens, closes=closes) for opens, closes in windows
    )
    return campaign


def _add_people(campaign: Campaign, count: int, *, area: str, now: dt.datetime, chance: random.Random) -> None:
    import_file(campaign, spreadsheet(count, area=area, chance=chance), by=campaign.owner, now=now)
    campaign.refresh_from_db()


def _start(campaign: Campaign, staff: Staff, *, now: dt.datetime) -> None:
    lifecycle.submit(campaign, by=campaign.owner, now=now)
    lifecycle.approve(campaign, by=staff.supervisor, now=now)
    lifecycle.launch(campaign, by=staff.supervisor, now=now)
