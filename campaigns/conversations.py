"""What was written between our lines and some people: messages of campaigns with how far they got, and replies.

For the page of one person and for lists of many. Who works a client reads what the client answered to any line of the
team; messages of campaigns are for who may see the campaign.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection, Iterable
from typing import Final

from django.db.models import Q
from django.utils.translation import gettext as _

from campaigns.enums import Ack, EnvioState, MessageKind
from campaigns.models import Conversation, ConversationEvent, Envio, Reply
from leadmaster.accounts.models import User
from leadmaster.accounts.scope import scope
from leadmaster.lib.screens import Tone

# What became something: the rest has not been said yet, or never will be.
_TOLD: Final = (EnvioState.SENT, EnvioState.SENT_BY_HAND, EnvioState.ERROR, EnvioState.UNCERTAIN, EnvioState.HISTORICAL)
_MOST: Final = 20
_LONGEST: Final = 1_000
_MOST_OF_A_THREAD: Final = 200

_TONES: Final[dict[str, Tone]] = {
    EnvioState.ERROR: "bad",
    EnvioState.UNCERTAIN: "warn",
    EnvioState.CANCELLED: "bad",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Said:
    """One message. `ours` went out; `title` names the campaign, the person or the line; `standing` how far it got, in words.

    `reply` is the row of what a person of ours wrote here.
    """

    phone: str
    ours: bool
    at: dt.datetime
    title: str
    text: str
    standing: str
    tone: Tone
    # Of what is no text, its name; `text` is then the caption.
    media: str = ""
    reply: Envio | None = None


def conversation(
    phones: Collection[str], *, viewer: User, team_ids: Collection[int] = (), most: int = _MOST
) -> list[Said]:
    """The newest of what was said to and by these E.164 numbers, the newest first. Three queries, however many numbers.

    `team_ids` are teams whose lines' replies this person may read besides those of their own lines.
    """
    if not phones:
        return []
    said = [
        *_messages(phones, viewer, most),
        *_replies(phones, viewer, team_ids, most),
        *_answers(phones, viewer, team_ids, most),
    ]
    return sorted(said, key=lambda one: one.at, reverse=True)[:most]


def thread(row: Conversation, *, most: int = _MOST_OF_A_THREAD) -> list[Said]:
    """The last of what its line and its person wrote to each other, whole, in their order. Two queries.

    Whoever may read the conversation reads all of it: the caller asks `opportunities.scope`.
    """
    replies = Reply.objects.filter(row.words(), session=row.session_id).select_related("session")
    said = [_heard(reply) for reply in replies.order_by("-at", "-id")[:most]]
    if row.phone:
        told = Q(state__in=_TOLD) | Q(campaign__isnull=True)
        envios = Envio.objects.filter(told, phone=row.phone, session=row.session_id).defer("variables")
        said += [_written(one) for one in envios.select_related("campaign", "author").order_by("-id")[:most]]
    return sorted(said, key=lambda one: one.at)[-most:]


def history(row: Conversation) -> list[ConversationEvent]:
    """What people decided about it, the newest first. One query."""
    return list(row.events.select_related("by", "before", "to").order_by("-id")[:_MOST])


def words_of(reply: Reply) -> str:
    """What they sent, in one line: its words, or what it is."""
    return " · ".join(part for part in (media_of(reply), reply.text) if part)


def media_of(reply: Reply) -> str:
    return "" if reply.kind == MessageKind.TEXT else str(reply.get_kind_display())


def _messages(phones: Collection[str], viewer: User, most: int) -> Iterable[Said]:
    rows = Envio.objects.visible_to(viewer).filter(phone__in=phones, state__in=_TOLD).select_related("campaign")
    return [_shortened(_written(envio)) for envio in rows.defer("variables").order_by("-id")[:most]]


def _written(envio: Envio) -> Said:
    went = envio.sent_at or envio.ended_at or envio.dispatched_at or envio.created_at
    return Said(
        phone=envio.phone,
        ours=True,
        # An answer stands where it was written, whenever its line was free.
        at=envio.created_at if envio.is_reply else went,
        title=envio.title if envio.is_reply else _("Mensaje de “%(campaign)s”") % {"campaign": envio.campaign},
        text=envio.text,
        standing=_standing(envio),
        tone=_TONES.get(envio.state, "good" if envio.ack == Ack.READ else "neutral"),
        reply=envio if envio.is_reply else None,
    )


def _standing(envio: Envio) -> str:
    """The acknowledgement of what was sent, else the state; an error says why."""
    if envio.state == EnvioState.SENT:
        return str(envio.get_ack_display())
    state = str(envio.get_state_display())
    ended = envio.state in (EnvioState.ERROR, EnvioState.CANCELLED)
    return f"{state}: {envio.error_text}" if ended and envio.error_text else state


def _answers(phones: Collection[str], viewer: User, team_ids: Collection[int], most: int) -> Iterable[Said]:
    """What people of ours, and lines by themselves, answered: for whoever reads what they answered to."""
    rows = Envio.objects.replies().filter(_of_lines_of(viewer, team_ids), phone__in=phones, state__in=_TOLD)
    return [_shortened(_written(envio)) for envio in rows.select_related("author").order_by("-id")[:most]]


def _of_lines_of(viewer: User, team_ids: Collection[int]) -> Q:
    visible = scope(viewer, owner="session__owner", team="session__team")
    if visible:  # an administrator's is empty: all of them
        visible |= Q(session__team__in=team_ids)
    return visible


def _replies(phones: Collection[str], viewer: User, team_ids: Collection[int], most: int) -> Iterable[Said]:
    visible = _of_lines_of(viewer, team_ids)
    rows = Reply.objects.filter(visible, phone__in=phones).select_related("session")
    newest = rows.order_by("-at", "-id")[:most]
    # Whole: what a person wrote is cut for nobody who has to answer it.
    return [dataclasses.replace(_heard(reply), text=words_of(reply)) for reply in newest]


def _heard(reply: Reply) -> Said:
    return Said(
        phone=reply.phone,
        ours=False,
        at=reply.at,
        title=_("Respuesta a “%(line)s”") % {"line": reply.session},
        text=reply.text,
        standing="",
        tone="info",
        media=media_of(reply),
    )


def _shortened(one: Said) -> Said:
    return dataclasses.replace(one, text=one.text[:_LONGEST])
