"""What is answered in conversations goes out before a line's campaigns: no schedule, no cap, no pace but the line's own.

Everything else is that of any envío: lanes, claims, the last look before the socket, settling, leases, look-ups. A reply
leaves the pace of campaigns as it found it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt

from django.conf import settings
from django.db.models import QuerySet
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from campaigns import envio_states
from campaigns.enums import Evidence
from campaigns.models import Conversation, Envio
from campaigns.models.envio import REPLY_KEEPS
from campaigns.switch import was_turned_off
from leadmaster.accounts.models import User
from leadmaster.lib.language import in_project_language
from whatsapp.models import WhatsAppSession

_BATCH = 500
_NEVER = dt.datetime.max.replace(tzinfo=dt.UTC)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReplySlot:
    """A line that has somebody to answer. Shaped like a campaign's slot as far as sending goes."""

    session: WhatsAppSession
    campaign: None = None
    closes: dt.datetime = _NEVER
    session_day_id: None = None
    schedule_day_id: None = None


def waiting_lines(now: dt.datetime) -> dict[int, ReplySlot]:
    """By session: those that may send now and have a reply due. One query when there is none, three otherwise."""
    due = set(
        Envio.objects.replies().in_their_order().due(now).order_by().values_list("session_id", flat=True).distinct()
    )
    if not due or not settings.AUTO_CAMPAIGNS_ENABLED or was_turned_off():
        return {}
    ready = WhatsAppSession.objects.ready(now).filter(pk__in=due).order_by("pk")
    return {session.pk: ReplySlot(session=session) for session in ready}


@in_project_language
def over_because(envio_id: int, now: dt.datetime) -> tuple[Evidence, str] | None:
    """Why this reply, which could not go out, never will; None while it may."""
    row = Envio.objects.select_related("author", "settled_by").get(pk=envio_id)
    # Whoever looked and sends it again answers for it from then on.
    who = row.settled_by or row.author
    if row.author is not None and not row.author.is_active:
        return Evidence.AUTHOR, _("Quien la escribió ya no entra a LeadMaster: no salió.")
    if who is not None and not _still_attends(who, row):
        return Evidence.AUTHOR, _("Quien la escribió ya no atiende esta conversación: no salió. Si vale, mándala tú.")
    if row.created_at <= now - REPLY_KEEPS:
        return Evidence.TOO_LATE, _too_late()
    return None


def _still_attends(who: User, reply: Envio) -> bool:
    """Whether they may read the conversation that they answered: whoever left its team or their desk may not."""
    readable: QuerySet[Conversation] = import_string(settings.CONVERSATIONS_OF)(who)
    answered = Conversation.objects.filter(session=reply.session_id, phone=reply.phone)
    return readable.filter(pk__in=answered).exists() or not answered.exists()


@in_project_language
def end_late(now: dt.datetime) -> int:
    """Cancel what waited so long for its line that it would answer another conversation. One query when there is none."""
    late = Envio.objects.replies().pending().filter(created_at__lte=now - REPLY_KEEPS)
    ids = list(late.order_by("id").values_list("id", flat=True)[:_BATCH])
    ended = 0
    for envio_id in ids:
        ended += envio_states.end_reply(envio_id, evidence=Evidence.TOO_LATE, reason=_too_late(), now=now)
    return ended


def _too_late() -> str:
    return _("La línea no pudo enviarla en una hora: léela de nuevo y vuelve a mandarla.")
