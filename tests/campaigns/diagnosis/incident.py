"""The day of the incident as rows: what the predecessor would have left in our tables."""

from __future__ import annotations

import datetime as dt
import random

from campaigns.enums import AttemptOutcome, EnvioState
from campaigns.models import Campaign, Envio
from tests.factories.campaigns import AttemptFactory, EnvioFactory, ScheduleDayFactory, SessionDayFactory

# 08:00:49 in Córdoba.
FIRST = dt.datetime(2026, 2, 7, 11, 0, 49, tzinfo=dt.UTC)


def phantoms(campaign: Campaign, count: int, *, first: dt.datetime = FIRST) -> list[Envio]:
    """A mark a minute at one second, with an id that no try, no acknowledgement and no line bears out."""
    rows = EnvioFactory.build_batch(count, campaign=campaign, session=campaign.session, state=EnvioState.SENT)
    for minute, envio in enumerate(rows):
        envio.sent_at = first + dt.timedelta(minutes=minute)
    return Envio.objects.bulk_create(rows)


def sent_for_real(campaign: Campaign, count: int, *, first: dt.datetime = FIRST, seed: int = 3) -> list[Envio]:
    """Messages with pauses of 30 to 90 s, each with the try that sent it."""
    chance, at = random.Random(seed), first
    session_day = SessionDayFactory(session=campaign.session)
    schedule_day = ScheduleDayFactory(schedule__campaign=campaign)
    made: list[Envio] = []
    for _number in range(count):
        at += dt.timedelta(seconds=chance.uniform(30, 90))
        envio: Envio = EnvioFactory(campaign=campaign, state=EnvioState.SENT, sent_at=at)
        AttemptFactory(
            envio=envio,
            outcome=AttemptOutcome.SENT,
            message_id=envio.message_id,
            session_day=session_day,
            schedule_day=schedule_day,
        )
        made.append(envio)
    return made
