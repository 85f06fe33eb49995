"""What every message asks of the database on its way, in the ORM's words and compiled once.

These run some ten times for each message. Nothing else changes by being here: guards and transactions are those of the
callers. A statement is private, and the function below it says what it is given and what it answers.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
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
    Value,
)

from campaigns import envio_states
from campaigns.enums import AttemptOutcome, AutomaticKind, CampaignState, EnvioState
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
from campaigns.models.envio import REPLY_KEEPS
from leadmaster.accounts.models import User
from leadmaster.directory.models import ErasedPhone, Suppression
from leadmaster.lib.db.compiled import CompiledInsert, CompiledRow, CompiledUpdate, Param
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
_session = cast(Any, Param("session", BigIntegerField()))
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


_first_due = CompiledRow(lambda: _due()[:1])
_first_due_warm = CompiledRow(lambda: _due().filter(warm=True)[:1])


def first_due(*, campaign_id: int, warm_only: bool, now: dt.datetime) -> Due | None:
    """The first due envío of a campaign that nobody is claiming, locked; of people already written to if asked so."""
    row = (_first_due_warm if warm_only else _first_due)(id=campaign_id, now=now)
    return None if row is None else Due(*row)


_first_reply = CompiledRow(
    lambda: (
        Envio.objects.replies()
        .in_their_order()
        .filter(session_id=_session)
        .due(_now)
        .order_by("next_due", "id")
        .select_for_update(skip_locked=True)
        .annotate(
            written_by=Value(None, output_field=BigIntegerField()), written_at=Value(None, output_field=DateTimeField())
        )
        .values_list(*Due._fields)[:1]
    )
)


def first_reply(*, session_id: int, now: dt.datetime) -> Due | None:
    """The first due reply of a line that nobody is claiming, locked; of each conversation the oldest one goes first."""
    row = _first_reply(session=session_id, now=now)
    return None if row is None else Due(*row)


_charge_session_day = CompiledUpdate(lambda: SessionDay.objects.filter(id=_id, used__lt=_limit), used=F("used") + 1)
_charge_schedule_day = CompiledUpdate(lambda: ScheduleDay.objects.filter(id=_id, used__lt=_limit), used=F("used") + 1)


def charge_session_day(day_id: int, *, limit: int) -> bool:
    """One more of the session's day. False if the limit does not allow it."""
    return bool(_charge_session_day(id=day_id, limit=limit))


def charge_schedule_day(day_id: int, *, limit: int) -> bool:
    """One more of the schedule's day, likewise."""
    return bool(_charge_schedule_day(id=day_id, limit=limit))


_take_envio = envio_states.compiled_move(
    lambda: Envio.objects.filter(id=_id),
    source=EnvioState.PENDING,
    target=EnvioState.SENDING,
    lane_id=Param("lane", BigIntegerField()),
    token=_token,
    lease_until=_lease_until,
    attempts=F("attempts") + 1,
    dispatched_at=None,
)


def take_envio(envio_id: int, *, lane_id: int, token: uuid.UUID, lease_until: dt.datetime) -> bool:
    """`pendiente` to `enviando`. False if it is not pending any more."""
    return bool(_take_envio(id=envio_id, lane=lane_id, token=token, lease_until=lease_until))


first_word = CompiledInsert(PersonRest)
"""The first word of any campaign to this person. Raises IntegrityError when somebody else's came first."""

_next_word = CompiledUpdate(
    lambda: PersonRest.objects.filter(
        Q(campaign_id=_campaign) | Q(written_at__lte=Param("before", DateTimeField())),
        phone=Param("phone", CharField()),
    ),
    campaign_id=_campaign,
    written_at=_now,
)


def next_word(phone: str, *, campaign_id: int, before: dt.datetime, now: dt.datetime) -> bool:
    """Hold this person for this campaign. False if another one wrote to them after `before`."""
    return bool(_next_word(phone=phone, campaign=campaign_id, before=before, now=now))


_take_lane = CompiledUpdate(
    lambda: Lane.objects.filter(id=_id, busy=False), busy=True, token=_token, lease_until=_lease_until
)


def take_lane(lane_id: int, *, token: uuid.UUID, lease_until: dt.datetime) -> bool:
    """Hold a free lane. False if it is busy."""
    return bool(_take_lane(id=lane_id, token=token, lease_until=lease_until))


_free_lane = CompiledUpdate(
    lambda: Lane.objects.filter(id=_id, token=_token),
    busy=False,
    token=None,
    lease_until=None,
    next_due=Param("next_due", DateTimeField()),
    burst_count=Param("burst_count", BigIntegerField()),
)


def free_lane(lane_id: int, token: uuid.UUID, *, next_due: dt.datetime, burst_count: int) -> bool:
    """Free a lane if this token still holds it."""
    return bool(_free_lane(id=lane_id, token=token, next_due=next_due, burst_count=burst_count))


_settle_sent = envio_states.compiled_move(
    lambda: Envio.objects.filter(id=_id, token=_token),
    source=EnvioState.SENDING,
    target=EnvioState.SENT,
    message_id=_message_id,
    sent_at=Param("sent_at", DateTimeField()),
    error_code="",
    error_text="",
    lookup_due=None,
)


def settle_sent(envio_id: int, token: uuid.UUID, *, message_id: str, sent_at: dt.datetime) -> bool:
    """`enviando` to `enviado`. False if this token holds it no more."""
    return bool(_settle_sent(id=envio_id, token=token, message_id=message_id, sent_at=sent_at))


_close_sent = CompiledUpdate(
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


def close_sent(
    token: uuid.UUID,
    *,
    message_id: str,
    dispatched_at: dt.datetime | None,
    http_status: int | None,
    host: str,
    duration_ms: int | None,
    now: dt.datetime,
) -> bool:
    """Close the try of a success, which may still replace what was written in doubt; nothing replaces a success."""
    return bool(
        _close_sent(
            token=token,
            message_id=message_id,
            dispatched_at=dispatched_at,
            http_status=http_status,
            host=host,
            duration_ms=duration_ms,
            now=now,
        )
    )


_early_receipt = CompiledRow(
    lambda: EarlyReceipt.objects.filter(
        session_id=Param("session", BigIntegerField()), message_id=_message_id
    ).values_list("id")[:1]
)


def came_early(session_id: int, message_id: str) -> bool:
    """Whether an acknowledgement came before our own answer."""
    return _early_receipt(session=session_id, message_id=message_id) is not None


# By today's key and by those of before (FIELD_ENCRYPTION_OLD_KEYS).
_PERSON_KEYS = tuple(Param(f"person_key_{number}", CharField()) for number in range(3))
_PHONE_KEYS = tuple(Param(f"phone_key_{number}", CharField()) for number in range(3))


def _may_go() -> QuerySet[Envio]:
    """A campaign's: while it runs on a line that may send."""
    line = WhatsAppSession.objects.ready(_now).filter(pk=_session)
    running = Campaign.objects.filter(pk=OuterRef("campaign_id"), state=CampaignState.RUNNING, session__in=line)
    return _held().filter(Exists(running))


def _may_answer() -> QuerySet[Envio]:
    """A reply: while its line may send, whoever wrote it may still enter, and it answers this conversation.

    Whoever asked for silence gets one: that they were heard.
    """
    line = WhatsAppSession.objects.ready(_now).filter(pk=_session)
    by_somebody = Q(Exists(User.objects.filter(pk=OuterRef("author_id"), is_active=True))) | ~Q(automatic="")
    written_since = cast(Any, Param("written_since", DateTimeField()))
    rows = _held(even_opted_out=Q(automatic=AutomaticKind.OPT_OUT))
    return rows.filter(Exists(line), by_somebody, campaign__isnull=True, created_at__gt=written_since)


def _held(*, even_opted_out: Q | None = None) -> QuerySet[Envio]:
    """Ours to send, with the switch on, to somebody who wants to hear of us."""
    still_on = SenderSwitch.objects.order_by("-id").values("on")[:1]
    wants = ~Exists(Suppression.objects.filter(phone=OuterRef("phone")))
    erased = ErasedPhone.objects.filter(digest__in=_PHONE_KEYS)
    # Somebody who got this text after the backup that the database came back from: a person decides.
    written_to = ForgottenDispatch.objects.filter(person_key__in=_PERSON_KEYS, excluded_until__gt=_now)
    return (
        Envio.objects.filter(id=_id, token=_token, state=EnvioState.SENDING, lease_until__gt=_lease_until)
        .filter(wants if even_opted_out is None else Q(wants) | even_opted_out, ~Exists(erased))
        .filter(Q(settled_by__isnull=False) | ~Exists(written_to))
        .alias(switch=Subquery(still_on))
        .filter(Q(switch__isnull=True) | Q(switch=True))
    )


_begin_dispatch = CompiledUpdate(_may_go, dispatched_at=_now)
_begin_reply = CompiledUpdate(_may_answer, dispatched_at=_now)


def begin_dispatch(
    envio_id: int,
    token: uuid.UUID,
    *,
    session_id: int,
    is_reply: bool,
    person_keys: Sequence[str],
    phone_keys: Sequence[str],
    lease_until: dt.datetime,
    now: dt.datetime,
) -> bool:
    """The last look before the socket: still ours, campaign running, session ready, switch on, no opt-out, nobody who
    got it after a backup, and a lease that goes on past `lease_until`. False if one of them fails. Of a reply: an author
    who may still enter in place of the campaign, and not too long ago."""
    by_name = {**_named("person_key", person_keys), **_named("phone_key", phone_keys)}
    begin = _begin_dispatch
    if is_reply:
        begin, by_name["written_since"] = _begin_reply, now - REPLY_KEEPS
    return bool(begin(id=envio_id, token=token, session=session_id, lease_until=lease_until, now=now, **by_name))


def _named(name: str, keys: Sequence[str]) -> dict[str, Any]:
    """As many as the statement has room for: where there are fewer, today's again."""
    filled = [*keys, *[keys[0]] * (len(_PERSON_KEYS) - len(keys))]
    return {f"{name}_{number}": key for number, key in enumerate(filled)}
