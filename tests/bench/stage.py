"""Sets the stage: lines that may send now, messages by the thousand, and a past of a million."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.db import connection, models, transaction
from django.utils import timezone

from campaigns.enums import CampaignState, EnvioState, ScheduleState
from campaigns.models import Attempt, Campaign, Envio, Lane, Schedule, ScheduleDay, ScheduleWindow, SessionDay, Tick
from leadmaster.accounts.models import Team, User
from leadmaster.accounts.roles import Role
from leadmaster.ops.models import Heartbeat
from tests.bench.figures import scaled
from tests.factories.accounts import TeamFactory, UserFactory
from whatsapp.models import State, WhatsAppSession

NO_LIMIT = 10_000_000
# What a run changes.
CHANGED = [model._meta.db_table for model in (Envio, Attempt, Lane, SessionDay, ScheduleDay, Tick, Campaign, Heartbeat)]

EVERYTHING = [*CHANGED, *(m._meta.db_table for m in (Team, User, WhatsAppSession, Schedule, ScheduleWindow))]


def open_lines(count: int, *, delay: tuple[int, int] = (0, 0), base_url: str = "") -> list[Campaign]:
    """So many sessions with one lane each, and on each one running campaign that may send all day without a limit."""
    prefix = uuid.uuid4().hex[:6]
    team = TeamFactory(name=prefix)
    boss: User = UserFactory(username=prefix, role=Role.SUPERVISOR)
    now = timezone.now()
    names = [f"{prefix}-{n}" for n in range(count)]
    WhatsAppSession.objects.bulk_create(
        WhatsAppSession(
            name=name,
            tenant_id=name,
            team=team,
            base_url=base_url,
            daily_limit=NO_LIMIT,
            state=State.READY,
            state_at=now,
            last_seen_at=now,
        )
        for name in names
    )
    sessions = WhatsAppSession.objects.filter(name__in=names).order_by("id")
    Campaign.objects.bulk_create(
        Campaign(
            name=session.name,
            owner=boss,
            team=team,
            session=session,
            template="Hola {nombre_destino}",
            state=CampaignState.RUNNING,
            approved_by=boss,
            approved_at=now,
            launched_at=now,
            delay_min=delay[0],
            delay_max=delay[1],
        )
        for session in sessions
    )
    campaigns = list(Campaign.objects.filter(name__in=names).select_related("session").order_by("id"))
    Schedule.objects.bulk_create(
        Schedule(
            campaign=campaign,
            weekdays="0123456",
            starts_on=dt.date(2020, 1, 1),
            daily_cap=NO_LIMIT,
            state=ScheduleState.APPROVED,
            decided_by=boss,
            decided_at=now,
            zone=campaign.session.time_zone,
        )
        for campaign in campaigns
    )
    ScheduleWindow.objects.bulk_create(
        ScheduleWindow(schedule=schedule, opens=dt.time(0), closes=dt.time(0))
        for schedule in Schedule.objects.filter(campaign__in=campaigns)
    )
    return campaigns


def fill(campaigns: list[Campaign], *, each: int, sent: bool = False) -> None:
    """`each` messages for every campaign, pending and due, or sent a month ago. One INSERT … SELECT per campaign."""
    values: dict[str, str] = {
        "campaign_id": "%(campaign)s",
        "session_id": "%(session)s",
        "phone": "CONCAT('+54', %(campaign)s, LPAD(seq, 8, '0'))",
        "name": "'María Muñoz'",
        "variables": "'{}'",
        "text": "'Hola María, tu consulta del lunes ya tiene respuesta. Contesta este mensaje y te la contamos.'",
        "state": f"'{EnvioState.PENDING}'",
        "next_due": "UTC_TIMESTAMP(6) - INTERVAL 1 HOUR",
        "client_message_id": "UUID()",
        "created_at": "UTC_TIMESTAMP(6) - INTERVAL 31 DAY",
    }
    if sent:
        values |= {
            "state": f"'{EnvioState.SENT}'",
            "attempts": "1",
            "message_id": "CONCAT('true_', %(campaign)s, '_', seq)",
            "next_due": "UTC_TIMESTAMP(6) - INTERVAL 31 DAY",
            "dispatched_at": "UTC_TIMESTAMP(6) - INTERVAL 30 DAY",
            "sent_at": "UTC_TIMESTAMP(6) - INTERVAL 30 DAY",
            "ack": "MOD(seq, 4)",
            "server_at": "UTC_TIMESTAMP(6) - INTERVAL 30 DAY",
        }
    fields = [field for field in Envio._meta.concrete_fields if field.column != "id"]
    columns = ", ".join(f"`{field.column}`" for field in fields)
    selected = ", ".join(values.get(str(field.column)) or _blank(field) for field in fields)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET foreign_key_checks=0, unique_checks=0")
        for campaign in campaigns:
            cursor.execute(
                f"INSERT INTO campaigns_envio ({columns}) SELECT {selected} FROM seq_1_to_{each}",
                {"campaign": campaign.pk, "session": campaign.session_id},
            )
        cursor.execute("SET foreign_key_checks=1, unique_checks=1")


def long_past(*, messages: int, campaigns: int = 50) -> None:
    """Finished campaigns whose messages all went out."""
    finished = open_lines(campaigns)
    ids = [campaign.pk for campaign in finished]
    Campaign.objects.filter(id__in=ids).update(state=CampaignState.FINISHED, ended_at=timezone.now())
    fill(finished, each=messages // campaigns, sent=True)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE TABLE campaigns_envio")
        cursor.fetchall()


def ensure_past() -> int:
    """The past, made once per database; how many messages it has."""
    wanted = scaled("PAST", 1_000_000)
    if not Envio.objects.exists():
        long_past(messages=wanted)
    return wanted


def _blank(field: models.Field[Any, Any]) -> str:
    if field.null:
        return "NULL"
    return "''" if isinstance(field, models.CharField | models.TextField) else "0"
