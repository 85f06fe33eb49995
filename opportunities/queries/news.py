"""What a person's devices tell while no page is open: a reply, a client about to be lost, an approval, a line that is down.

A locked screen is everybody's to read: given names and numbers, nothing that a client wrote.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from collections.abc import Iterator
from typing import Final

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from campaigns.enums import CampaignState
from campaigns.models import Campaign, CampaignEvent, Conversation
from leadmaster.accounts.models import User
from opportunities.models import Opportunity
from opportunities.queries.conversations import people
from opportunities.queries.day import lines_in_trouble
from opportunities.scope import conversation_reasons, own_desk

_FRESH: Final = dt.timedelta(minutes=10)
_SOON: Final = dt.timedelta(minutes=30)
# What may pass by itself is told after so long.
_LASTING: Final = dt.timedelta(minutes=2)
_APPROVED: Final = dt.timedelta(hours=1)
# More than so many are told as a number.
_BY_NAME: Final = 3


class About(enum.Enum):
    """What a piece of news leads to. Its address is for whoever tells it."""

    CONVERSATIONS = enum.auto()
    CONVERSATION = enum.auto()
    OPPORTUNITIES = enum.auto()
    OPPORTUNITY = enum.auto()
    OWN_CAMPAIGN = enum.auto()
    CAMPAIGN_TO_APPROVE = enum.auto()
    LINE = enum.auto()


@dataclasses.dataclass(frozen=True, kw_only=True)
class PieceOfNews:
    """`key` names it for good, a newer one of the same `tag` replaces it; `row` is the id of what it is about, if it is one."""

    key: str
    tag: str
    title: str | Promise
    body: str | Promise
    about: About
    row: int | None = None


def news_of(user: User, *, now: dt.datetime) -> list[PieceOfNews]:
    """Whatever is news now, told or not: who tells it knows what was."""
    return [*_replies(user, now), *_expiring(user, now), *_approvals(user, now), *_lines(user, now)]


def _replies(user: User, now: dt.datetime) -> Iterator[PieceOfNews]:
    found: dict[int, Conversation] = {}
    for reason in conversation_reasons(user):
        fresh = Conversation.objects.filter(reason, last_at__gt=now - _FRESH, unread__gt=0, due_at__lte=now)
        found.update({row.pk: row for row in fresh.order_by("-last_at", "-id")[: _BY_NAME + 1]})
    rows = sorted(found.values(), key=lambda row: row.last_at)
    if len(rows) > _BY_NAME:
        newest = rows[-1]
        yield PieceOfNews(
            key=f"replies-{newest.pk}-{newest.last_reply_id}",
            tag="replies",
            title=_("Te respondieron"),
            body=_("Varias conversaciones esperan respuesta."),
            about=About.CONVERSATIONS,
        )
        return
    known = people(rows)
    for row in rows:
        yield PieceOfNews(
            key=f"reply-{row.pk}-{row.last_reply_id}",
            tag=f"conversation-{row.pk}",
            title=_("Te respondieron"),
            body=_wrote(known[row.pk].name, known[row.pk].phone),
            about=About.CONVERSATION,
            row=row.pk,
        )


def _wrote(name: str, phone: str) -> str | Promise:
    """A given name; whoever is known by a number alone has none."""
    if not name or name == phone or not name[0].isalpha():
        return _("Un cliente escribió.")
    return format_lazy(_("{who} escribió."), who=name.split(" ", maxsplit=1)[0])


def _expiring(user: User, now: dt.datetime) -> Iterator[PieceOfNews]:
    desk = own_desk(user)
    if desk is None:
        return
    soon = Opportunity.objects.filter(owner=desk).on_time(now).filter(deadline__lte=now + _SOON)
    rows = list(soon.select_related("client").order_by("deadline", "id")[: _BY_NAME + 1])
    if len(rows) > _BY_NAME:
        yield PieceOfNews(
            key=f"expiring-{rows[-1].pk}-{rows[-1].deadline:%Y%m%d%H%M}",
            tag="expiring",
            title=_("Por vencer"),
            body=_("Varios clientes vencen en menos de media hora."),
            about=About.OPPORTUNITIES,
        )
        return
    for row in rows:
        if row.deadline is None:
            continue
        minutes = max(1, int((row.deadline - now).total_seconds() // 60))
        given = row.client.full_name.split(" ", maxsplit=1)[0] or "—"
        yield PieceOfNews(
            key=f"expiring-{row.pk}-{row.deadline:%Y%m%d%H%M}",
            tag=f"opportunity-{row.pk}",
            title=_("Por vencer"),
            body=format_lazy(
                ngettext_lazy("{who}: te queda {n} minuto.", "{who}: te quedan {n} minutos.", minutes),
                who=given,
                n=minutes,
            ),
            about=About.OPPORTUNITY,
            row=row.pk,
        )


def _approvals(user: User, now: dt.datetime) -> Iterator[PieceOfNews]:
    """Whoever owns it reads that it may go; whoever may say so, that it waits."""
    lately = CampaignEvent.objects.filter(at__gt=now - _APPROVED, to_state=CampaignState.APPROVED, campaign__owner=user)
    for event in lately.select_related("campaign").order_by("id")[:_BY_NAME]:
        yield PieceOfNews(
            key=f"approved-{event.pk}",
            tag=f"campaign-{event.campaign_id}",
            title=_("Campaña aprobada"),
            body=event.campaign.name,
            about=About.OWN_CAMPAIGN,
            row=event.campaign_id,
        )
    if not (user.is_supervisor or user.is_administrator):
        return
    for row in Campaign.objects.visible_to(user).awaiting_approval().order_by("id")[:_BY_NAME]:
        yield PieceOfNews(
            key=f"awaiting-{row.pk}",
            tag=f"campaign-{row.pk}",
            title=_("Una campaña espera tu aprobación"),
            body=row.name,
            about=About.CAMPAIGN_TO_APPROVE,
            row=row.pk,
        )


def _lines(user: User, now: dt.datetime) -> Iterator[PieceOfNews]:
    for line in lines_in_trouble(user, now=now):
        since = line.paused_at or line.unreachable_since or line.deaf_since or line.mute_since or line.state_at
        if since is None or now - since < _LASTING:
            continue
        yield PieceOfNews(
            key=f"line-{line.pk}-{since:%Y%m%d%H%M%S}",
            tag=f"line-{line.pk}",
            title=_("Tu línea no está enviando"),
            body=line.name,
            about=About.LINE,
            row=line.pk,
        )
