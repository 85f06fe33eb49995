"""Lists of conversations: who waits longest comes first, a page at a time, without counting the rest.

Each reason for which somebody sees conversations walks an index of its own; the first of each of them, put in order,
are the first of all.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from collections.abc import Mapping, Sequence
from typing import Final

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from campaigns.conversations import words_of
from campaigns.enums import ConversationState
from campaigns.models import Conversation, Envio
from leadmaster.accounts.models import User
from leadmaster.directory.enums import ContactKind
from leadmaster.directory.models import ContactPoint
from leadmaster.lib.ids import MOST_ID
from leadmaster.lib.phones.parsing import pretty
from opportunities.scope import conversation_reasons, conversations_of

PAGE: Final = 30
# More than so many are "99+".
_COUNTED: Final = 100


class View(enum.StrEnum):
    """What the list shows. What was put off and is due waits again."""

    WAITING = "por_atender"
    SNOOZED = "pospuestas"
    HANDLED = "atendidas"
    ALL = "todas"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Asked:
    """What the list was asked for. `unclaimed`: only people whom nobody works. `after` is where the page before ended."""

    view: View = View.WAITING
    campaign: int | None = None
    unclaimed: bool = False
    after: str = ""

    @classmethod
    def of(cls, raw: Mapping[str, str]) -> Asked:
        """From an address that anybody may have written: what makes no sense is not there."""
        view, campaign = raw.get("ver", ""), raw.get("campania", "")
        number = int(campaign) if campaign.isascii() and campaign.isdigit() and len(campaign) < 19 else None
        return cls(
            view=View(view) if view in set(View) else View.WAITING,
            campaign=number if number is not None and number <= MOST_ID else None,
            unclaimed=raw.get("sin") == "1",
            after=raw.get("despues", ""),
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Page:
    """`after` continues the list; empty on its last page."""

    rows: list[Conversation]
    after: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Person:
    """Who it is, as far as anybody knows. `opportunity_id` is the open one of their client, `owner_id` who works it."""

    name: str
    phone: str
    opportunity_id: int | None = None
    owner_id: int | None = None
    team_id: int | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Card:
    row: Conversation
    person: Person
    words: str
    waits: bool


def page(user: User, asked: Asked, *, now: dt.datetime, most: int = PAGE) -> Page:
    """The conversations that this person may see and asked for."""
    moment, last = _position(asked.after)
    column, forward = _order(asked.view)
    keys: set[tuple[dt.datetime, int]] = set()
    for reason in conversation_reasons(user):
        rows = _asked(Conversation.objects.filter(reason), asked, now)
        if moment is not None:
            rows = rows.filter(_beyond(column, forward=forward, moment=moment, last=last))
        ordered = rows.order_by(column, "id") if forward else rows.order_by(f"-{column}", "-id")
        keys.update(ordered.values_list(column, "id")[: most + 1])
    chosen = sorted(keys, reverse=not forward)[: most + 1]
    found = (
        conversations_of(user)
        .select_related("session", "campaign", "assigned_to", "handled_by", "last_reply")
        .in_bulk([pk for _at, pk in chosen[:most]])
    )
    after = ""
    if len(chosen) > most:
        at, pk = chosen[most - 1]
        after = f"{at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%fZ}_{pk}"
    return Page(rows=[found[pk] for _at, pk in chosen[:most] if pk in found], after=after)


def waiting_count(user: User, *, now: dt.datetime) -> int:
    """How many wait for an answer, up to a hundred."""
    waiting = Conversation.objects.filter(due_at__lte=now)
    found: set[int] = set()
    for reason in conversation_reasons(user):
        found.update(waiting.filter(reason).order_by("due_at").values_list("id", flat=True)[:_COUNTED])
    return min(len(found), _COUNTED)


def unowned(user: User, *, now: dt.datetime, most: int, enough: int) -> tuple[list[Conversation], int]:
    """Those that wait and are nobody's: nobody works the person and they were given to nobody. The first of them, whoever
    waits longest before the others, and how many there are, counted up to `enough`.
    """
    waiting = unclaimed(Conversation.objects.filter(due_at__lte=now, assigned_to__isnull=True))
    keys: set[tuple[dt.datetime, int]] = set()
    for reason in conversation_reasons(user):
        rows = waiting.filter(reason).order_by("due_at", "id").values_list("due_at", "id")[:enough]
        keys.update((at, pk) for at, pk in rows if at is not None)
    chosen = [pk for _at, pk in sorted(keys)[:most]]
    found = Conversation.objects.select_related("session", "last_reply").in_bulk(chosen) if chosen else {}
    return [found[pk] for pk in chosen if pk in found], min(len(keys), enough)


def cards(rows: Sequence[Conversation], *, now: dt.datetime) -> list[Card]:
    """What a list shows of each. However many, two queries."""
    known = people(rows)
    return [
        Card(
            row=row,
            person=known[row.pk],
            words=words_of(row.last_reply) if row.last_reply else "",
            waits=row.is_waiting(now),
        )
        for row in rows
    ]


def people(rows: Sequence[Conversation]) -> dict[int, Person]:
    """By conversation: the client of the directory with this number, else the name that a campaign wrote to."""
    phones = {row.phone for row in rows if row.phone}
    points = ContactPoint.objects.filter(kind=ContactKind.PHONE, is_valid=True, normalised__in=phones)
    clients = {}
    for point in points.select_related("client__open_opportunity__owner").order_by("-client_id"):
        clients[point.normalised] = point.client
    campaigns = {row.campaign_id for row in rows if row.campaign_id}
    sent = Envio.objects.filter(phone__in=phones, campaign__in=campaigns).order_by("id")
    names = dict(sent.values_list("phone", "name"))
    found = {}
    for row in rows:
        phone, client = row.phone or "", clients.get(row.phone or "")
        work = getattr(client, "open_opportunity", None)
        found[row.pk] = Person(
            name=(client.full_name if client else "") or names.get(phone, "") or _unnamed(phone),
            phone=pretty(phone) if phone else "",
            opportunity_id=work.pk if work else None,
            owner_id=work.owner.user_id if work and work.owner else None,
            team_id=work.team_id if work else None,
        )
    return found


def _unnamed(phone: str) -> str:
    return pretty(phone) if phone else _("Alguien cuyo número WhatsApp oculta")


def unclaimed(rows: QuerySet[Conversation]) -> QuerySet[Conversation]:
    """Of people whom nobody works: no client of theirs has an open opportunity."""
    worked = ContactPoint.objects.filter(
        kind=ContactKind.PHONE,
        is_valid=True,
        normalised=OuterRef("phone"),
        client__open_opportunity__isnull=False,
    )
    return rows.filter(~Exists(worked))


def viewed(rows: QuerySet[Conversation], view: View, now: dt.datetime) -> QuerySet[Conversation]:
    if view == View.WAITING:
        return rows.filter(due_at__lte=now)
    if view == View.SNOOZED:
        return rows.filter(state=ConversationState.SNOOZED, due_at__gt=now)
    if view == View.HANDLED:
        return rows.filter(state=ConversationState.HANDLED)
    return rows


def _asked(rows: QuerySet[Conversation], asked: Asked, now: dt.datetime) -> QuerySet[Conversation]:
    rows = viewed(rows, asked.view, now)
    if asked.campaign is not None:
        rows = rows.filter(campaign=asked.campaign)
    return unclaimed(rows) if asked.unclaimed else rows


def _order(view: View) -> tuple[str, bool]:
    """Its column, and whether the oldest comes first."""
    return ("due_at", True) if view in (View.WAITING, View.SNOOZED) else ("last_at", False)


def _beyond(column: str, *, forward: bool, moment: dt.datetime, last: int) -> Q:
    than = "gt" if forward else "lt"
    return Q(**{f"{column}__{than}": moment}) | Q(**{column: moment, f"id__{than}": last})


def _position(after: str) -> tuple[dt.datetime | None, int]:
    moment, _line, last = after.partition("_")
    number = int(last) if last.isascii() and last.isdigit() and len(last) < 19 else 0
    try:
        return (parse_datetime(moment) if moment.endswith("Z") else None), number
    except ValueError:
        return None, number
