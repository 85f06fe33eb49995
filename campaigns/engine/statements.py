"""What every message asks of the database on its way, in the ORM's words and compiled once.

These run some ten times for each message. Nothing else changes by being here: guards, row counts and transactions are
those of the callers.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, NamedTuple, cast

from django.db.models import (
    BigIntegerField,
    CharField,
    DateTimeField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    UUIDField,
)

from campaigns import envio_states
from campaigns.enums import AttemptOutcome, CampaignState, EnvioState
from campaigns.models import (
    Attempt,
    Campaign,
    EarlyReceipt,
    Envio,
    ForgottenDispatch,
    Lane,
    PersonRest,
    ScheduleDay,
    SenderSwitch,
    SessionDay,
)
from leadmaster.directory.models import Suppression
from leadmaster.lib.db.compiled import Param, PreparedInsert, PreparedRow, PreparedUpdate
from whatsapp.models import WhatsAppSession


class Due(NamedTuple):
    """What a claim takes from its envío; the rest of a wide row stays where it is."""

    id: int
    phone: str
    text: str
    client_message_id: uuid.UUID
    attempts: int
    next_due: dt.datetime
    # Which campaign wrote to this person last, and when; None for whoever nobody wrote to.
    written_by: int | None
    written_at: dt.datetime | None


_id = Param("id", BigIntegerField())
_token = Param("token", UUIDField())
_message_id = Param("message_id", CharField())
_campaign = cast(Any, Param("campaign", BigIntegerField()))
_limit = Param("limit", BigIntegerField())
_lease_until = Param("lease_until", DateTimeField())
_now = cast(Any, Param("now", DateTimeField()))


def _due() -> QuerySet[Envio, tuple[Any, ...]]:
    rows = Envio.objects.filter(campaign_id=_id).due(_now).order_by("next_due", "id")
    # Read, not locked, and of the one row that is returned: the guarded UPDATE of `next_word` decides.
    person = PersonRest.objects.filter(phone=OuterRef("phone"))
    rows = rows.annotate(
        written_by=Subquery(person.values("campaign")[:1]), written_at=Subquery(person.values("written_at")[:1])
    )
    return rows.select_for_update(skip_locked=True).values_list(*Due._fields)


# The first due envío of a campaign that nobody is claiming. (id, now)
first_due = PreparedRow(lambda: _due()[:1])
first_due_warm = PreparedRow(lambda: _due().filter(warm=True)[:1])

# One more of the day, if the limit allows. (id, limit)
charge_session_day = PreparedUpdate(lambda: SessionDay.objects.filter(id=_id, used__lt=_limit), used=F("used") + 1)
charge_schedule_day = PreparedUpdate(lambda: ScheduleDay.objects.filter(id=_id, used__lt=_limit), used=F("used") + 1)

# `pendiente` to `enviando`. (id, lane, token, lease_until)
take_envio = envio_states.prepared_move(
    lambda: Envio.objects.filter(id=_id),
    source=EnvioState.PENDING,
    target=EnvioState.SENDING,
    lane_id=Param("lane", BigIntegerField()),
    token=_token,
    lease_until=_lease_until,
    attempts=F("attempts") + 1,
    dispatched_at=None,
)

# Hold the person for this campaign: the first word to them, and every other. (phone, campaign, before, now)
first_word = PreparedInsert(PersonRest)
next_word = PreparedUpdate(
    lambda: PersonRest.objects.filter(
        Q(campaign_id=_campaign) | Q(written_at__lte=Param("before", DateTimeField())),
        phone=Param("phone", CharField()),
    ),
    campaign_id=_campaign,
    written_at=_now,
)

# Hold a free lane. (id, token, lease_until)
take_lane = PreparedUpdate(
    lambda: Lane.objects.filter(id=_id, busy=False), busy=True, token=_token, lease_until=_lease_until
)

# Free a lane if this token still holds it. (id, token, next_due, burst_count)
free_lane = PreparedUpdate(
    lambda: Lane.objects.filter(id=_id, token=_token),
    busy=False,
    token=None,
    lease_until=None,
    next_due=Param("next_due", DateTimeField()),
    burst_count=Param("burst_count", BigIntegerField()),
)


# `enviando` to `enviado`, by the token that holds it. (id, token, message_id, sent_at)
settle_sent = envio_states.prepared_move(
    lambda: Envio.objects.filter(id=_id, token=_token),
    source=EnvioState.SENDING,
    target=EnvioState.SENT,
    message_id=_message_id,
    sent_at=Param("sent_at", DateTimeField()),
    error_code="",
    error_text="",
    lookup_due=None,
)

# Close the try of a success, which may still replace what was written in doubt; nothing replaces a success.
close_sent = PreparedUpdate(
    lambda: Attempt.objects.filter(token=_token).exclude(outcome=AttemptOutcome.SENT),
    outcome=AttemptOutcome.SENT,
    finished_at=_now,
    message_id=_message_id,
    dispatched_at=Param("dispatched_at", DateTimeField()),
    http_status=Param("http_status", BigIntegerField()),
    host=Param("host", CharField()),
    duration_ms=Param("duration_ms", BigIntegerField()),
    code="",
    detail="",
)

# Whether an acknowledgement came before our own answer. (session, message_id)
early_receipt = PreparedRow(
    lambda: EarlyReceipt.objects.filter(
        session_id=Param("session", BigIntegerField()), message_id=_message_id
    ).values_list("id")[:1]
)


def _may_go() -> QuerySet[Envio]:
    still_on = SenderSwitch.objects.order_by("-id").values("on")[:1]
    running = Campaign.objects.filter(
        pk=OuterRef("campaign_id"),
        state=CampaignState.RUNNING,
        session__in=WhatsAppSession.objects.ready(_now).filter(pk=Param("session", BigIntegerField())),
    )
    opted_out = Suppression.objects.filter(phone=OuterRef("phone"))
    # Somebody who got this text after the backup that the database came back from: a person decides.
    written_to = ForgottenDispatch.objects.filter(person_key=Param("person_key", CharField()), excluded_until__gt=_now)
    return (
        Envio.objects.filter(id=_id, token=_token, state=EnvioState.SENDING, lease_until__gt=_lease_until)
        .filter(~Exists(opted_out), Exists(running))
        .filter(Q(settled_by__isnull=False) | ~Exists(written_to))
        .alias(switch=Subquery(still_on))
        .filter(Q(switch__isnull=True) | Q(switch=True))
    )


# The last look before the socket: still ours, campaign running, session ready, switch on, no opt-out, nobody who got
# it after a backup, and a lease that goes on past `lease_until`. (id, token, session, person_key, lease_until, now)
begin_dispatch = PreparedUpdate(_may_go, dispatched_at=_now)
