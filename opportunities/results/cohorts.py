"""Of whom a campaign wrote to in each week: how many got it, read it, answered, became an opportunity, bought."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import zoneinfo
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from campaigns.enums import Ack, EnvioState
from campaigns.models import Campaign, Envio, Reply
from leadmaster.directory.enums import ContactKind
from leadmaster.directory.models import ContactPoint
from opportunities.models import Opportunity, Sale
from opportunities.results.figures import monday

# Of a bigger campaign the first ones are told, and said to be.
MOST: Final = 20_000
_BATCH: Final = 1_000


@dataclasses.dataclass(kw_only=True)
class Cohort:
    """Everybody is counted in the week in which they were written to, however late they answer or buy."""

    week: dt.date
    sent: int = 0
    delivered: int = 0
    read: int = 0
    replied: int = 0
    opportunities: int = 0
    sales: int = 0


def cohorts(campaign: Campaign, *, zone: zoneinfo.ZoneInfo) -> list[Cohort]:
    """In the order of the weeks. Four queries for each thousand people, by keyset."""
    found: dict[dt.date, Cohort] = {}
    after = seen = 0
    rows = Envio.objects.filter(campaign=campaign, state=EnvioState.SENT, sent_at__isnull=False).order_by("pk")
    while seen < MOST and (page := list(rows.filter(pk__gt=after).only("phone", "sent_at", "ack")[:_BATCH])):
        _count(campaign, page, found, zone)
        after, seen = page[-1].pk, seen + len(page)
    return [found[week] for week in sorted(found)]


def _count(campaign: Campaign, page: Sequence[Envio], found: dict[dt.date, Cohort], zone: zoneinfo.ZoneInfo) -> None:
    sent = {envio.phone: envio.sent_at for envio in page if envio.sent_at is not None}
    replied = _since(sent, _replies(campaign, sent))
    worked = _since(sent, _of_clients(sent, _opportunities))
    sold = _since(sent, _of_clients(sent, _sales))
    for envio in page:
        if envio.sent_at is None:
            continue
        week = monday(envio.sent_at.astimezone(zone).date())
        one = found.setdefault(week, Cohort(week=week))
        one.sent += 1
        one.delivered += envio.ack >= Ack.DELIVERED
        one.read += envio.ack >= Ack.READ
        one.replied += envio.phone in replied
        one.opportunities += envio.phone in worked
        one.sales += envio.phone in sold


def _since(sent: Mapping[str, dt.datetime], moments: Iterable[tuple[str, dt.datetime]]) -> set[str]:
    """Whose moment came after they were written to."""
    return {phone for phone, at in moments if phone in sent and at >= sent[phone]}


def _replies(campaign: Campaign, sent: Mapping[str, dt.datetime]) -> Iterable[tuple[str, dt.datetime]]:
    rows = Reply.objects.filter(phone__in=list(sent), session=campaign.session_id, at__gte=min(sent.values()))
    return rows.order_by().values_list("phone", "at")


def _of_clients(
    sent: Mapping[str, dt.datetime], moments_of: Callable[[list[int]], Iterable[tuple[int, dt.datetime]]]
) -> Iterable[tuple[str, dt.datetime]]:
    points = ContactPoint.objects.filter(kind=ContactKind.PHONE, normalised__in=list(sent)).order_by()
    phones: dict[int, list[str]] = collections.defaultdict(list)
    for client, phone in points.values_list("client_id", "normalised"):
        phones[client].append(phone)
    for client, at in moments_of(list(phones)):
        yield from ((phone, at) for phone in phones[client])


def _opportunities(clients: list[int]) -> Iterable[tuple[int, dt.datetime]]:
    return Opportunity.objects.filter(client__in=clients).order_by().values_list("client_id", "created_at")


def _sales(clients: list[int]) -> Iterable[tuple[int, dt.datetime]]:
    return Sale.objects.filter(opportunity__client__in=clients).order_by().values_list("opportunity__client_id", "at")
