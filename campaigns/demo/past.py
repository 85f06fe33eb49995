"""What was sent before today, with the rows that the engine would have written. Only for a database of demonstration."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections.abc import Sequence
from typing import Any

from campaigns import envio_states
from campaigns.enums import Ack, AttemptOutcome, EnvioState
from campaigns.models import Attempt, Campaign, Envio, Lane, ScheduleDay, SessionDay

# Of a hundred messages, how many stay in the server, are delivered, and are read.
_ACKS = (Ack.SERVER, *[Ack.DELIVERED] * 3, *[Ack.READ] * 6)


def give_a_past(campaign: Campaign, *, began: dt.datetime, chance: random.Random) -> None:
    """Everything pending went out, one a minute or so; one in twenty was refused."""
    past = _Past(campaign, began, chance)
    for envio in Envio.objects.filter(campaign=campaign).pending().order_by("id"):
        if chance.random() < 0.05:
            past.refused(envio)
        else:
            past.sent(envio)
    past.save()


def leave_in_doubt(campaign: Campaign, *, at: dt.datetime, chance: random.Random) -> None:
    """Ten went out; of three more nobody knows."""
    past = _Past(campaign, at - dt.timedelta(minutes=20), chance)
    envios = list(Envio.objects.filter(campaign=campaign).pending().order_by("id")[:13])
    for envio in envios[:10]:
        past.sent(envio)
    for envio in envios[10:]:
        past.doubtful(envio)
    past.save()


class _Past:
    """Moves rows through the one door and keeps the attempts for one insert at the end."""

    def __init__(self, campaign: Campaign, began: dt.datetime, chance: random.Random) -> None:
        self._chance = chance
        self._at = began
        self._attempts: list[Attempt] = []
        schedule = campaign.schedules.order_by("id").first()
        if schedule is None:
            raise ValueError("a campaign without a schedule has no past")
        day = began.astimezone(campaign.session.tz).date()
        self._session_day, _ = SessionDay.objects.get_or_create(session=campaign.session, day=day)
        self._schedule_day, _ = ScheduleDay.objects.get_or_create(schedule=schedule, day=day)
        self._lane, _ = Lane.objects.get_or_create(session=campaign.session, slot=0, defaults={"next_due": began})

    def sent(self, envio: Envio) -> None:
        at, ack = self._next(), self._chance.choice(_ACKS)
        message_id = f"true_{uuid.UUID(int=self._chance.getrandbits(128)).hex[:20].upper()}"
        later = [at + dt.timedelta(seconds=seconds) for seconds in (2, 9, 340)]
        self._pass(
            envio,
            EnvioState.SENT,
            AttemptOutcome.SENT,
            at,
            message_id=message_id,
            sent_at=at,
            ack=ack,
            server_at=later[0],
            delivered_at=later[1] if ack >= Ack.DELIVERED else None,
            read_at=later[2] if ack >= Ack.READ else None,
        )
        self._attempts[-1].message_id = message_id

    def refused(self, envio: Envio) -> None:
        at = self._next()
        self._pass(
            envio,
            EnvioState.ERROR,
            AttemptOutcome.REFUSED,
            at,
            error_code="NOT_ON_WHATSAPP",
            error_text="El número no tiene WhatsApp.",
            ended_at=at,
        )
        self._attempts[-1].refunded = True

    def doubtful(self, envio: Envio) -> None:
        self._pass(
            envio,
            EnvioState.UNCERTAIN,
            AttemptOutcome.UNKNOWN,
            self._next(),
            error_code="TIMEOUT",
            error_text="El gateway no contestó en 90 segundos: no se sabe si el mensaje salió.",
        )

    def save(self) -> None:
        Attempt.objects.bulk_create(self._attempts)
        charged: Sequence[Attempt] = [attempt for attempt in self._attempts if not attempt.refunded]
        for row in (self._session_day, self._schedule_day):
            row.used += len(charged)
            row.save(update_fields=["used"])

    def _next(self) -> dt.datetime:
        self._at += dt.timedelta(seconds=self._chance.randrange(35, 110))
        return self._at

    def _pass(self, envio: Envio, target: EnvioState, outcome: AttemptOutcome, at: dt.datetime, **fields: Any) -> None:
        token = uuid.UUID(int=self._chance.getrandbits(128), version=4)  # MariaDB refuses others
        held: dict[str, Any] = {
            "lane": self._lane,
            "token": token,
            "lease_until": at,
            "attempts": 1,
            "dispatched_at": at,
        }
        envio_states.move(envio.pk, source=EnvioState.PENDING, target=EnvioState.SENDING, **held)
        envio_states.move(envio.pk, source=EnvioState.SENDING, target=target, **fields)
        self._attempts.append(
            Attempt(
                envio=envio,
                token=token,
                lane=self._lane,
                session_day=self._session_day,
                schedule_day=self._schedule_day,
                worker="demo",
                due_at=at,
                claimed_at=at,
                dispatched_at=at,
                finished_at=at + dt.timedelta(seconds=self._chance.uniform(18, 40)),
                outcome=outcome,
                host="localhost:3011",
                http_status=200 if outcome == AttemptOutcome.SENT else None,
                code=str(fields.get("error_code", "")),
                detail=str(fields.get("error_text", "")),
                duration_ms=self._chance.randrange(18_000, 40_000),
            )
        )
