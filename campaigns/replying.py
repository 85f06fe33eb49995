"""What a person answers in a conversation: written once, shown what came since, and handed to the engine as an envío.

The row is the reply's whole life: the engine claims it before the line's campaigns, and what it says of it (`enviado` with
the gateway's id, `incierto`, `error`) holds as for any other.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from campaigns import switch
from campaigns.enums import EnvioState
from campaigns.errors import Incomplete, NotAllowed, Refused, Stale, WrongState
from campaigns.models import Conversation, Envio, Reply
from leadmaster.accounts.models import User
from leadmaster.directory.models import Suppression
from leadmaster.lib.db.retry import retrying
from leadmaster.lib.ids import MOST_ID
from whatsapp.models import WhatsAppSession

# WhatsApp's own bound of a text.
LONGEST: Final = 4_096
_HOUR: Final = dt.timedelta(hours=1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Seen:
    """The last of a conversation that somebody had before their eyes: of theirs, and of our answers. Grows with each."""

    heard: int = 0
    said: int = 0

    def __str__(self) -> str:
        return f"{self.heard}.{self.said}"

    @classmethod
    def of(cls, text: str) -> Seen:
        """As `str` wrote it. What is something else has seen nothing."""
        heard, _dot, said = text.partition(".")
        numbers = [int(part) if part.isascii() and part.isdigit() and len(part) < 19 else 0 for part in (heard, said)]
        if max(numbers) > MOST_ID:
            return cls()
        return cls(heard=numbers[0], said=numbers[1])


class Unseen(Stale):
    """Something was written that the author had not seen. With `seen` as it is now the same text goes out."""

    def __init__(self, sentence: str, *, seen: Seen) -> None:
        super().__init__(sentence)
        self.seen = seen


def seen_of(row: Conversation) -> Seen:
    """The last of this conversation, now. Two queries."""
    # A maximum walks the person's own index; an order by id would walk the table's.
    heard = Reply.objects.filter(row.words(), session=row.session_id).aggregate(last=Max("id"))["last"]
    said = (
        Envio.objects.replies().filter(session=row.session_id, phone=row.phone or "").aggregate(last=Max("id"))["last"]
    )
    return Seen(heard=heard or 0, said=said or 0)


def why_nobody_answers(row: Conversation) -> str:
    """What keeps anybody from answering here now, with what to do; empty when nothing does. Three queries."""
    try:
        _reachable(row)
    except Refused as refusal:
        return str(refusal)
    return ""


def write(conversation_id: int, *, text: str, by: User, key: str, seen: Seen, now: dt.datetime) -> Envio:
    """A reply that waits for its line. The same key again is the same reply, whatever was said since.

    Raises Unseen while something is there that the author had not seen; Incomplete, NotAllowed, WrongState or Refused,
    each with what to do. Whether this person may answer here is asked by the caller.
    """
    text = text.strip()
    if not text:
        raise Incomplete(_("Escribe algo: no se mandó nada."))
    if len(text) > LONGEST:
        raise Incomplete(
            _("Es demasiado largo: %(n)d de %(most)d caracteres. Acórtalo o pártelo en dos.")
            % {"n": len(text), "most": LONGEST}
        )
    try:
        return retrying(lambda: _write(conversation_id, text=text, by=by, key=key, seen=seen, now=now))
    except IntegrityError:
        # The same press came twice at once, and the other one was first.
        row = Conversation.objects.get(pk=conversation_id)
        same = _written_with(key, row=row, text=text, by=by)
        if same is None:
            raise
        return same


@transaction.atomic(durable=True)
def _write(conversation_id: int, *, text: str, by: User, key: str, seen: Seen, now: dt.datetime) -> Envio:
    # 1. The conversation, locked: what they write meanwhile waits, and so does a colleague's answer.
    row = Conversation.objects.select_related("session").select_for_update().get(pk=conversation_id)
    # 2. The same press again.
    same = _written_with(key, row=row, text=text, by=by)
    if same is not None:
        return same
    # 3. Whether anything may be written to this person now.
    phone = _reachable(row)
    _require_everything_seen(row, seen)
    _require_room(row.session, now)
    # 4. Their words have been read: the answer that leaves attends to them.
    if row.unread:
        row.unread = 0
        row.save(update_fields=["unread"])
    return Envio.objects.create(
        session=row.session,
        phone=phone,
        text=text,
        warm=True,
        author=by,
        written_key=key,
        next_due=now,
        created_at=now,
    )


def _written_with(key: str, *, row: Conversation, text: str, by: User) -> Envio | None:
    same = Envio.objects.filter(author=by, written_key=key).first()
    if same is None:
        return None
    if (same.session_id, same.phone, same.text) != (row.session_id, row.phone, text):
        raise WrongState(_("Con esa clave ya se mandó otro texto: abre la conversación de nuevo y escríbelo otra vez."))
    return same


def _reachable(row: Conversation) -> str:
    """The number that the answer goes to. Raises what keeps it from going."""
    if row.phone is None:
        raise Incomplete(_("WhatsApp todavía no dice su número, así que no se le puede escribir desde aquí."))
    if not switch.is_on():
        raise WrongState(_("Los envíos están apagados para toda la empresa: no sale nada hasta que los enciendan."))
    holding = Suppression.objects.holding(row.phone)
    if holding is not None and holding.in_doubt:
        raise NotAllowed(
            _("Quizás pidió que no le escriban: antes de contestarle, una persona que supervise tiene que decidirlo.")
        )
    if holding is not None:
        raise NotAllowed(_("Pidió que no le escriban: no se le puede contestar."))
    return row.phone


def _require_everything_seen(row: Conversation, seen: Seen) -> None:
    last = seen_of(row)
    if last.heard > seen.heard:
        raise Unseen(_("Escribió algo mientras contestabas: léelo y, si tu respuesta vale igual, mándala."), seen=last)
    if last.said > seen.said:
        raise Unseen(
            _("Ya se le contestó algo que no habías visto: léelo y, si tu respuesta vale igual, mándala."), seen=last
        )


def _require_room(session: WhatsAppSession, now: dt.datetime) -> None:
    """So many an hour of one line. Held, so that two who answer at once share the last place."""
    WhatsAppSession.objects.select_for_update().filter(pk=session.pk).values_list("pk", flat=True).first()
    if used_of_hour(session, now) >= settings.REPLIES_PER_HOUR:
        raise Refused(
            _(
                "La línea “%(line)s” ya contestó %(n)d veces en una hora y WhatsApp podría bloquearla: espera unos minutos "
                "y mándala entonces."
            )
            % {"line": session, "n": settings.REPLIES_PER_HOUR}
        )


def used_of_hour(session: WhatsAppSession, now: dt.datetime) -> int:
    """How many answers of this line wait, or left or may have left within the last hour."""
    since, of_line = now - _HOUR, Envio.objects.replies().filter(session=session)
    waiting = of_line.filter(state__in=(EnvioState.PENDING, EnvioState.SENDING)).count()
    left = of_line.filter(state=EnvioState.SENT, sent_at__gt=since).count()
    in_doubt = of_line.filter(state=EnvioState.UNCERTAIN, dispatched_at__gt=since).count()
    return waiting + left + in_doubt
