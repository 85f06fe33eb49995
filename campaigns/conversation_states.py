"""The one door to a conversation's state: what people write, and what people of ours do about it.

    a message of theirs        anything → por_atender: also what was put off, and what somebody had attended to
    handle                     por_atender, pospuesta → atendida
    snooze                     por_atender, pospuesta → pospuesta, which waits again from its hour on
    a reply of ours left       por_atender → atendida, unless they wrote on
    and was refused later      atendida → por_atender
    read, assign               leave the state as it is

Who may do so is the business of whoever calls. People say which version they looked at; whatever the other side wrote
since makes theirs old, so nobody attends to words that they have not seen.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from campaigns.enums import CONVERSATION_OPEN, ConversationState, EnvioState, MessageKind
from campaigns.errors import Incomplete, Stale, WrongState
from campaigns.models import Conversation, Envio, Reply
from leadmaster.accounts.models import User
from leadmaster.lib.db.retry import retrying
from leadmaster.ops import rollups
from whatsapp.inbound import Inbound
from whatsapp.models import WhatsAppSession

S = ConversationState

# What the columns of an open one may become, for the test that the table is total.
TRANSITIONS: dict[ConversationState, frozenset[ConversationState]] = {
    S.WAITING: frozenset({S.WAITING, S.SNOOZED, S.HANDLED}),
    S.SNOOZED: frozenset({S.WAITING, S.SNOOZED, S.HANDLED}),
    S.HANDLED: frozenset({S.WAITING}),
}

LONGEST_SNOOZE = dt.timedelta(days=90)
_LONGEST_REPLY = 4_096
# Two that tell of one person for the first time in the same moment: one of them finds what the other made.
_TRIES = 3
# A campaign's words that a person can have answered.
_SAID = (EnvioState.SENT, EnvioState.SENT_BY_HAND, EnvioState.UNCERTAIN, EnvioState.HISTORICAL)


# --- What people write -------------------------------------------------------------------------------------------------


def hear(inbound: Inbound, *, session: WhatsAppSession, phone: str, settled: bool, now: dt.datetime) -> Conversation:
    """Keep one message of a person, once, in their conversation with this line. One short transaction.

    `phone` is theirs as the directory writes it, empty when only the lid is told. `settled`: it asks for nothing that a
    person would have to do, as who asks for silence does.
    """
    act = functools.partial(_hear, inbound, session=session, phone=phone, settled=settled, now=now)
    for _attempt in range(_TRIES - 1):
        try:
            return retrying(act)
        except IntegrityError:
            continue
    return retrying(act)


def hidden_words(session: WhatsAppSession, lid: str) -> list[str]:
    """What this lid wrote while nobody knew its number."""
    rows = Reply.objects.filter(session=session, lid=lid, phone="")
    return list(rows.order_by("at").values_list("text", flat=True))


@transaction.atomic
def _hear(inbound: Inbound, *, session: WhatsAppSession, phone: str, settled: bool, now: dt.datetime) -> Conversation:
    # 1. The conversation, locked: callbacks about one person come one after the other from here on.
    at = min(inbound.at, now)
    row = _conversation_of(session, phone, inbound.lid, at, now=now)
    # 2. The message; a repeated callback stops here.
    if Reply.objects.filter(session=session, message_id=inbound.message_id).exists():
        return row
    reply = Reply.objects.create(
        session=session,
        message_id=inbound.message_id,
        phone=row.phone or "",
        lid=inbound.lid,
        kind=MessageKind[inbound.content.name],
        text=inbound.text[:_LONGEST_REPLY],
        at=at,
    )
    _tell_sums([reply], now=now)
    # 3. What it means for whoever attends.
    if row.last_reply_id is None or at >= row.last_at:
        row.last_at, row.last_reply = at, reply
        row.campaign_id = _answered_campaign(row) or row.campaign_id
    if settled:
        _settle(row, by=None, now=now)
    else:
        _wake(row, at=at)
    return _save(row)


def _tell_sums(words: Sequence[Reply], *, now: dt.datetime) -> None:
    """Words that come late, or get a number late, are of a day that may be summed; so is what answered them since."""
    late = [reply for reply in words if reply.at < now - rollups.LATE]
    if not late:
        return
    first = late[0]
    answers = Envio.objects.replies().filter(phone=first.phone, session=first.session_id, sent_at__isnull=False)
    rollups.changed([*(reply.at for reply in late), *answers.values_list("sent_at", flat=True)], now=now)


def _conversation_of(
    session: WhatsAppSession, phone: str, lid: str, at: dt.datetime, *, now: dt.datetime
) -> Conversation:
    """Theirs, locked, made when there is none. Two become one once both identities are known to be one person's."""
    told = (Q(phone=phone) if phone else Q()) | (Q(lid=lid) if lid else Q())
    found = list(Conversation.objects.filter(told, session=session).order_by("id").select_for_update())
    by_phone = next((row for row in found if phone and row.phone == phone), None)
    by_lid = next((row for row in found if lid and row.lid == lid), None)
    if phone and by_lid is not None and by_lid.phone not in (None, phone):
        # They moved to another number: what was said stays with the old one, the lid goes with the person.
        by_lid.lid = None
        by_lid.save(update_fields=["lid"])
        by_lid = None
    if phone and by_lid is not None and by_lid is not by_phone:
        _unveil(by_lid, phone, into=by_phone, now=now)
    row = by_phone or by_lid
    if row is None:
        return Conversation.objects.create(
            session=session,
            phone=phone or None,
            lid=lid or None,
            state=S.WAITING,
            waiting_since=at,
            due_at=at,
            last_at=at,
        )
    if lid and row.lid != lid:
        row.lid = lid
        row.save(update_fields=["lid"])
    return row


def _unveil(hidden: Conversation, phone: str, *, into: Conversation | None, now: dt.datetime) -> None:
    """The number behind a lid is known. Their words get it, and where there is a conversation with it, that is theirs."""
    words = list(Reply.objects.filter(session=hidden.session_id, lid=hidden.lid or "", phone=""))
    Reply.objects.filter(pk__in=[reply.pk for reply in words]).update(phone=phone)
    for reply in words:
        reply.phone = phone
    _tell_sums(words, now=now)
    if into is None:
        hidden.phone = phone
        hidden.save(update_fields=["phone"])
        return
    # Whoever waited in either of the two still waits; what somebody was given stays theirs.
    if hidden.last_at > into.last_at:
        into.last_at, into.last_reply_id = hidden.last_at, hidden.last_reply_id
    if hidden.waiting_since is not None:
        since = min(hidden.waiting_since, into.waiting_since or hidden.waiting_since)
        into.state, into.waiting_since, into.due_at = S.WAITING, since, since
    into.unread += hidden.unread
    into.assigned_to_id = into.assigned_to_id or hidden.assigned_to_id
    _move_what_hangs_on(hidden, into)
    hidden.delete()
    _save(into)


def _move_what_hangs_on(hidden: Conversation, into: Conversation) -> None:
    """Rows of other apps that point at the one which goes: they are the person's, not the lid's."""
    for relation in Conversation._meta.related_objects:
        rows = relation.related_model._base_manager.filter(**{relation.field.name: hidden})
        rows.update(**{relation.field.name: into})


def _answered_campaign(row: Conversation) -> int | None:
    """Whose message went out last to them. A person has few."""
    if row.phone is None:
        return None
    said = Envio.objects.of_campaigns().filter(phone=row.phone, session=row.session_id, state__in=_SAID)
    went = Coalesce("sent_at", "dispatched_at", "created_at")
    return said.order_by(went.desc(), "-id").values_list("campaign_id", flat=True).first()


def _wake(row: Conversation, *, at: dt.datetime) -> None:
    row.waiting_since = at if row.waiting_since is None else min(row.waiting_since, at)
    row.state, row.due_at = S.WAITING, row.waiting_since
    row.unread += 1


def answered(envio_id: int, *, now: dt.datetime) -> None:
    """A reply left. Unless they wrote on meanwhile, nothing is left to do. Runs in the caller's transaction.

    What they wrote after it was written has no answer yet, also when somebody has opened it since.
    """
    reply = Envio.objects.select_related("author").only("session", "phone", "author", "created_at").get(pk=envio_id)
    row = Conversation.objects.select_for_update().filter(session=reply.session_id, phone=reply.phone).first()
    if row is None or row.state != S.WAITING or row.unread or _wrote_on(row, after=reply.created_at):
        return
    _settle(row, by=reply.author, now=now)
    _save(row)


def refused(envio_id: int, *, now: dt.datetime) -> None:
    """A reply that had left was refused afterwards: whoever it was for still waits. Runs in the caller's transaction."""
    reply = Envio.objects.only("session", "phone", "author").get(pk=envio_id)
    row = Conversation.objects.select_for_update().filter(session=reply.session_id, phone=reply.phone).first()
    if row is None or row.state != S.HANDLED or row.handled_by_id != reply.author_id or _said_since(row, reply):
        return
    row.state, row.waiting_since, row.due_at = S.WAITING, now, now
    _save(row)


def _wrote_on(row: Conversation, *, after: dt.datetime) -> bool:
    return Reply.objects.filter(row.words(), session=row.session_id, at__gt=after).exists()


def _said_since(row: Conversation, reply: Envio) -> bool:
    """Whether another answer of ours came after this one, and left."""
    later = Envio.objects.replies().filter(session=row.session_id, phone=reply.phone, pk__gt=reply.pk)
    return later.filter(state__in=(EnvioState.SENT, EnvioState.SENT_BY_HAND)).exists()


# --- What people of ours do --------------------------------------------------------------------------------------------


@transaction.atomic
def read(conversation_id: int, *, version: int) -> Conversation:
    """Their words were opened, as they stood at `version`. Whoever wrote since is still unread; nothing else changes."""
    row = Conversation.objects.select_for_update().get(pk=conversation_id)
    if row.version == version and row.unread:
        row.unread = 0
        row.save(update_fields=["unread"])
    return row


@transaction.atomic
def handle(conversation_id: int, *, by: User, version: int, now: dt.datetime) -> Conversation:
    """Nothing is left to do until they write again. Raises Stale or WrongState."""
    row = _locked(conversation_id, version)
    _require_open(row)
    _settle(row, by=by, now=now)
    return _save(row)


@transaction.atomic
def snooze(conversation_id: int, *, until: dt.datetime, version: int, now: dt.datetime) -> Conversation:
    """Out of the way until then, or until they write. Raises Stale, WrongState or Incomplete."""
    if until <= now:
        raise Incomplete(_("Esa hora ya pasó: elige una que esté por venir."))
    if until - now > LONGEST_SNOOZE:
        raise Incomplete(_("Se puede posponer hasta %(days)d días.") % {"days": LONGEST_SNOOZE.days})
    row = _locked(conversation_id, version)
    _require_open(row)
    row.state, row.due_at, row.unread = S.SNOOZED, until, 0
    return _save(row)


@transaction.atomic
def assign(conversation_id: int, *, to: User | None, version: int) -> Conversation:
    """Somebody's to attend to, or nobody's in particular. Raises Stale."""
    row = _locked(conversation_id, version)
    row.assigned_to = to
    return _save(row)


def _locked(conversation_id: int, version: int) -> Conversation:
    row = Conversation.objects.select_for_update().get(pk=conversation_id)
    if row.version != version:
        raise Stale(_("La conversación cambió desde que la miraste: léela de nuevo y decide."))
    return row


def _require_open(row: Conversation) -> None:
    if row.state not in CONVERSATION_OPEN:
        raise WrongState(_("La conversación ya está atendida: vuelve a la lista cuando la persona escriba."))


def _settle(row: Conversation, *, by: User | None, now: dt.datetime) -> None:
    row.state, row.waiting_since, row.due_at, row.unread = S.HANDLED, None, None, 0
    row.handled_at, row.handled_by = now, by


def _save(row: Conversation) -> Conversation:
    row.version += 1
    row.save()
    return row
