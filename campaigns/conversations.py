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

from campaigns.enums import Ack, EnvioState
from campaigns.models import Envio, Reply
from leadmaster.accounts.models import User
from leadmaster.accounts.scope import scope
from leadmaster.lib.screens import Tone

# What became something: the rest has not been said yet, or never will be.
_TOLD: Final = (EnvioState.SENT, EnvioState.SENT_BY_HAND, EnvioState.ERROR, EnvioState.UNCERTAIN, EnvioState.HISTORICAL)
_MOST: Final = 20
_LONGEST: Final = 1_000

_TONES: Final[dict[str, Tone]] = {EnvioState.ERROR: "bad", EnvioState.UNCERTAIN: "warn"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Said:
    """One message. `ours` went out; `title` names the campaign or the line; `standing` how far it got, in words."""

    phone: str
    ours: bool
    at: dt.datetime
    title: str
    text: str
    standing: str
    tone: Tone


def conversation(
    phones: Collection[str], *, viewer: User, team_ids: Collection[int] = (), most: int = _MOST
) -> list[Said]:
    """The newest of what was said to and by these E.164 numbers, the newest first. Two queries, however many numbers.

    `team_ids` are teams whose lines' replies this person may read besides those of their own lines.
    """
    if not phones:
        return []
    said = [*_messages(phones, viewer, most), *_replies(phones, viewer, team_ids, most)]
    return sorted(said, key=lambda one: one.at, reverse=True)[:most]


def _messages(phones: Collection[str], viewer: User, most: int) -> Iterable[Said]:
    rows = Envio.objects.visible_to(viewer).filter(phone__in=phones, state__in=_TOLD).select_related("campaign")
    for envio in rows.defer("variables").order_by("-id")[:most]:
        yield Said(
            phone=envio.phone,
            ours=True,
            at=envio.sent_at or envio.ended_at or envio.dispatched_at or envio.created_at,
            title=_("Mensaje de “%(campaign)s”") % {"campaign": envio.campaign},
            text=envio.text[:_LONGEST],
            standing=_standing(envio),
            tone=_TONES.get(envio.state, "good" if envio.ack == Ack.READ else "neutral"),
        )


def _standing(envio: Envio) -> str:
    """The acknowledgement of what was sent, else the state; an error says why."""
    if envio.state == EnvioState.SENT:
        return str(envio.get_ack_display())
    state = str(envio.get_state_display())
    return f"{state}: {envio.error_text}" if envio.state == EnvioState.ERROR and envio.error_text else state


def _replies(phones: Collection[str], viewer: User, team_ids: Collection[int], most: int) -> Iterable[Said]:
    visible = scope(viewer, owner="session__owner", team="session__team")
    if visible:  # an administrator's is empty: all of them
        visible |= Q(session__team__in=team_ids)
    rows = Reply.objects.filter(visible, phone__in=phones).select_related("session")
    for reply in rows.order_by("-at", "-id")[:most]:
        yield Said(
            phone=reply.phone,
            ours=False,
            at=reply.at,
            title=_("Respuesta a “%(line)s”") % {"line": reply.session},
            text=reply.text[:_LONGEST],
            standing="",
            tone="info",
        )
